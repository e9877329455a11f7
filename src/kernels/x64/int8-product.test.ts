import { describe, expect, it } from 'vitest';
import { machineCodeOf, makeMachineCode } from '../../../test/support/machine-code.js';
import { Random } from '../../random.js';
import { quantizeMatrix } from '../compress-matrix.js';
import { provideCompressedEngine } from '../compressed-engine.js';
import { compressedProduct } from '../reference/compressed-product.js';
import { createWasmBackend, WasmBackend } from '../wasm/backend.js';
import { CompressedProducts } from '../wasm/compressed-products.js';

provideCompressedEngine({ wasm: CompressedProducts, reference: compressedProduct });
const webAssembly = createWasmBackend({ threads: 1, machineCode: false });
const vnni = ['hasAvxVnni', 'hasAvx512Vnni'] as const;
const kinds = [
  ['AVX2', machineCodeOf('avx2')],
  ['AVX-512', machineCodeOf('avx512')],
  ['AVX2 without dot products of bytes', makeMachineCode('avx2', vnni)],
  ['AVX-512 without dot products of bytes', makeMachineCode('avx512', vnni)],
] as const;

describe.each(kinds)('products with 8-bit weights as machine code: %s', (_, { code, reason }) => {
  if (code === undefined) {
    it.skip(`have the bits of WebAssembly (not run: ${reason})`, () => undefined);
    return;
  }
  it('have the bits of WebAssembly, and touch nothing beside the result', () => {
    const backend = new WasmBackend({ threads: 1 }, undefined, code);
    const random = new Random(1);
    for (let run = 0; run < 150; run++) {
      const upTo = (most: number): number => 1 + Math.floor(random.uniform() * most);
      const [m, k, segment, segments] = [
        upTo(run % 3 === 0 ? 1 : 36),
        upTo(90),
        upTo(run % 4 === 0 ? 300 : 70),
        upTo(4),
      ];
      const n = segment * segments;
      const a = Float32Array.from({ length: m * (k + 2) }, () => 10 * random.normal() - 3);
      const matrix = quantizeMatrix(
        Float32Array.from({ length: k * n }, () => random.normal()),
        { k, n },
      );
      const start = Float32Array.from({ length: m * (n + 3) + 9 }, () => random.normal());
      const [expected, received] = [webAssembly, backend].map((each) => {
        each.openScope();
        const left = { buffer: each.temporary(a.length), offset: 0, rowStride: k + 2 };
        each.write(left, a);
        const c = { buffer: each.temporary(start.length), offset: 0, rowStride: n + 3 };
        each.write(c, start);
        const placed = each.placeMatrix(matrix, segment);
        each.compressedMatmul({ m, n, a: left, matrix: placed, firstColumn: 0, c, accumulate: run % 2 === 0 });
        const numbers = each.readNow(c, start.length);
        for (const buffer of placed.buffers) each.free(buffer);
        each.closeScope();
        return numbers;
      });
      expect(received, `${m} x ${k} x ${segments} * ${segment}`).toEqual(expected);
    }
  });
});

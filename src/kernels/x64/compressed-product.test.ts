import { describe, expect, it } from 'vitest';
import { machineCodeOf, makeMachineCode } from '../../../test/support/machine-code.js';
import { Random } from '../../random.js';
import { blockSparse, quantizedBlocks, quantizeMatrix } from '../compress-matrix.js';
import { provideCompressedEngine } from '../compressed-engine.js';
import type { CompressedMatrix } from '../compressed-matrix.js';
import { compressedProduct } from '../reference/compressed-product.js';
import { createWasmBackend, WasmBackend } from '../wasm/backend.js';
import { CompressedProducts } from '../wasm/compressed-products.js';
import { compressedKernels } from './compressed-product.js';

provideCompressedEngine({ wasm: CompressedProducts, reference: compressedProduct });
const webAssembly = createWasmBackend({ threads: 1, machineCode: false });
const vnni = ['hasAvxVnni', 'hasAvx512Vnni'] as const;
const kinds = [
  ['AVX2', machineCodeOf('avx2')],
  ['AVX-512', machineCodeOf('avx512')],
  ['AVX2 without dot products of bytes', makeMachineCode('avx2', vnni)],
  ['AVX-512 with dot products of bytes in its own form alone', makeMachineCode('avx512', ['hasAvxVnni'])],
  ['AVX-512 without dot products of bytes', makeMachineCode('avx512', vnni)],
] as const;
const random = new Random(1);
const upTo = (most: number): number => 1 + Math.floor(random.uniform() * most);
/** Whole, so that sums of floats are the same in every order. */
const whole = (): number => Math.round(4 * random.normal());

interface Sizes {
  readonly k: number;
  readonly n: number;
  readonly segment: number;
}

/** Weights with blocks of zeros: neighbouring outputs of a segment at neighbouring inputs. */
function withZeros({ k, n, segment }: Sizes, outputs: number, inputs: number, number: () => number): Float32Array {
  // Many, or nearly all: panels without a block, and with one.
  const share = random.uniform() < 0.5 ? 0.3 : 0.05;
  const kept = new Map<string, boolean>();
  return Float32Array.from({ length: k * n }, (_, i) => {
    const [input, column] = [Math.floor(i / n), i % n];
    const segmentOf = Math.floor(column / segment);
    const block = [Math.floor(input / inputs), segmentOf, Math.floor((column % segment) / outputs)].join();
    if (!kept.has(block)) kept.set(block, random.uniform() < share);
    return kept.get(block) ? number() : 0;
  });
}

const forms: Readonly<Record<string, (sizes: Sizes) => CompressedMatrix>> = {
  'of 8 bits': ({ k, n }) =>
    quantizeMatrix(
      Float32Array.from({ length: k * n }, () => random.normal()),
      { k, n },
    ),
  'of 8 bits without blocks of zeros': (sizes) => {
    const matrix = quantizeMatrix(
      withZeros(sizes, 8, 4, () => random.normal()),
      sizes,
    );
    return quantizedBlocks(matrix, sizes.segment) === undefined
      ? forms['of 8 bits without blocks of zeros'](sizes)
      : matrix;
  },
  'of float32 without blocks of zeros': (sizes) => blockSparse(withZeros(sizes, 16, 1, whole), sizes, sizes.segment),
};

describe.each(kinds)('products with compressed weights as machine code: %s', (_, { code, reason }) => {
  if (code === undefined) {
    it.skip(`have the numbers of WebAssembly (not run: ${reason})`, () => undefined);
    return;
  }
  it.each(Object.keys(forms))('have the numbers of WebAssembly, and touch nothing beside the result: %s', (form) => {
    for (const kernel of compressedKernels) expect(code.kernel(kernel)).toBeGreaterThan(0);
    const backend = new WasmBackend({ threads: 1 }, undefined, code);
    for (let run = 0; run < 40; run++) {
      const [m, k, segment, segments] = [
        upTo(run % 3 === 0 ? 1 : 36),
        upTo(90),
        upTo(run % 4 === 0 ? 150 : 70),
        upTo(4),
      ];
      const isPart = segments > 1 && run % 5 === 0;
      const [firstColumn, n] = isPart ? [segment, (segments - 1) * segment] : [0, segments * segment];
      const matrix = forms[form]({ k, n: segments * segment, segment });
      const a = Float32Array.from({ length: m * (k + 2) }, () =>
        matrix.kind === 'blocks' ? whole() : 10 * random.normal() - 3,
      );
      const start = Float32Array.from({ length: m * (n + 3) + 9 }, whole);
      const [expected, received] = [webAssembly, backend].map((each) => {
        each.openScope();
        const left = { buffer: each.temporary(a.length), offset: 0, rowStride: k + 2 };
        each.write(left, a);
        const c = { buffer: each.temporary(start.length), offset: 0, rowStride: n + 3 };
        each.write(c, start);
        const placed = each.placeMatrix(matrix, segment);
        each.compressedMatmul({ m, n, a: left, matrix: placed, firstColumn, c, accumulate: run % 2 === 0 });
        const numbers = each.readNow(c, start.length);
        for (const buffer of placed.buffers) each.free(buffer);
        each.closeScope();
        return numbers;
      });
      expect(received, `${m} x ${k} x ${segments} * ${segment}`).toEqual(expected);
    }
  });
});

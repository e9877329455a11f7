import { describe, expect, it } from 'vitest';
import { GuardedMemory } from '../../../test/support/guarded-memory.js';
import { machineCodes } from '../../../test/support/machine-code.js';
import { Random } from '../../random.js';
import type { MatmulCall } from '../contract.js';
import type { ProductKernel } from '../product-family.js';
import { CallWriter, type Workspace } from '../wasm/call-writer.js';
import type { KernelModules } from '../wasm/kernel-modules.js';
import { MatmulKernels } from '../wasm/matmul.js';
import type { WasmBuffer, WasmMemory } from '../wasm/memory.js';

const kernels: readonly ProductKernel[] = ['product', 'product_packed', 'pack_all', 'few_rows', 'dot_rows'];
const [rangeOfA, rangeOfB, rangeOfC, rangeOfWorkspace, rangeOfPanels] = [0, 1, 2, 3, 4];

describe.each(machineCodes)('products by machine code of $isa', ({ code, reason }) => {
  if (code === undefined) {
    it.skip(`touch nothing outside of their matrices (not run: ${reason})`, () => undefined);
    return;
  }

  // What lies outside cannot be touched without ending this process.
  it('touch nothing outside of their matrices and their workspace', () => {
    const guarded = new GuardedMemory(code, 5, 120);
    const random = new Random(12);
    let isAtEnd = false;
    const bufferAt = (range: number, count: number): WasmBuffer =>
      ({ address: guarded.offset(range, 4 * count, isAtEnd), size: count, dtype: 'float32' }) as WasmBuffer;
    const memory = {
      byteAddress: ({ buffer, offset }) => (buffer as WasmBuffer).address + 4 * offset,
      temporary: (count) => bufferAt(rangeOfPanels, Math.ceil(count / 16) * 16),
    } as Pick<WasmMemory, 'byteAddress' | 'temporary'> as WasmMemory;
    const workspace = {
      take: (bytes) => guarded.offset(rangeOfWorkspace, Math.ceil(bytes / 64) * 64, isAtEnd),
    } as Pick<Workspace, 'take'> as Workspace;
    const numberOf = (kernel: ProductKernel): number => kernels.indexOf(kernel);
    const products = new MatmulKernels(memory, code.products, { numberOf });
    const run = (write: (writer: CallWriter) => void): void => {
      const writer = new CallWriter(memory, {} as KernelModules);
      write(writer);
      const [kernel, count] = writer.wordsFrom(0);
      guarded.run(code.kernel(kernels[kernel])!, writer.wordsFrom(3).slice(0, count));
    };
    for (let turn = 0; turn < 600; turn++) {
      isAtEnd = turn % 2 === 1;
      const m = 1 + random.integer(turn % 3 === 0 ? 6 : 60);
      const n = 1 + random.integer(turn % 5 === 0 ? 900 : 80);
      const k = 1 + random.integer(40);
      const [transposeA, transposeB, packed] = [2, 4, 8].map((bit) => (turn & bit) !== 0);
      const view = (range: number, rows: number, columns: number): MatmulCall['a'] => {
        // The last row ends where its columns do.
        const rowStride = columns + random.integer(3);
        const count = (rows - 1) * rowStride + columns;
        const buffer = bufferAt(range, count);
        guarded.write(
          buffer.address,
          Float32Array.from({ length: count }, () => random.uniform() - 0.5),
        );
        return { buffer, offset: 0, rowStride };
      };
      const a = transposeA ? view(rangeOfA, k, m) : view(rangeOfA, m, k);
      const b = transposeB ? view(rangeOfB, n, k) : view(rangeOfB, k, n);
      const c = view(rangeOfC, m, n);
      const call: MatmulCall = { m, n, k, a, b, c, transposeA, transposeB };
      const place = packed ? products.packPlace({ ...call, times: 9 }) : undefined;
      if (place !== undefined) run((writer) => products.writePack(writer, { ...call, times: 9 }, place));
      const way = products.wayOf({ ...call, packed: place });
      run((writer) => products.write(writer, way.call, way.strategy, workspace));
      const [valuesA, valuesB, valuesC] = [a, b, c].map(({ buffer }) =>
        guarded.read((buffer as WasmBuffer).address, buffer.size),
      );
      const [i, j] = [random.integer(m), random.integer(n)];
      let sum = 0;
      for (let p = 0; p < k; p++)
        sum +=
          valuesA[transposeA ? p * a.rowStride + i : i * a.rowStride + p] *
          valuesB[transposeB ? j * b.rowStride + p : p * b.rowStride + j];
      expect(Math.abs(valuesC[i * c.rowStride + j] - sum), JSON.stringify({ m, n, k, turn })).toBeLessThan(1e-5);
    }
  });
});

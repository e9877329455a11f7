import { describe, expect, it } from 'vitest';
import { machineCodes } from '../../../test/support/machine-code.js';
import { createReferenceBackend } from '../reference/backend.js';
import type { StepStrided } from '../sequence/loop-host.js';
import { WasmBackend } from './backend.js';

const backends = [
  { title: 'WebAssembly', make: () => new WasmBackend({ threads: 1, machineCode: false }) },
  ...machineCodes.flatMap(({ isa, code }) =>
    code === undefined
      ? []
      : { title: `machine code of ${isa}`, make: () => new WasmBackend({ threads: 1 }, undefined, code) },
  ),
];
const transposes = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);

/** They are computed as products of one row, whose kernels take no others. */
describe.each(backends)('products of one column and many rows in loops of $title', ({ make }) => {
  it.each(transposes)('are those of the reference (transposed: $transposeA, $transposeB)', (transposed) => {
    const [m, n, k, numSteps] = [13, 1, 7, 2];
    const { transposeA, transposeB } = transposed;
    const [computed, expected] = [make(), createReferenceBackend()].map((backend) => {
      const matrix = (rows: number, rowStride: number): StepStrided => {
        const view = { buffer: backend.allocate(numSteps * rows * rowStride), offset: 0, rowStride };
        backend.write(
          view,
          Array.from({ length: view.buffer.size }, (_, i) => ((i * 37) % 101) / 50 - 1),
        );
        return { ...view, stepStride: rows * rowStride };
      };
      const a = transposeA ? matrix(k, m) : matrix(m, k);
      const b = transposeB ? matrix(n, k) : matrix(k, 3);
      const call = { m, n, k, a, b, c: matrix(m, n), ...transposed };
      if (backend instanceof WasmBackend)
        backend.loops.parallelFor([[{ numSteps, calls: [{ kind: 'matmul', call }] }]]);
      else
        for (let step = 0; step < numSteps; step++) {
          const at = (view: StepStrided) => ({ ...view, offset: step * view.stepStride! });
          backend.matmul({ ...call, a: at(a), b: at(b), c: at(call.c) });
        }
      return Array.from(backend.readNow!(call.c, numSteps * m));
    });
    computed.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
  });
});

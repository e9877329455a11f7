import { leaf } from '../../expression/build.js';
import { pointwiseProgram } from '../../expression/program.js';
import type { Strided, View } from '../contract.js';
import type { EngineBackend } from './loop-host.js';

const columnSums = pointwiseProgram('columnSums', [
  { name: 'sum', expression: leaf('x'), reduce: 'rows', accumulate: true },
]);

/** Adds the sum of each column of x, `[rows, columns]`, to `sum`. */
export function addColumnSums(backend: EngineBackend, x: Strided, sum: View, rows: number, columns: number): void {
  backend.pointwise({ program: columnSums, rows, columns, inputs: { x }, outputs: { sum: { ...sum, rowStride: 0 } } });
}

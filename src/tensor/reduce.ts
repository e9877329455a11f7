import { leaf } from '../expression/build.js';
import * as e from '../expression/build.js';
import type { Strided } from '../kernels/contract.js';
import { pointwiseProgram } from '../kernels/program.js';
import { currentBackend } from '../kernels/select.js';
import { type Shape, sizeOf } from '../shape.js';
import { mul } from './arithmetic.js';
import { expansionIndices } from './broadcast.js';
import { gatherInto } from './gather.js';
import { reshape, transpose } from './movement.js';
import { applyPointwise, type PointwiseFunction } from './pointwise.js';
import { operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';

const overRows = pointwiseProgram('sum.rows', [{ name: 'sum', expression: leaf('x'), reduce: 'rows' }]);
const overColumns = pointwiseProgram('sum.columns', [{ name: 'sum', expression: leaf('x'), reduce: 'columns' }]);
const overAll = pointwiseProgram('sum.all', [{ name: 'sum', expression: leaf('x'), reduce: 'all' }]);

/** The sum over all elements, or over one axis (which disappears). */
export function sum(source: Tensor, axis?: number): Tensor {
  if (axis === undefined) return sumBlocks(source, [], 1, source.size, 1);
  const at = axis < 0 ? source.shape.length + axis : axis;
  const outer = source.shape.slice(0, at);
  const inner = source.shape.slice(at + 1);
  return sumBlocks(source, [...outer, ...inner], sizeOf(outer), source.shape[at], sizeOf(inner));
}

/** The mean over all elements, or over one axis (which disappears). */
export function mean(source: Tensor, axis?: number): Tensor {
  const at = axis === undefined ? undefined : axis < 0 ? source.shape.length + axis : axis;
  const count = at === undefined ? source.size : source.shape[at];
  return mul(sum(source, axis), 1 / count);
}

/** Sums `[outer, count, inner]` over its middle axis. */
function sumBlocks(source: Tensor, shape: Shape, outer: number, count: number, inner: number): Tensor {
  const [result] = operation([source], () => {
    const backend = currentBackend();
    const target = emptyTensor(shape);
    const from = source.viewOn(backend);
    const to = target.viewOn(backend);
    const run = (program: typeof overRows, rows: number, columns: number, x: Strided, total: Strided): void =>
      backend.pointwise({ program, rows, columns, inputs: { x }, outputs: { sum: total } });
    if (inner === 1 && outer === 1) run(overAll, 1, count, { ...from, rowStride: count }, { ...to, rowStride: 0 });
    else if (inner === 1) run(overColumns, outer, count, { ...from, rowStride: count }, { ...to, rowStride: 1 });
    else {
      for (let block = 0; block < outer; block++) {
        const x: Strided = { buffer: from.buffer, offset: from.offset + block * count * inner, rowStride: inner };
        run(overRows, count, inner, x, { buffer: to.buffer, offset: to.offset + block * inner, rowStride: inner });
      }
    }
    const kept = [outer, 1, inner];
    return {
      outputs: [target],
      backward: ([dOutput]) => [dOutput && gatherInto(source.shape, dOutput, 1, expansionIndices([outer, count, inner], kept))],
    };
  });
  return result;
}

const rowMaximum: PointwiseFunction = { name: 'max', build: ([x]) => e.rowMax(x), alongRows: true, perRow: true };

/** The largest value along an axis (which disappears); where several are equal they share the derivative. */
export function max(source: Tensor, axis = -1): Tensor {
  const rank = source.shape.length;
  const at = axis < 0 ? rank + axis : axis;
  const order = [...source.shape.keys()].filter((i) => i !== at);
  return applyPointwise(rowMaximum, [transpose(source, [...order, at])]);
}

/** The index of the largest value along the last axis, on the host. Ties go to the first. */
export function argMax(source: Tensor): Int32Array {
  const columns = source.shape.at(-1) ?? 1;
  const values = source.hostNumbers();
  return Int32Array.from({ length: values.length / columns }, (_, row) => {
    let best = 0;
    for (let column = 1; column < columns; column++) if (values[row * columns + column] > values[row * columns + best]) best = column;
    return best;
  });
}

/** Joins all axes but the first. */
export function flatten(source: Tensor): Tensor {
  return reshape(source, [source.shape[0], sizeOf(source.shape.slice(1))]);
}

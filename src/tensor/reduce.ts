import { RondoError } from '../errors.js';
import * as e from '../expression/build.js';
import { leaf } from '../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../expression/program.js';
import type { Strided } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import { asRows, constantTensor, copyBlock } from './accumulate.js';
import { mul } from './arithmetic.js';
import { columnNumbers } from './column-numbers.js';
import { reshape, transpose } from './movement.js';
import { axisOf, requireTensors } from './operands.js';
import { applyPointwise, type PointwiseFunction } from './pointwise.js';
import { operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';

const overRows = pointwiseProgram('sum.rows', [{ name: 'sum', expression: leaf('x'), reduce: 'rows' }]);
const overColumns = pointwiseProgram('sum.columns', [{ name: 'sum', expression: leaf('x'), reduce: 'columns' }]);
const overAll = pointwiseProgram('sum.all', [{ name: 'sum', expression: leaf('x'), reduce: 'all' }]);

/** A tensor seen as `[outer, count, inner]` around one of its axes. */
interface Blocks {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
}

/** The sum over all elements, or over one axis (which disappears). No elements sum to 0. @throws OUT_OF_RANGE */
export function sum(source: Tensor, axis?: number): Tensor {
  if (axis === undefined) {
    requireTensors('sum', [source]);
    return sumBlocks(source, [], { outer: 1, count: source.size, inner: 1 });
  }
  const at = axisOf('sum', source, axis);
  const outer = source.shape.slice(0, at);
  const inner = source.shape.slice(at + 1);
  return sumBlocks(source, [...outer, ...inner], {
    outer: sizeOf(outer),
    count: source.shape[at],
    inner: sizeOf(inner),
  });
}

/**
 * The mean over all elements, or over one axis (which disappears). @throws OUT_OF_RANGE; SHAPE_MISMATCH where there is
 * nothing to average
 */
export function mean(source: Tensor, axis?: number): Tensor {
  requireTensors('mean', [source]);
  const count = axis === undefined ? source.size : source.shape[axisOf('mean', source, axis)];
  requireValues('mean', source, count);
  return mul(sum(source, axis), 1 / count);
}

function sumBlocks(source: Tensor, shape: Shape, blocks: Blocks): Tensor {
  const [result] = operation([source], () => {
    const target = source.size === 0 ? constantTensor(shape, 0) : emptyTensor(shape);
    if (source.size > 0) addUp(source, target, blocks);
    return { outputs: [target], backward: ([dOutput]) => [dOutput && repeated(dOutput, source.shape, blocks)] };
  });
  return result;
}

function addUp(source: Tensor, target: Tensor, { outer, count, inner }: Blocks): void {
  const run = (program: PointwiseProgram, rows: number, columns: number, x: Strided, total: Strided): void =>
    currentBackend().pointwise({ program, rows, columns, inputs: { x }, outputs: { sum: total } });
  if (inner === 1 && outer === 1) run(overAll, 1, count, asRows(source, count), asRows(target, 0));
  else if (inner === 1) run(overColumns, outer, count, asRows(source, count), asRows(target, 1));
  else
    for (let block = 0; block < outer; block++)
      run(overRows, count, inner, asRows(source, inner, block * count * inner), asRows(target, inner, block * inner));
}

/** The adjoint of a sum: every summed element gets the gradient of its sum. */
function repeated(sums: Tensor, shape: Shape, { outer, count, inner }: Blocks): Tensor {
  const result = emptyTensor(shape);
  if (inner === 1) copyBlock(outer, count, asRows(sums, 1), asRows(result, count), 'row');
  else if (outer <= count)
    for (let block = 0; block < outer; block++)
      copyBlock(count, inner, asRows(sums, 0, block * inner), asRows(result, inner, block * count * inner), 'column');
  else
    for (let i = 0; i < count; i++)
      copyBlock(outer, inner, asRows(sums, inner), asRows(result, count * inner, i * inner));
  return result;
}

const rowMaximum: PointwiseFunction = { name: 'max', build: ([x]) => e.rowMax(x), alongRows: true, perRow: true };

/**
 * The largest value along an axis (which disappears); where several are equal they share the derivative.
 *
 * @throws OUT_OF_RANGE; SHAPE_MISMATCH where the axis is empty
 */
export function max(source: Tensor, axis = -1): Tensor {
  const at = axisOf('max', source, axis);
  requireValues('max', source, source.shape[at]);
  const order = [...source.shape.keys()].filter((i) => i !== at);
  return applyPointwise(rowMaximum, [transpose(source, [...order, at])]);
}

/**
 * The index of the largest value along the last axis, on the host. Ties go to the first. @throws OUT_OF_RANGE;
 * SHAPE_MISMATCH where the axis is empty
 */
export function argMax(source: Tensor): Int32Array {
  const columns = source.shape[axisOf('argMax', source, -1)];
  requireValues('argMax', source, columns);
  const values = source.hostNumbers();
  return Int32Array.from({ length: values.length / columns }, (_, row) => {
    let best = 0;
    for (let column = 1; column < columns; column++)
      if (values[row * columns + column] > values[row * columns + best]) best = column;
    return best;
  });
}

const placeOfLargest: PointwiseFunction = {
  name: 'placeOfLargest',
  build: ([x, place]) => e.neg(e.rowMax(e.select(e.equal(x, e.rowMax(x)), e.neg(place), -Infinity))),
  alongRows: true,
  perRow: true,
};

/** @internal {@link argMax} on the device: a tensor without the last axis, which must not be empty. */
export function placesOfLargest(source: Tensor): Tensor {
  return applyPointwise(placeOfLargest, [source, columnNumbers(source.shape.at(-1) ?? 1)]);
}

function requireValues(where: string, source: Tensor, count: number): void {
  if (count > 0) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'there are no values to reduce.',
    expected: 'at least one value along the axis',
    received: describeShape(source.shape),
    fix: 'leave empty batches and sequences out.',
  });
}

/**
 * Joins all axes but the first: `[batch, ...]` becomes `[batch, size of a row]`. @throws OUT_OF_RANGE for a tensor
 * without axes
 */
export function flatten(source: Tensor): Tensor {
  axisOf('flatten', source, 0);
  return reshape(source, [source.shape[0], sizeOf(source.shape.slice(1))]);
}

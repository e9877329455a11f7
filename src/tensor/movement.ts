import { RondoError } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, sameShape, type Shape, sizeOf } from '../shape.js';
import { constantTensor } from './accumulate.js';
import { expansionIndices, indicesByStrides } from './broadcast.js';
import { gatherInto, gatherTensor } from './gather.js';
import { operation } from './tape.js';
import { aliasTensor, type Tensor } from './tensor.js';

/** The same numbers under another shape; one axis may be -1 and is worked out. @throws SHAPE_MISMATCH */
export function reshape(source: Tensor, shape: Shape): Tensor {
  const target = resolveShape(source, shape);
  if (sameShape(target, source.shape)) return source;
  const [result] = operation([source], () => ({
    outputs: [aliasTensor(source, target)],
    backward: ([dOutput]) => [dOutput && aliasTensor(dOutput, source.shape)],
  }));
  return result;
}

function resolveShape(source: Tensor, shape: Shape): number[] {
  const known = shape.filter((axis) => axis !== -1);
  const open = shape.length - known.length;
  const target = open === 1 ? shape.map((axis) => (axis === -1 ? source.size / Math.max(1, sizeOf(known)) : axis)) : [...shape];
  if (open > 1 || sizeOf(target) !== source.size || !target.every(Number.isInteger)) {
    throw new RondoError('SHAPE_MISMATCH', { where: 'reshape', what: 'the shapes hold different numbers of elements.', expected: `${source.size} elements, as in ${describeShape(source.shape)}`, received: describeShape(shape), fix: 'give a shape of the same size.' });
  }
  return target;
}

/** The tensor with its axes in another order: axis i of the result is axis `order[i]` of the source. */
export function transpose(source: Tensor, order: readonly number[] = source.shape.map((_, i) => source.shape.length - 1 - i)): Tensor {
  const rank = source.shape.length;
  if (order.length !== rank || new Set(order).size !== rank || order.some((axis) => !(axis >= 0 && axis < rank))) {
    throw new RondoError('SHAPE_MISMATCH', { where: 'transpose', what: '`order` is not a permutation of the axes.', expected: `each of 0..${rank - 1} once`, received: describeShape(order), fix: 'name each axis once.' });
  }
  // Trailing axes that stay in place move as one row.
  let kept = rank;
  while (kept > 0 && order[kept - 1] === kept - 1) kept--;
  if (kept === 0) return source;
  const columns = sizeOf(source.shape.slice(kept));
  const strides = source.shape.slice(0, kept).map((_, axis) => sizeOf(source.shape.slice(axis + 1, kept)));
  const shape = order.map((axis) => source.shape[axis]);
  const indices = indicesByStrides(shape.slice(0, kept), order.slice(0, kept).map((axis) => strides[axis]));
  return gatherTensor(source, shape, columns, indices);
}

/** The part of an axis from `start` to before `end`. Negative places count from the end. @throws OUT_OF_RANGE */
export function slice(source: Tensor, axis: number, start: number, end = source.shape[axis]): Tensor {
  const length = source.shape[axis];
  const from = start < 0 ? length + start : start;
  const to = end < 0 ? length + end : end;
  if (length === undefined || !(from >= 0 && from <= to && to <= length)) {
    throw new RondoError('OUT_OF_RANGE', { where: 'slice', what: `places ${start} to ${end} of axis ${axis} do not exist.`, expected: `an axis of ${describeShape(source.shape)} and places within it`, received: `axis ${axis}, ${start} to ${end}`, fix: 'correct the axis or the places.' });
  }
  const outer = source.shape.slice(0, axis);
  const inner = sizeOf(source.shape.slice(axis + 1));
  const indices = indicesByStrides([sizeOf(outer), to - from], [length, 1], from);
  return gatherTensor(source, [...outer, to - from, ...source.shape.slice(axis + 1)], inner, indices);
}

/** The tensor with an axis in reverse order. */
export function reverse(source: Tensor, axis: number): Tensor {
  const length = source.shape[axis];
  const inner = sizeOf(source.shape.slice(axis + 1));
  const indices = indicesByStrides([sizeOf(source.shape.slice(0, axis)), length], [length, -1], Math.max(0, length - 1));
  return gatherTensor(source, source.shape, inner, indices);
}

/** Repeats a tensor along its axes of 1 until it has `shape`. */
export function expand(source: Tensor, shape: Shape): Tensor {
  if (sameShape(source.shape, shape)) return source;
  return gatherTensor(source, shape, 1, expansionIndices(shape, source.shape));
}

/** Joins tensors along an axis; the other axes must agree. Negative axes count from the end. @throws SHAPE_MISMATCH */
export function concatenate(sources: readonly Tensor[], axis = -1): Tensor {
  const first = sources[0];
  const at = axis < 0 ? first.shape.length + axis : axis;
  const others = (shape: Shape): Shape => shape.filter((_, i) => i !== at);
  for (const { shape } of sources) {
    if (shape.length === first.shape.length && sameShape(others(shape), others(first.shape))) continue;
    throw new RondoError('SHAPE_MISMATCH', { where: 'concatenate', what: `tensors cannot be joined along axis ${axis}.`, expected: `shapes like ${describeShape(first.shape)} but for axis ${at}`, received: describeShape(shape), fix: 'make the other axes equal.' });
  }
  const lengths = sources.map(({ shape }) => shape[at]);
  const total = lengths.reduce((a, b) => a + b, 0);
  const outer = sizeOf(first.shape.slice(0, at));
  const inner = sizeOf(first.shape.slice(at + 1));
  const shape = first.shape.map((size, i) => (i === at ? total : size));
  let start = 0;
  const places = lengths.map((length) => {
    const indices = indicesByStrides([outer, length], [total, 1], start);
    start += length;
    return indices;
  });
  const [result] = operation(sources, () => {
    const joined = constantTensor(shape, 0);
    const backend = currentBackend();
    sources.forEach((source, i) => {
      backend.scatterAddRows({ columns: inner, indices: places[i], source: joined.viewOn(backend), target: source.viewOn(backend) });
    });
    return {
      outputs: [joined],
      backward: ([dOutput]) => sources.map((source, i) => dOutput && gatherInto(source.shape, dOutput, inner, places[i])),
    };
  });
  return result;
}

/** Joins tensors of equal shape along a new axis. */
export function stack(sources: readonly Tensor[], axis = 0): Tensor {
  const expanded = sources.map((source) => reshape(source, [...source.shape.slice(0, axis), 1, ...source.shape.slice(axis)]));
  return concatenate(expanded, axis);
}

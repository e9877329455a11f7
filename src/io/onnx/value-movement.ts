import { describeShape, type Shape, sizeOf } from '../../shape.js';
import { indicesByStrides } from '../../tensor/broadcast.js';
import { gatherTensor } from '../../tensor/gather.js';
import * as ops from '../../tensor/index.js';
import { Tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import { asTensor, isPossibleShape, mostValues, type OnnxValue, reshaped, WholeNumbers } from './onnx-values.js';

/** Rows of `columns` numbers by index; a negative index gives zeros. The indices must be right. */
export function picked(value: OnnxValue, shape: Shape, columns: number, indices: Int32Array): OnnxValue {
  if (value instanceof Tensor) {
    // There is no row of no numbers.
    return columns === 0 ? ops.zeros(shape) : gatherTensor(value, shape, columns, indices);
  }
  const data = new Float64Array(indices.length * columns);
  indices.forEach((index, i) => {
    if (index >= 0) data.set(value.data.subarray(index * columns, (index + 1) * columns), i * columns);
  });
  return new WholeNumbers(value.type, shape, data);
}

/** @throws OUT_OF_MEMORY, naming the node, where a shape is too large */
export function requirePossible({ node }: { readonly node: OnnxNode }, shape: Shape): Shape {
  if (isPossibleShape(shape)) return shape;
  throw node.fault(
    'what it gives has an impossible shape.',
    `whole sizes, and at most ${mostValues} numbers`,
    describeShape(shape),
    'OUT_OF_MEMORY',
  );
}

/** Places of an axis from `start` to before `end`. */
export function part(value: OnnxValue, axis: number, start: number, end: number): OnnxValue {
  if (value instanceof Tensor) return ops.slice(value, axis, start, end);
  return along(
    value,
    axis,
    Int32Array.from({ length: end - start }, (_, i) => start + i),
  );
}

/** Places of an axis by index; a negative one gives zeros. */
export function along(
  value: OnnxValue,
  axis: number,
  places: Int32Array,
  shapeOfPlaces: Shape = [places.length],
): OnnxValue {
  const { shape } = value;
  const columns = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const indices = new Int32Array(outer * places.length);
  for (let i = 0; i < outer; i++)
    for (let j = 0; j < places.length; j++)
      indices[i * places.length + j] = places[j] < 0 ? -1 : i * shape[axis] + places[j];
  return picked(value, [...shape.slice(0, axis), ...shapeOfPlaces, ...shape.slice(axis + 1)], columns, indices);
}

/** With the axes in another order, which names each once. */
export function permuted(value: OnnxValue, order: readonly number[]): OnnxValue {
  if (value instanceof Tensor) return ops.transpose(value, order);
  const strides = order.map((axis) => sizeOf(value.shape.slice(axis + 1)));
  const shape = order.map((axis) => value.shape[axis]);
  return picked(value, shape, 1, indicesByStrides(shape, strides));
}

/** Values behind each other along an axis; the others are alike, and there is at least one value. */
export function joinedValues(values: readonly OnnxValue[], axis: number): OnnxValue {
  if (values.some((value) => value instanceof Tensor)) return ops.concatenate(values.map(asTensor), axis);
  const wholes = values as readonly WholeNumbers[];
  const [{ type, shape: first }] = wholes;
  const shape = first.map((size, i) => (i === axis ? wholes.reduce((sum, whole) => sum + whole.shape[axis], 0) : size));
  const inner = sizeOf(shape.slice(axis));
  const data = new Float64Array(sizeOf(shape));
  let start = 0;
  for (const whole of wholes) {
    const width = sizeOf(whole.shape.slice(axis));
    for (let row = 0; row * width < whole.size; row++)
      data.set(whole.data.subarray(row * width, (row + 1) * width), row * inner + start);
    start += width;
  }
  return new WholeNumbers(type, shape, data);
}

/** Values of one shape along a new axis; there is at least one. */
export function stackedValues(values: readonly OnnxValue[], axis: number): OnnxValue {
  return joinedValues(
    values.map((value) => reshaped(value, [...value.shape.slice(0, axis), 1, ...value.shape.slice(axis)])),
    axis,
  );
}

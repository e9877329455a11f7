import { type Shape, sizeOf } from '../shape.js';
import type { TensorData } from './safetensors-types.js';

/**
 * The values of a strided view in row-major order: of index [i, j, ...] the value at offset + i * strides[0] + j *
 * strides[1] + ... A copy. Every index must lie inside of `data`; strides count values.
 */
export function rowMajor<Data extends TensorData>(
  data: Data,
  shape: Shape,
  strides: readonly number[],
  offset = 0,
): Data {
  const size = sizeOf(shape);
  if (isRowMajor(shape, strides)) return data.slice(offset, offset + size) as Data;
  const result = new (data.constructor as new (length: number) => Data)(size);
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < size; i++) {
    result[i] = data[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** The strides of values that lie in order: the last axis fastest, or with `first` the first. */
export function stridesOf(shape: Shape, fastest: 'first' | 'last' = 'last'): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  if (fastest === 'first') for (let i = 1; i < shape.length; i++) strides[i] = strides[i - 1] * shape[i - 1];
  else for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/** Strides of axes with one entry are never taken, so they may be anything. */
function isRowMajor(shape: Shape, strides: readonly number[]): boolean {
  const inOrder = stridesOf(shape);
  return shape.every((axis, i) => axis === 1 || strides[i] === inOrder[i]);
}

/** Values of a size in bytes with their bytes turned round, in place. */
export function swapBytes(bytes: Uint8Array, valueBytes: number): void {
  for (let at = 0; at + valueBytes <= bytes.length; at += valueBytes) bytes.subarray(at, at + valueBytes).reverse();
}

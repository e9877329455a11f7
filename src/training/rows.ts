import { currentBackend } from '../kernels/select.js';
import { sizeOf } from '../shape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import type { HostArray, TypedNumbers } from './host-data.js';

/** Rows `start` to before `end`, without a copy. */
export function sliceRows({ data, shape }: HostArray, start: number, end: number): HostArray {
  const width = sizeOf(shape.slice(1));
  return { data: data.subarray(start * width, end * width), shape: [end - start, ...shape.slice(1)] };
}

/**
 * Copies the rows that `order` names from `start` to before `end` into `staging`, which is made where it is too small.
 */
export function gatherRows(
  { data, shape }: HostArray,
  order: Int32Array,
  start: number,
  end: number,
  staging?: TypedNumbers,
): HostArray {
  const width = sizeOf(shape.slice(1));
  const size = (end - start) * width;
  const target = staging !== undefined && staging.length >= size ? staging : stagingFor(data, size);
  for (let i = start, at = 0; i < end; i++, at += width) {
    const row = order[i] * width;
    if (width === 1) target[at] = data[row];
    else target.set(data.subarray(row, row + width), at);
  }
  return { data: target.length === size ? target : target.subarray(0, size), shape: [end - start, ...shape.slice(1)] };
}

/** Whole numbers keep their type; others take that of the backend, so that the upload is a plain copy. */
export function stagingFor(data: TypedNumbers, size: number): TypedNumbers {
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    return new (data.constructor as new (size: number) => TypedNumbers)(size);
  return currentBackend().floatType === 'float64' && data instanceof Float64Array
    ? new Float64Array(size)
    : new Float32Array(size);
}

export function firstRow(array: HostArray): Tensor {
  return hostTensor(sliceRows(array, 0, 1));
}

/** The numbers as a tensor, without a copy. */
export function hostTensor({ data, shape }: HostArray): Tensor {
  return tensor(data, shape);
}

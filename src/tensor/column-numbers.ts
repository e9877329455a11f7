import { type Tensor, tensor } from './tensor.js';

const numbers = new Map<number, Tensor>();

/** @internal `[0, 1, ... columns - 1]` */
export function columnNumbers(columns: number): Tensor {
  let found = numbers.get(columns);
  if (found === undefined) numbers.set(columns, (found = tensor(Float32Array.from({ length: columns }, (_, i) => i))));
  return found;
}

import { logSumExp } from '../../exponential.js';

/** `ln softmax(x)`. */
export function logSoftmax(values: ArrayLike<number>): Float64Array {
  const sum = logSumExp(values);
  return Float64Array.from(values, (value) => value - sum);
}

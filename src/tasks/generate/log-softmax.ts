/** `ln(sum(exp))` of `count` values from `start`, without overflow. */
export function logSumExp(values: ArrayLike<number>, start = 0, count = values.length): number {
  let largest = -Infinity;
  for (let i = start; i < start + count; i++) largest = Math.max(largest, values[i]);
  let sum = 0;
  for (let i = start; i < start + count; i++) sum += Math.exp(values[i] - largest);
  return largest + Math.log(sum);
}

/** `ln softmax(x)`. */
export function logSoftmax(values: ArrayLike<number>): Float64Array {
  const sum = logSumExp(values);
  return Float64Array.from(values, (value) => value - sum);
}

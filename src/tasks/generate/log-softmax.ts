import { exponential } from '../../exponential.js';

/** `ln(sum(exp))` of `count` values from `start`, without overflow. */
export function logSumExp(values: ArrayLike<number>, start = 0, count = values.length): number {
  const largest = largestOf(values, start, start + count);
  return largest + Math.log(sumOfExponentials(values, start, start + count, largest));
}

// One loop a function: V8 enters optimized code in the middle of a long loop, and where more follows that it has not seen run, it
// leaves that code and enters it again, for ever (ten times slower on vocabularies of 10,000).

function largestOf(values: ArrayLike<number>, start: number, end: number): number {
  let largest = -Infinity;
  for (let i = start; i < end; i++) if (values[i] > largest) largest = values[i];
  return largest;
}

function sumOfExponentials(values: ArrayLike<number>, start: number, end: number, largest: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += exponential(values[i] - largest);
  return sum;
}

/** `ln softmax(x)`. */
export function logSoftmax(values: ArrayLike<number>): Float64Array {
  const sum = logSumExp(values);
  return Float64Array.from(values, (value) => value - sum);
}

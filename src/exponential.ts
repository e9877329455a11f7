const LOG2_E = 1.4426950408889634;
/** ln 2 in two parts; whole multiples of the first are exact up to 2^20. */
const [LN2_HIGH, LN2_LOW] = [6.93147180369123816e-1, 1.9082149292705877e-10];
/** 1 / n!; the last term is below 2^-52 for |r| <= ln(2) / 2. */
const [C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13] = Array.from({ length: 12 }, (_, i) => 1 / factorial(i + 2));
const LEAST_POWER = -1074;
/** `2^(i + LEAST_POWER)`. */
const powersOfTwo = Float64Array.from({ length: 1024 - LEAST_POWER }, (_, i) => 2 ** (i + LEAST_POWER));

/**
 * `e^x` to about a unit in the last place, for loops over many numbers. V8's 256-bit WebAssembly leaves the vector
 * registers in a state in which the C++ code of `Math.exp` runs ten times slower on Intel's processors (130 instead of
 * 13 ns); arithmetic that V8 compiles itself does not mind.
 */
export function exponential(x: number): number {
  if (!(x > -745.2 && x < 709)) return Math.exp(x);
  const k = Math.floor(x * LOG2_E + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  const tail = C7 + r * (C8 + r * (C9 + r * (C10 + r * (C11 + r * (C12 + r * C13)))));
  const sum = 1 + (r + r * r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * (C6 + r * tail))))));
  return sum * powersOfTwo[Math.max(k, LEAST_POWER) - LEAST_POWER];
}

/** `ln(sum(exp))` of `count` values from `start`, without overflow; -Infinity where all are. */
export function logSumExp(values: ArrayLike<number>, start = 0, count = values.length): number {
  const largest = largestOf(values, start, start + count);
  return largest === -Infinity
    ? -Infinity
    : largest + Math.log(sumOfExponentials(values, start, start + count, largest));
}

/** The softmax of each row of `values / temperature`, `[rows, width]` as the values. */
export function softmaxRows(values: ArrayLike<number>, width: number, temperature = 1): Float64Array {
  const result = new Float64Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    const largest = largestOf(values, start, start + width);
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += result[i] = exponential((values[i] - largest) / temperature);
    for (let i = start; i < start + width; i++) result[i] /= sum;
  }
  return result;
}

// One loop a function: V8 enters optimized code in the middle of a long loop, and where more follows that it has not
// seen run, it leaves that code and enters it again, for ever (ten times slower on vocabularies of 10,000).

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

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

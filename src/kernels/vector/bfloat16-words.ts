import { isNaNIn, type VectorCode } from './vector-code.js';

/**
 * The words of numbers as bfloat16, as whole numbers: the upper half of each, rounded to nearest even by what the lower
 * half adds; NaN stays NaN.
 */
export function bfloat16Words<V, M>(code: VectorCode<V, M>, numbers: V): V {
  const isOdd = code.and(code.shiftRight(numbers, 16), code.bits(1));
  const raised = code.addWhole(numbers, code.addWhole(isOdd, code.bits(0x7fff)));
  const quiet = code.or(numbers, code.bits(0x400000));
  return code.shiftRight(code.choose(isNaNIn(code, numbers), quiet, raised), 16);
}

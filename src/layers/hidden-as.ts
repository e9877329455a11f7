import { constant, select } from '../expression/build.js';
import type { PointwiseFunction } from '../tensor/pointwise.js';

/** x, and in its place a number that does not count where the weight is 0. */
function instead(value: number): PointwiseFunction {
  return { name: `${value} instead`, build: ([x, weight]) => select(weight, x, constant(value)) };
}

/** What stands at hidden steps, so that an operation leaves what the other inputs hold. */
export const hiddenAs = {
  zero: instead(0),
  one: instead(1),
  lowest: instead(-Infinity),
  highest: instead(Infinity),
  /**
   * So far below all other scores that a softmax gives it no share; finite, so that rows which are all hidden give no
   * NaN.
   */
  withoutShare: instead(-1e30),
} as const;

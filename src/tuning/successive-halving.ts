import { requireCount, requireNumber } from '../errors.js';

/** A round of a search: how many trials run in it, and for how many epochs. */
export interface Rung {
  readonly numTrials: number;
  readonly epochs: number;
}

export interface HalvingOptions {
  /** Trials of the first rung. */
  readonly trials: number;
  /** Epochs of the last rung. */
  readonly epochs: number;
  /** One in so many goes on to the next rung, with so many times the epochs. Default 3. */
  readonly eta?: number | undefined;
}

/**
 * The rungs of successive halving: all trials get few epochs, the best of them more, and so on, so that every rung
 * costs about the same. Rung `i` of `s + 1` has `floor(trials / eta^i)` trials of `epochs / eta^(s - i)` epochs; there
 * are as many rungs as leave the first at least one epoch and the last at least one trial. Jamieson and Talwalkar 2016,
 * "Non-stochastic best arm identification and hyperparameter optimization"; with `eta`, Li et al. 2018, "Hyperband",
 * algorithm 1, whose outer loop is left to the caller.
 *
 * @throws OUT_OF_RANGE
 */
export function halvingRungs({ trials, epochs, eta = 3 }: HalvingOptions): Rung[] {
  const where = 'halvingRungs';
  requireCount(where, 'trials', trials);
  requireCount(where, 'epochs', epochs);
  requireNumber(where, 'eta', eta, 'a whole number of at least 2', (value) => Number.isInteger(value) && value >= 2);
  const numSteps = Math.min(wholeLogarithm(trials, eta), wholeLogarithm(epochs, eta));
  return Array.from({ length: numSteps + 1 }, (_, i) => ({
    numTrials: Math.floor(trials / eta ** i),
    epochs: Math.round(epochs / eta ** (numSteps - i)),
  }));
}

/** The largest `n` with `base^n <= value`; logarithms of floats miss it at powers. */
function wholeLogarithm(value: number, base: number): number {
  let n = 0;
  while (base ** (n + 1) <= value) n++;
  return n;
}

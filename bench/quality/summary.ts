/** A figure over seeds. */
export interface Spread {
  readonly mean: number;
  /** Of the sample, with n - 1; not a number for a single seed. */
  readonly standardDeviation: number;
  readonly numSeeds: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const numSeeds = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / numSeeds;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardDeviation: numSeeds > 1 ? Math.sqrt(squares / (numSeeds - 1)) : NaN, numSeeds };
}

/**
 * The difference `a - b` of two means over its standard error, `sqrt(sa^2 / na + sb^2 / nb)`. Welch 1947, "The
 * generalization of 'Student's' problem when several different population variances are involved". Of three seeds each
 * and equal variances, 95 % of all chance differences are below 2.8 (Student's t with 4 degrees of freedom). Not a
 * number for single seeds.
 */
export function differenceOverError(a: Spread, b: Spread): number {
  const error = Math.sqrt(a.standardDeviation ** 2 / a.numSeeds + b.standardDeviation ** 2 / b.numSeeds);
  return (a.mean - b.mean) / error;
}

/**
 * Mean losses over consecutive stretches of steps, from the means over all steps so far; stretches that were not
 * reached are left out.
 */
export function stretchMeans(meanLosses: readonly number[], ends: readonly number[]): number[] {
  const reached = ends.filter((end) => end <= meanLosses.length);
  return reached.map((end, i) => {
    const start = i === 0 ? 0 : reached[i - 1];
    const before = start === 0 ? 0 : meanLosses[start - 1];
    return (meanLosses[end - 1] * end - before * start) / (end - start);
  });
}

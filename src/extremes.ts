/**
 * The largest of values, at least `floor`; NaN where one of them is. `Math.max(...values)` hands each value over as an
 * argument of its own, of which an engine takes about 100,000.
 */
export function maximumOf(values: Iterable<number>, floor = -Infinity): number {
  let most = floor;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The smallest of values, at most `ceiling`; NaN where one of them is. */
export function minimumOf(values: Iterable<number>, ceiling = Infinity): number {
  let least = ceiling;
  for (const value of values) least = Math.min(least, value);
  return least;
}

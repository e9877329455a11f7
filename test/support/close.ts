import { expect } from 'vitest';

/**
 * Checks every number: `|actual - expected| <= tolerance * (1 + |expected|)`. Names the worst place when it fails.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  label: string,
): void {
  expect(actual.length, `${label}: number of values`).toBe(expected.length);
  let worst = 0;
  let place = -1;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / (1 + Math.abs(expected[i]));
    if (!(error <= worst)) {
      worst = error;
      place = i;
    }
  }
  const detail = place < 0 ? '' : ` at ${place}: ${actual[place]} instead of ${expected[place]}`;
  expect(worst <= tolerance, `${label}: error ${worst.toExponential(2)} > ${tolerance.toExponential(2)}${detail}`).toBe(
    true,
  );
}

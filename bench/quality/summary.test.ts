import { expect, test } from 'vitest';
import { differenceOverError, spreadOf, stretchMeans } from './summary.js';

test('A spread has the standard deviation of a sample, and none for a single seed', () => {
  expect(spreadOf([2, 4, 9])).toEqual({ mean: 5, standardDeviation: Math.sqrt(13), numSeeds: 3 });
  expect(spreadOf([7])).toEqual({ mean: 7, standardDeviation: NaN, numSeeds: 1 });
});

test('The difference of two means is counted in standard errors, with its sign', () => {
  const a = { mean: 5, standardDeviation: 3, numSeeds: 3 };
  const b = { mean: 9, standardDeviation: 2, numSeeds: 4 };
  expect(differenceOverError(a, b)).toBeCloseTo(-2, 12);
  expect(differenceOverError(b, a)).toBeCloseTo(2, 12);
  expect(differenceOverError(a, spreadOf([9]))).toBeNaN();
});

test('Means over stretches are those of the losses behind the means so far', () => {
  const losses = [5, 4, 4, 3, 1, 2, 0.5];
  const meanLosses = losses.map((_, i) => losses.slice(0, i + 1).reduce((sum, loss) => sum + loss, 0) / (i + 1));
  const means = stretchMeans(meanLosses, [2, 5, 7, 11]);
  expect(means).toHaveLength(3);
  [4.5, 8 / 3, 1.25].forEach((mean, i) => expect(means[i]).toBeCloseTo(mean, 12));
});

import { expect, test } from 'vitest';
import { median, timeRuns, timingOf } from './timing.js';

test('The median is the middle value, or the mean of two', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([5, 1, 3, 100])).toBe(4);
});

test('A timing counts its runs and orders its figures', () => {
  expect(timingOf([4, 1, 2, 3, 50, 5, 6, 7, 8, 9])).toEqual({ medianMs: 5.5, fastestMs: 1, slowTenthMs: 50, runs: 10 });
});

test('Runs go on until both the time and the least number are reached', () => {
  expect(timeRuns(() => undefined, 0, 5)).toHaveLength(5);
  const elapsed = timeRuns(() => undefined, 20, 1);
  expect(elapsed.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(20);
});

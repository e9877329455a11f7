import { expect, it } from 'vitest';
import { Random } from '../../random.js';
import { RunningMedian } from './running-median.js';

it('gives the median of the values before any row, in any order of rows', () => {
  const random = new Random(3);
  const values = Float64Array.from({ length: 61 }, (_, i) => (i % 3 === 0 ? 0 : Math.round(20 * random.normal())));
  const medianBefore = (row: number): number => {
    const sorted = values.slice(0, row).sort();
    return (sorted[(row - 1) >> 1] + sorted[row >> 1]) / 2;
  };
  const medians = new RunningMedian(values);
  for (const row of [1, 2, 3, 4, 9, 9, 30, 31, 61, 17, 18, 60, 1])
    expect(medians.before(row)).toBeCloseTo(medianBefore(row), 12);
  expect(new RunningMedian(values.subarray(0, 1)).before(1)).toBe(values[0]);
});

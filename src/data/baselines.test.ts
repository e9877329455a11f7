import { describe, expect, test } from 'vitest';
import { driftForecast, naiveForecast, seasonalNaiveForecast } from './baselines.js';

const series = (length: number, valueAt: (t: number) => number): number[] =>
  Array.from({ length }, (_, t) => valueAt(t));

describe('a baseline forecast', () => {
  test('repeats the last value, the last season, or goes on along the line', () => {
    expect([...naiveForecast([3, 1, 4], 2)]).toEqual([4, 4]);
    expect([...seasonalNaiveForecast([9, 1, 2, 3], 5, 3)]).toEqual([1, 2, 3, 1, 2]);
    expect([...driftForecast([1, 9, 5], 3)]).toEqual([7, 9, 11]);
  });

  test('finds the season by itself', () => {
    const values = series(60, (t) => t % 5);
    expect([...seasonalNaiveForecast(values, 7)]).toEqual([0, 1, 2, 3, 4, 0, 1]);
  });

  test('refuses a series that is too short, says when there is no season', () => {
    expect(() => naiveForecast([], 1)).toThrow(/at least 1 value/);
    expect(() => driftForecast([1], 1)).toThrow(/at least 2 values/);
    expect(() => seasonalNaiveForecast([1, 2], 1, 3)).toThrow(/at least 3 values/);
    expect(() =>
      seasonalNaiveForecast(
        series(50, (t) => t),
        3,
      ),
    ).toThrow(/no season was found/);
    expect(() => naiveForecast([1], 0)).toThrow(/OUT_OF_RANGE/);
  });
});

import { describe, expect, test } from 'vitest';
import { Random } from '../random.js';
import { detectSeason, driftForecast, naiveForecast, seasonalNaiveForecast } from './baselines.js';

const series = (length: number, valueAt: (t: number) => number): number[] => Array.from({ length }, (_, t) => valueAt(t));
const wave = (period: number) => (t: number): number => Math.sin((2 * Math.PI * t) / period);

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
    expect(() => naiveForecast([], 1)).toThrow(/at least 1 values/);
    expect(() => driftForecast([1], 1)).toThrow(/at least 2 values/);
    expect(() => seasonalNaiveForecast([1, 2], 1, 3)).toThrow(/at least 3 values/);
    expect(() => seasonalNaiveForecast(series(50, (t) => t), 3)).toThrow(/no season was found/);
    expect(() => naiveForecast([1], 0)).toThrow(/OUT_OF_RANGE/);
  });
});

describe('detectSeason', () => {
  test.each([2, 5, 12, 24, 52])('finds a season of %i under a trend and noise', (season) => {
    const random = new Random(season);
    const pattern = Float64Array.from({ length: season }, (_, k) => wave(season)(k) + (season === 2 ? k : 0));
    const values = series(Math.max(120, 4 * season), (t) => 4 * pattern[t % season] + 0.05 * t + random.normal());
    expect(detectSeason(values)).toBe(season);
  });

  test('finds a long and smooth season to within 2 %, since its peak is broad', () => {
    const random = new Random(8);
    const season = detectSeason(series(1500, (t) => 4 * wave(365)(t) + random.normal()));
    expect(Math.abs((season ?? 0) - 365)).toBeLessThan(7);
  });

  test('prefers the week to the day when the week says more', () => {
    const random = new Random(5);
    const values = series(1500, (t) => 3 * wave(24)(t) + (t % 168 > 120 ? 3 : 0) + 0.5 * random.normal());
    expect(detectSeason(values)).toBe(168);
    expect(detectSeason(values, { maxSeason: 100 })).toBe(24);
  });

  test('finds none in noise, in constants, in straight lines and in very short series', () => {
    const random = new Random(3);
    expect(detectSeason(series(500, () => random.normal()))).toBeUndefined();
    expect(detectSeason(series(500, () => 0.1))).toBeUndefined();
    // The rounding noise of this line repeats every 7 steps.
    expect(detectSeason(series(100, (t) => 0.1 + t / 7))).toBeUndefined();
    expect(detectSeason([1, 2, 1])).toBeUndefined();
    expect(detectSeason([])).toBeUndefined();
  });

  test('finds none in an echo, which returns once and not twice', () => {
    const random = new Random(12);
    const noise = series(530, () => random.normal());
    expect(detectSeason(series(500, (t) => noise[t + 30] + noise[t]))).toBeUndefined();
  });

  test('finds none in nine of ten random walks', () => {
    let numFound = 0;
    for (let seed = 0; seed < 50; seed++) {
      const random = new Random(seed);
      let level = 0;
      if (detectSeason(series(300, () => (level += random.normal()))) !== undefined) numFound++;
    }
    expect(numFound).toBeLessThanOrEqual(5);
  });

  test('does not depend on the unit of the values', () => {
    const values = series(100, (t) => wave(7)(t) + 0.01 * t);
    for (const unit of [1e-15, 1e12]) expect(detectSeason(values.map((value) => unit * value))).toBe(7);
  });

  test('refuses values that are not finite', () => {
    expect(() => detectSeason([1, NaN, 2])).toThrow(/NOT_FINITE[^]*position 1/);
  });
});

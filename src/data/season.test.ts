import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { itWithData } from '../../test/support/published-data.js';
import { Random } from '../random.js';
import { detectSeason } from './season.js';

const series = (length: number, valueAt: (t: number) => number): number[] =>
  Array.from({ length }, (_, t) => valueAt(t));
const wave =
  (period: number) =>
  (t: number): number =>
    Math.sin((2 * Math.PI * t) / period);

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

  test.each([7, 12, 24, 52])('finds a season of %i steps in twenty of them, under a trend', (season) => {
    const random = new Random(9);
    expect(detectSeason(series(20 * season, (t) => 3 * wave(season)(t) + 0.05 * t + random.normal()))).toBe(season);
  });

  test.each([1, 2, 3])(
    'finds a season that the series holds three times in noise as large as itself, seed %i',
    (seed) => {
      const random = new Random(seed);
      const pattern = Float64Array.from({ length: 100 }, () => random.normal());
      // Long lags have few terms: were their sums divided by the whole length, the third would be gone.
      expect(detectSeason(series(301, (t) => 0.95 * pattern[t % 100] + random.normal()))).toBe(100);
    },
  );

  test('finds a daily season under a wander that is larger', () => {
    const random = new Random(9);
    let level = 0;
    expect(detectSeason(series(2000, (t) => (level = 0.99 * level + random.normal()) + 4 * wave(24)(t)))).toBe(24);
  });

  test('finds the solar cycle in monthly sunspots, of about 11 years', () => {
    const table = readFileSync(new URL('../../examples/data/sunspots.csv', import.meta.url), 'utf8');
    const values = Float64Array.from(table.trim().split('\n').slice(1), (line) => Number(line.split(',')[1]));
    for (const share of [0.7, 0.8, 1]) {
      const season = detectSeason(values.subarray(0, share * values.length))!;
      expect(season).toBeGreaterThan(120);
      expect(season).toBeLessThan(135);
    }
  });

  itWithData('finds the day in hourly loads and oil temperatures', 'timeseries/ett/ETTh1.csv', async (path) => {
    const [header, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
    const names = header.trim().split(',');
    for (const name of ['HUFL', 'HULL', 'MUFL', 'MULL', 'OT']) {
      const values = Float64Array.from(lines, (line) => Number(line.split(',')[names.indexOf(name)]));
      for (const length of [1000, 12_000, values.length])
        expect(detectSeason(values.subarray(0, length)), name).toBe(24);
    }
  });
});

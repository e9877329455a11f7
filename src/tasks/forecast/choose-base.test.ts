import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { baseForecaster } from './base-forecast.js';
import { chooseBase } from './choose-base.js';

const rowsOf = (numRows: number, valueAt: (row: number) => number) => ({
  values: Float64Array.from({ length: numRows }, (_, row) => valueAt(row)),
  isReal: new Uint8Array(numRows).fill(1),
});
const noise = new Random(3, 'noise');

describe('chooseBase', () => {
  it('keeps the last value of a random walk', () => {
    let level = 5;
    expect(
      chooseBase(
        rowsOf(500, () => (level += noise.normal())),
        { horizon: 6 },
      ).base,
    ).toEqual({ name: 'naive' });
  });
  it('smooths a season in noise, and finds a week of days that are unlike', () => {
    const monthly = chooseBase(
      rowsOf(150, (row) => 100 + 20 * Math.sin((2 * Math.PI * row) / 12) + 5 * noise.normal()),
      { horizon: 7 },
    );
    expect([monthly.base.name, monthly.season]).toEqual(['smoothing', 12]);
    const load = chooseBase(
      rowsOf(
        900,
        (row) => 10 * Math.sin((2 * Math.PI * row) / 24) * (Math.floor(row / 24) % 7 < 5 ? 1 : 0.2) + noise.normal(),
      ),
      { horizon: 24 },
    );
    expect(load.base).toMatchObject({
      name: 'smoothing',
      parameters: { seasons: expect.arrayContaining([168]) as number[] },
    });
  });
  it('takes the season and the base that are asked for', () => {
    const rows = rowsOf(90, (row) => row + 3 * noise.normal());
    expect(chooseBase(rows, { horizon: 4, season: 5, base: 'seasonalDrift' })).toEqual({
      base: { name: 'seasonalDrift', season: 5 },
      season: 5,
    });
  });
});

describe('the seasonal base with drift', () => {
  it('repeats the last season and goes on with the mean change between seasons', () => {
    const forecast = new Float64Array(5);
    const rows = rowsOf(9, (row) => [1, 5, 3][row % 3] + 2 * Math.floor(row / 3));
    baseForecaster({ name: 'seasonalDrift', season: 3 }, rows).forecastInto(9, forecast);
    expect([...forecast]).toEqual([7, 11, 9, 9, 13]);
    baseForecaster({ name: 'mean' }, rows).forecastInto(3, forecast);
    expect([...forecast]).toEqual([3, 3, 3, 3, 3]);
  });
});

import { describe, expect, it } from 'vitest';
import { chooseBase } from './choose-base.js';
import {
  budgetNotes,
  evenlyDrawn,
  mostForecasts,
  mostRowsForBase,
  mostValidationWindows,
  stepsOfEpoch,
} from './training-budget.js';

describe('the budget of a training', () => {
  it('changes nothing for a series of usual length', () => {
    expect(stepsOfEpoch(1_300, { batchSize: 64, timesteps: 96 })).toBe(50);
    expect(stepsOfEpoch(8_500, { batchSize: 64, timesteps: 96 })).toBe(133);
    expect([...evenlyDrawn(7, 11)]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const validation = { length: 2_000, numPossible: 2_000 };
    expect(mostValidationWindows(336)).toBeGreaterThan(validation.length);
    const use = {
      numWindows: 8_500,
      windowsPerEpoch: 133 * 64,
      isGiven: false,
      validation,
      numTestOrigins: mostForecasts,
      mostRows: mostRowsForBase,
    };
    expect(budgetNotes(use)).toEqual([]);
  });

  it('keeps the rows that an epoch reads of a long one, whatever its length', () => {
    const read = (numWindows: number, timesteps: number): number =>
      64 * timesteps * stepsOfEpoch(numWindows, { batchSize: 64, timesteps });
    expect(read(3_000_000, 24)).toBe(read(9_000_000, 24));
    expect(read(3_000_000, 336) / read(3_000_000, 24)).toBeCloseTo(1, 1);
  });

  it('draws evenly up to the last', () => {
    expect([...evenlyDrawn(10, 4)]).toEqual([1, 4, 6, 9]);
    const drawn = evenlyDrawn(1_000_003, 997);
    expect(new Set(drawn).size).toBe(997);
    expect(drawn[996]).toBe(1_000_002);
    const gaps = drawn.slice(1).map((one, i) => one - drawn[i]);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
  });

  it('says all that is left out of a long series', () => {
    const use = {
      numWindows: 2_000_000,
      windowsPerEpoch: 6_272,
      isGiven: false,
      validation: { length: 3_120, numPossible: 300_000 },
      numTestOrigins: 600_000,
      mostRows: 2_700_000,
    };
    expect(budgetNotes(use)).toEqual([
      'an epoch shows 6,272 windows, drawn anew from 2,000,000 (steps per epoch say how many)',
      'validation is on 3,120 windows, drawn evenly from 300,000',
      'errors are those of at most 20,000 forecasts, drawn evenly from 600,000',
      'the base is chosen by the last 100,000 of 2,700,000 rows',
    ]);
  });

  it('chooses the base of a long series as of its last rows alone', () => {
    const valueAt = (row: number): number => (row < 5_000 ? 1e6 * row : 20 + (row % 7) + Math.sin(row * row));
    const all = Float64Array.from({ length: mostRowsForBase + 5_000 }, (_, row) => valueAt(row));
    const last = all.slice(5_000);
    const options = { horizon: 5, season: 7, base: 'seasonalNaive' as const };
    const rowsOf = (values: Float64Array) => ({ values, isReal: new Uint8Array(values.length).fill(1) });
    expect(chooseBase(rowsOf(all), options)).toEqual(chooseBase(rowsOf(last), options));
  });
});

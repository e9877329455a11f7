import { describe, expect, it } from 'vitest';
import { ExponentialSmoothing, type SmoothingParameters } from './exponential-smoothing.js';

const plain: SmoothingParameters = {
  level: 0.5,
  trend: 0,
  damping: 1,
  drift: 0,
  season: 0,
  autocorrelation: 0,
  seasons: [],
  isLog: false,
};
const rowsOf = (values: readonly number[], filled: readonly number[] = []) => ({
  values: Float64Array.from(values),
  isReal: Uint8Array.from(values, (_, row) => (filled.includes(row) ? 0 : 1)),
});
const forecast = (
  parameters: Partial<SmoothingParameters>,
  values: readonly number[],
  horizon: number,
  origin = values.length,
  filled: readonly number[] = [],
): number[] => {
  const result = new Float64Array(horizon);
  new ExponentialSmoothing({ ...plain, ...parameters }, rowsOf(values, filled)).forecastInto(origin, result);
  return [...result];
};

describe('exponential smoothing', () => {
  it('agrees with the equations on numbers worked out by hand', () => {
    // Levels 4, then 4 + (8 - 4) / 2 = 6, then 6 + (3 - 6) / 2 = 4.5.
    expect(forecast({}, [4, 8, 3], 2)).toEqual([4.5, 4.5]);
    // The same levels with slopes 0, 0.25 * 4 = 1, and 1 + 0.25 * (3 - 7) = 0; the last level is 7 + 0.5 * (3 - 7) = 5.
    expect(forecast({ trend: 0.25 }, [4, 8, 3], 2)).toEqual([5, 5]);
    expect(forecast({ trend: 0.25 }, [4, 8], 3)).toEqual([7, 8, 9]);
    expect(forecast({ trend: 0.25, damping: 0.5 }, [4, 8], 2)).toEqual([6.5, 6.75]);
    // Errors 0 and 4; half of an error is left after each step.
    expect(forecast({ autocorrelation: 0.5 }, [4, 8], 2)).toEqual([8, 7]);
    expect(forecast({ drift: 0.5 }, [4, 8], 2)).toEqual([6.5, 7]);
  });
  it('repeats a season exactly, and a longer one beside it', () => {
    const day = (row: number): number => [5, -1, -4][row % 3];
    const week = (row: number): number => [2, 0, 0, -2, 0, 0][row % 6];
    const values = Array.from({ length: 19 }, (_, row) => 10 + day(row) + week(row));
    const next = Array.from({ length: 7 }, (_, step) => 10 + day(19 + step) + week(19 + step));
    forecast({ seasons: [6, 3], season: 0.1 }, values, 7).forEach((value, step) =>
      expect(value).toBeCloseTo(next[step], 10),
    );
  });
  it('lets seasons grow with the level where it smooths logarithms', () => {
    const values = Array.from({ length: 16 }, (_, row) => 2 ** Math.floor(row / 4) * (row % 4 === 1 ? 3 : 1));
    const [first, second] = forecast({ seasons: [4], level: 1, season: 0, isLog: true }, values, 2);
    expect(second / first).toBeCloseTo(3, 10);
    for (const value of forecast({ isLog: true }, [5, 3, 0, 4], 3)) expect(value).toBeGreaterThan(0);
  });
  it('knows only what is before the origin, and learns nothing from a value that was filled', () => {
    const values = [3, 9, 4, 7, 5, 8, 6];
    expect(forecast({ seasons: [2], season: 0.2 }, values, 3, 4)).toEqual(
      forecast({ seasons: [2], season: 0.2 }, values.slice(0, 4), 3),
    );
    expect(forecast({}, [4, 8, 1000], 2, 3, [2])).toEqual(forecast({}, [4, 8], 2));
  });
  it('is the last value before it has seen a season', () => {
    expect(forecast({ seasons: [5], season: 0.1 }, [3, 9, 4], 2)).toEqual([4, 4]);
  });
});

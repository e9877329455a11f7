import { describe, expect, it } from 'vitest';
import { forecastErrors, seasonalScale } from './forecast-errors.js';

describe('forecastErrors', () => {
  it('agrees with the formulas on numbers worked out by hand', () => {
    const errors = forecastErrors([2, -4, 0], [3, -1, 0], 0.5);
    expect(errors.mae).toBeCloseTo(4 / 3, 14);
    expect(errors.rmse).toBeCloseTo(Math.sqrt(10 / 3), 14);
    expect(errors.mase).toBeCloseTo(8 / 3, 14);
    expect(errors.smape).toBeCloseTo((200 / 5 + 600 / 5 + 0) / 3, 12);
  });
  it('has no MASE where the naive forecast is perfect', () => {
    expect(forecastErrors([1], [2], 0).mase).toBeNull();
  });
  it('refuses different lengths', () => {
    expect(() => forecastErrors([1, 2], [1], 1)).toThrow('[SHAPE_MISMATCH]');
    expect(() => forecastErrors([], [], 1)).toThrow('[SHAPE_MISMATCH]');
  });
});

describe('seasonalScale', () => {
  it('is the mean absolute difference one season apart', () => {
    expect(seasonalScale([1, 5, 2, 9, 4], 2)).toBeCloseTo((1 + 4 + 2) / 3, 14);
    expect(seasonalScale([1, 2], 2)).toBe(0);
  });
});

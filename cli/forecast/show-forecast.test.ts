import { describe, expect, it } from 'vitest';
import type { ForecastErrors, ForecastReport } from '../../src/index.js';
import { errorTable, rowName } from './show-forecast.js';

const errors = (mae: number): ForecastErrors => ({ mae, rmse: 2 * mae, mase: mae / 1000, smape: 3 });
const compared = {
  model: errors(11_530),
  base: errors(11_540),
  naive: errors(9427),
  seasonalNaive: errors(9427),
  drift: errors(9100.5),
  seasonalDrift: errors(9100.5),
  mean: errors(70_000),
  median: errors(60_000),
};
const part = { name: '', numForecasts: 5, numOrigins: 5, rows: [10, 17] as const, errors: compared };
const report: ForecastReport = {
  ...part,
  target: 'y',
  horizon: 3,
  season: 1,
  bestBaseline: 'drift',
  maeByStep: [],
  shown: [],
  series: [part],
};

describe('a table of errors', () => {
  it('begins with what the file forecasts with, and says that the network is not used', () => {
    const [, , first, second] = errorTable(report, { instead: 'drift' }).split('\n');
    expect(first).toMatch(/^drift \(forecasts\) /);
    expect(second).toMatch(/^model \(not used\) /);
    expect(errorTable(report, { instead: null }).split('\n')[2]).toMatch(/^model /);
  });

  it('writes errors of any size in one way', () => {
    const table = errorTable(report, { instead: null });
    expect(table).toContain('11530');
    expect(table).toContain('9427');
    expect(table).not.toContain('e+');
  });

  it('counts one forecast and one step as one', () => {
    const heading = (facts: Partial<ForecastReport>): string =>
      errorTable({ ...report, ...facts }, { instead: null }).split('\n')[0];
    expect(heading({})).toContain('errors of 5 forecasts of 3 steps');
    expect(heading({ numForecasts: 1, numOrigins: 1, horizon: 1 })).toContain('errors of 1 forecast of 1 step,');
  });

  it('calls a season of one step by what it repeats', () => {
    expect(rowName('seasonalDrift', 1)).toBe('drift');
    expect(rowName('seasonalNaive', 1)).toBe('naive (last value)');
    expect(rowName('seasonalNaive', 7)).toBe('seasonal-naive (7)');
  });
});

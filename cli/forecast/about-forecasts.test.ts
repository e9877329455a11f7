import { describe, expect, it } from 'vitest';
import type { ForecastErrors, ForecastReport } from '../../src/index.js';
import { forecastVerdict, unitsLines } from './about-forecasts.js';

const errors = (mae: number, rmse: number): ForecastErrors => ({ mae, rmse, mase: null, smape: 190 });
const compared = {
  model: errors(0.38, 1.15),
  base: errors(0.7, 1.13),
  naive: errors(0.6, 1.7),
  seasonalNaive: errors(0.6, 1.7),
  drift: errors(0.61, 1.71),
  seasonalDrift: errors(0.61, 1.71),
  median: errors(0.6, 1.7),
};

function verdictOf(
  mean: ForecastErrors,
  nearZero?: readonly ['model'],
  own: Partial<typeof compared> = {},
): string | undefined {
  const errorsOf = { ...compared, mean, ...own };
  const part = { name: '', numForecasts: 4, numOrigins: 4, rows: [9, 15] as const, errors: errorsOf, nearZero };
  const report: ForecastReport = {
    ...part,
    target: 'y',
    horizon: 3,
    season: 1,
    bestBaseline: 'naive',
    maeByStep: [],
    shown: [],
    series: [part],
  };
  return forecastVerdict({
    findings: { stage: 'done', share: 1, validation: null, sizes: null, instead: null, report },
    options: { forecastWith: 'best' },
  });
}

describe('the last line of a report of forecasts', () => {
  it('says where a baseline is ahead by RMSE alone', () => {
    expect(verdictOf(errors(0.76, 1.14))).toBe(
      'The model is ahead of every baseline on the held-out rows by MAE, but not by RMSE: mean missed large ' +
        'values by less.',
    );
    expect(verdictOf(errors(0.76, 1.16))).toBeUndefined();
  });

  it('says where the model is no different from the best baseline, and where it is behind', () => {
    expect(verdictOf(errors(0.76, 1.16), undefined, { model: errors(0.6, 1.7) })).toBe(
      'The model is no different from naive (last value) on the held-out rows (0.6000); the file forecasts with ' +
        'the model all the same (--forecast-with best).',
    );
    expect(verdictOf(errors(0.76, 1.16), undefined, { model: errors(0.65, 1.7) })).toMatch(
      /^The model does not beat naive \(last value\) on the held-out rows \(0\.6500 against 0\.6000\);/,
    );
  });

  it('says where forecasts are practically zero and the series is not', () => {
    expect(verdictOf(errors(0.76, 1.16), ['model'])).toMatch(
      /^The forecasts are practically zero throughout, though the values are not: .* favours the median/,
    );
    expect(verdictOf(errors(0.76, 1.14), ['model'])).toMatch(/by less\. The forecasts are practically zero throughout/);
  });
});

describe('the widths of a forecaster', () => {
  const tried = (units: number, error: number) => ({ units, error, share: 1 });
  it('are told with their errors on the validation rows, and which was taken', () => {
    const validation = { base: 1.2, model: 0.9 };
    const sizes = [tried(32, 0.95), tried(16, 0.9), tried(64, 1)];
    expect(unitsLines({ validation, sizes }, 16)).toEqual([
      'error on the validation rows: base alone 1.200, 32 units 0.9500, 16 units 0.9000 (taken), 64 units 1.000',
    ]);
    expect(unitsLines({ validation: { base: 1.2, model: 1.2 }, sizes: [tried(32, 1.2)] }, 32)).toEqual([
      'error on the validation rows: base alone 1.200, 32 units 1.200; no other width was tried, as the network is ' +
        'left out',
    ]);
    expect(unitsLines({ validation, sizes: null }, 32)).toEqual([]);
  });
});

import { expect, it } from 'vitest';
import type { Json } from '../../layers/layer.js';
import { type ForecastFindings, findingsJson, noFindings, restoreFindings } from './findings.js';
import { baselineNames, type ForecastReport, type SeriesReport } from './forecast-report.js';

const one = { mae: 1, rmse: 1, mase: null, smape: 1 };
const errors = Object.fromEntries(['model', 'base', ...baselineNames].map((name) => [name, one]));
const part = { name: 'A', numForecasts: 4, numOrigins: 4, rows: [9, 15], errors } as unknown as SeriesReport;
const report = { ...part, target: 'y', horizon: 3, season: 1, bestBaseline: 'naive', maeByStep: [], shown: [] };
const of = (series: unknown[], more: object = {}): Json =>
  findingsJson({
    ...noFindings,
    report: { ...report, series, ...more } as unknown as ForecastReport,
  } as ForecastFindings);

it('the widths that were tried come back, and none of a file that says something else of them', () => {
  const tried = [{ units: 32, error: 0.5, share: 1 }];
  expect(restoreFindings(findingsJson({ ...noFindings, sizes: tried }), 'x').sizes).toEqual(tried);
  const { sizes: _, ...early } = noFindings;
  expect(restoreFindings(early, 'x').sizes).toBeNull();
  for (const sizes of [[], [null], [{ units: 1.5, error: 1, share: 1 }], [{ units: 3, error: null, share: 1 }], 'many'])
    expect(() => restoreFindings({ ...noFindings, sizes }, 'x'), JSON.stringify(sizes)).toThrow('[FILE_FORMAT] x');
});

it('findings come back as they were, and none of a report that cannot be shown', () => {
  const whole = of([{ ...part, nearZero: ['model'], baseAlone: { name: 'naive' }, isNew: true }], {
    notMeasured: ['B'],
  });
  expect(restoreFindings(whole, 'x')).toEqual(whole);
  expect(restoreFindings(of([part]), 'x').report?.series).toEqual([part]);
  for (const damaged of [
    of([null]),
    of([{ ...part, name: 5 }]),
    of([{ ...part, errors: { model: null } }]),
    of([{ ...part, nearZero: 5 }]),
    of([{ ...part, baseAlone: { name: 'seasonalNaive', season: 0 } }]),
    of([part], { notMeasured: 5 }),
  ])
    expect(() => restoreFindings(damaged, 'x'), JSON.stringify(damaged)).toThrow('[FILE_FORMAT] x');
});

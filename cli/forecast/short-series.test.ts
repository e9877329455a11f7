import { expect, it } from 'vitest';
import type { ForecastReport } from '../../src/index.js';
import { reportLines } from './short-series.js';

it('series that could not be measured are named once: those that something else is said of are left out', () => {
  const report = { series: [], notMeasured: ['A', 'B'] as readonly string[] } as unknown as ForecastReport;
  expect(reportLines(report, true, [])).toEqual(['too few rows to measure a forecast of: A, B']);
  expect(reportLines(report, true, ['B', 'C'])).toEqual(['too few rows to measure a forecast of: A']);
  expect(reportLines(report, true, ['A', 'B'])).toEqual([]);
});

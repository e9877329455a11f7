import { expect, it } from 'vitest';
import { Table } from '../../data/table.js';
import { Random, setSeed } from '../../random.js';
import type { ForecastReport } from './forecast-report.js';
import { ForecastTraining } from './forecast-training.js';

async function reportOf(values: readonly number[]): Promise<ForecastReport> {
  setSeed(1);
  const table = Table.fromRows(
    'made',
    ['y'],
    values.map((value) => [String(value)]),
  );
  const training = new ForecastTraining(table, { horizon: 4, units: 3, epochs: 1, base: 'naive', refit: false });
  await training.train();
  return training.evaluate();
}

it('measures the median beside the mean, and knows forecasts that are practically zero though the series is not', async () => {
  const random = new Random(5);
  const counts = Array.from({ length: 200 }, () => (random.uniform() < 0.2 ? 7 : 0));
  const { errors, bestBaseline, series } = await reportOf(counts);
  expect(bestBaseline).toBe('median');
  expect(errors.median.mae).toBeLessThan(0.75 * errors.mean.mae);
  expect(errors.median.rmse).toBeGreaterThan(errors.mean.rmse);
  expect(series[0].nearZero).toEqual(['median']);

  const others = await reportOf(counts.map((value, row) => value + (row % 2)));
  expect(others.series[0].nearZero).toEqual([]);
  // About zero on both sides, zero is what the values are in the mean.
  const aboutZero = await reportOf(counts.map((value, row) => (row % 2 === 0 ? value : -value)));
  expect(aboutZero.errors.median.mae).toBeLessThan(aboutZero.errors.naive.mae);
  expect(aboutZero.series[0].nearZero).toEqual([]);
});

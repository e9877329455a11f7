import { ForecastTraining, setSeed, setThreads, Table } from '../src/index.js';
import { baseComparison } from './base-comparison.js';
import { type MadeSeries, madeSeries } from './forecast-series.js';

/**
 * MASE of the default forecast and of the simple ones on made series:
 * `node dist/bench/forecasts.js [SEED] [SERIES A KIND] [base|auto]`.
 */

const [seed = '1', perKind = '4', what = 'model'] = process.argv.slice(2);
await setThreads(1);

/** By series: the model, its base, the baselines. */
const errors = new Map<string, number[][]>();
for (const series of madeSeries(Number(seed), Number(perKind))) {
  const row = what === 'base' ? ofBase(series) : await ofModel(series);
  errors.set(series.kind, [...(errors.get(series.kind) ?? []), row]);
}
const columns = ['model', 'base', 'naive', 'seasonal', 'drift', 'seas. drift', 'mean', 'median', 'behind best'];
console.log(`${'mean MASE'.padEnd(12)}${columns.map((name) => name.padStart(12)).join('')}`);
for (const [kind, rows] of errors) show(kind, rows);
show('all', [...errors.values()].flat());

function ofBase(series: MadeSeries): number[] {
  const { base, baselines } = baseComparison(series);
  return [base, base, ...baselines];
}

async function ofModel({ values, horizon, season }: MadeSeries): Promise<number[]> {
  setSeed(0);
  const table = Table.fromRows(
    'made',
    ['y'],
    Array.from(values, (value) => [String(value)]),
  );
  const training = new ForecastTraining(table, {
    ...{ target: 'y', horizon, refit: false, ...(season > 1 && { season }) },
    ...(what === 'auto' && { units: 'auto' }),
  });
  await training.train();
  const { model, base, naive, seasonalNaive, drift, seasonalDrift, mean, median } = (await training.evaluate()).errors;
  return [model, base, naive, seasonalNaive, drift, seasonalDrift, mean, median].map(({ mase }) => mase ?? NaN);
}

/** The last column is the series that lie more than 5 % behind their best baseline. */
function show(kind: string, rows: readonly number[][]): void {
  const means = rows[0].map((_, column) => rows.reduce((sum, row) => sum + row[column], 0) / rows.length);
  const behind = rows.filter(
    ([model, , ...baselines]) => model > 1.05 * baselines.reduce((least, error) => Math.min(least, error)),
  );
  console.log(
    `${kind.padEnd(12)}${means.map((value) => value.toFixed(3).padStart(12)).join('')}` +
      `${behind.length}/${rows.length}`.padStart(12),
  );
}

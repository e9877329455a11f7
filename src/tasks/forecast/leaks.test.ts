import { describe, expect, it } from 'vitest';
import { readTable } from '../../data/csv.js';
import type { Table } from '../../data/table.js';
import { Random, setSeed } from '../../random.js';
import type { ForecastOptions } from './forecast-options.js';
import { ForecastTraining } from './forecast-training.js';

/** Rows of training end at 210, those of validation at 240 of 300. */
const [TRAIN, SEEN, ROWS, SEASON] = [210, 240, 300, 12];
const options = {
  target: 'level',
  horizon: 4,
  timesteps: 9,
  season: SEASON,
  base: 'naive',
  units: 5,
  epochs: 1,
  batchSize: 16,
  refit: false,
  forecastWith: 'model',
} as const satisfies ForecastOptions;

function valuesOf(change: (row: number, value: number) => number = (_, value) => value): number[] {
  const random = new Random(4);
  return Array.from({ length: ROWS }, (_, row) => {
    const value = 50 + 9 * Math.sin((2 * Math.PI * row) / SEASON) + random.normal();
    return Number(change(row, value).toFixed(6));
  });
}

const tableOf = (values: readonly number[]): Promise<Table> =>
  readTable(`level,half\n${values.map((value) => `${value},${value / 2}`).join('\n')}\n`, { where: 'made.csv' });

async function trained(
  values: readonly number[],
  own: Partial<ForecastOptions> = {},
): Promise<{ training: ForecastTraining; weights: number[] }> {
  setSeed(6);
  const training = new ForecastTraining(await tableOf(values), { ...options, validation: 0.1, test: 0.2, ...own });
  expect(training.numRows).toEqual({ train: TRAIN, validation: SEEN - TRAIN, test: ROWS - SEEN });
  await training.train();
  return {
    training,
    weights: Object.values(training.forecaster.model.getWeights()).flatMap((weight) => [...weight.dataSync()]),
  };
}

describe('a network of forecasts', () => {
  // One epoch, so that validation has nothing to choose; a window or a scaler that sees one row too many changes the
  // weights. The change is large, since an absolute error has the same gradient for all targets on one side.
  it.each([TRAIN, TRAIN + 1, SEEN - 1, SEEN, ROWS - 1])('learns nothing from row %i', async (changed) => {
    const before = await trained(valuesOf());
    const after = await trained(valuesOf((row, value) => (row === changed ? value + 40 : value)));
    expect(after.weights).toEqual(before.weights);
  });

  it('learns from the last row of training', async () => {
    const before = await trained(valuesOf());
    const after = await trained(valuesOf((row, value) => (row === TRAIN - 1 ? value + 0.01 : value)));
    expect(after.weights).not.toEqual(before.weights);
  });
});

describe('what is chosen and measured', () => {
  it('does not depend on held-out rows: base, season, scales and forecasts of earlier rows', async () => {
    const own = { season: undefined, base: 'auto', timesteps: 9 } as const;
    const [{ training: before }, { training: after }] = [
      await trained(valuesOf(), own),
      await trained(
        valuesOf((row, value) => (row >= SEEN ? 400 - value * (row % 7) : value)),
        own,
      ),
    ];
    const factsOf = ({
      forecaster: {
        series: [{ base, scaler, naiveScale }],
        options: { season },
      },
    }: ForecastTraining): unknown => ({ base, scaler: scaler.toJSON(), naiveScale, season });
    expect(factsOf(after)).toEqual(factsOf(before));
    expect(after.forecaster.options.season).toBe(SEASON);
    const at = ({ forecaster, columns }: ForecastTraining): Promise<Float64Array> =>
      forecaster.predictAt(columns.series[0], [SEEN]);
    expect(await at(after)).toEqual(await at(before));
  });

  it('is scaled by the seasonal-naive errors of training rows alone', async () => {
    const values = valuesOf((row, value) => (row >= TRAIN ? 3 * value : value));
    const { training } = await trained(values);
    const { errors } = await training.evaluate();
    const differences = values.slice(SEASON, TRAIN).map((value, i) => Math.abs(value - values[i]));
    const scale = differences.reduce((a, b) => a + b) / differences.length;
    expect(errors.naive.mae / errors.naive.mase!).toBeCloseTo(scale, 9);
    expect(errors.model.mae / errors.model.mase!).toBeCloseTo(scale, 9);
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../test/support/central-differences.js';
import { expectClose } from '../../../test/support/close.js';
import { readTable } from '../../data/csv.js';
import type { Table } from '../../data/table.js';
import { Random, setSeed } from '../../random.js';
import { ForecastTeacher } from './forecast-teacher.js';
import { ForecastTraining, type TaughtForecastOptions } from './forecast-training.js';
import { ForecastWindows } from './forecast-windows.js';
import type { Forecaster } from './forecaster.js';
import { NetworkSeries } from './network-series.js';

/** A season of 12 on a level that wanders. */
function tableOf(numRows: number): Promise<Table> {
  const random = new Random(6);
  let drift = 0;
  const lines = Array.from({ length: numRows }, (_, row) => {
    drift = 0.97 * drift + 0.15 * random.normal();
    return (50 + 10 * Math.sin((2 * Math.PI * row) / 12) + 6 * drift + 0.3 * random.normal()).toFixed(4);
  });
  return readTable(`level\n${lines.join('\n')}\n`, { where: 'made.csv' });
}

const options = { epochs: 6, batchSize: 16, refit: false } as const;
const horizon = 5;
let table: Table;
let teacher: Forecaster;

beforeAll(async () => {
  table = await tableOf(500);
  setSeed(3);
  const given = { ...options, horizon, timesteps: 25, units: 11, base: 'naive', epochs: 10 } as const;
  const training = new ForecastTraining(table, given);
  await training.train();
  teacher = training.forecaster;
});

function student(more: Partial<TaughtForecastOptions> = {}): ForecastTraining {
  setSeed(9);
  return new ForecastTraining(table, { ...options, teacher: { model: teacher }, ...more });
}

describe('a forecaster with a teacher', () => {
  it('has its columns, horizon, window and base, and half its units', () => {
    expect(teacher.usesNetwork).toBe(true);
    const { season } = teacher.options;
    expect(student().forecaster.options).toMatchObject({ horizon, timesteps: 25, units: 6, base: 'naive', season });
    expect(student({ units: 7, timesteps: 13, horizon }).forecaster.options).toMatchObject({ units: 7, timesteps: 13 });
  });

  it('has targets that give the forecasts of its teacher, as far as alpha says', async () => {
    const { forecaster, columns } = student({ timesteps: 13 });
    const [series] = columns.series;
    const seen = new NetworkSeries(series, forecaster.series[0]);
    const windows = new ForecastWindows([{ series: seen, first: 20, end: 60 }], { timesteps: 13, horizon });
    for (const alpha of [1, 0.3]) {
      const taught = new ForecastTeacher({ model: teacher, alpha }, columns.series, [seen]);
      const order = windows.shuffled(40, 1, new Random(2)).next().value as Int32Array;
      const origins = Array.from(order, (index) => windows.placeOf(index).origin);
      const plain = windows.batch(order);
      const { value: batch } = await taught.batches(windows, 40, 1, new Random(2)).next();
      for (const [i, origin] of origins.entries()) {
        const own: Float32Array = batch!.y.data.subarray(i * horizon, (i + 1) * horizon);
        const untaught = plain.y.data.subarray(i * horizon, (i + 1) * horizon);
        if (origin < 25) {
          expect(own).toEqual(untaught);
          continue;
        }
        const theirs = await teacher.predictAt(series, [origin]);
        const corrections = Float32Array.from(own, (value, step) => (value - (1 - alpha) * untaught[step]) / alpha);
        expectClose(seen.corrected(seen.baseAt(origin, horizon), corrections, 1), theirs, 1e-4, `origin ${origin}`);
      }
      expect(batch!.sampleWeight).toEqual(plain.sampleWeight);
    }
  });

  it('comes nearer to its teacher than alone', async () => {
    const distances: number[] = [];
    const origins = Array.from({ length: 60 }, (_, i) => 410 + i);
    for (const alpha of [0, 1]) {
      const training = student({ teacher: { model: teacher, alpha }, epochs: 12, learningRate: 0.02 });
      await training.train();
      const { model } = training.forecaster;
      const seen = new NetworkSeries(training.columns.series[0], training.forecaster.series[0]);
      const windows = new ForecastWindows([{ series: seen, first: 410, end: 470 }], { timesteps: 25, horizon });
      const { x } = windows.batch(origins.map((_, i) => i));
      const corrections = await (await model.predict(x)).data();
      const theirs = await teacher.predictAt(training.columns.series[0], origins);
      let sum = 0;
      for (const [i, origin] of origins.entries())
        seen
          .corrected(seen.baseAt(origin, horizon), corrections.subarray(i * horizon, (i + 1) * horizon), 1)
          .forEach((value, step) => (sum += Math.abs(value - theirs[i * horizon + step])));
      distances.push(sum);
    }
    expect(distances[1]).toBeLessThan(0.95 * distances[0]);
  });

  it('refuses what the teacher decides, and a teacher without a network', () => {
    const made = (more: object): string => messageOf(() => student(more));
    expect(made({ horizon: 7 })).toMatch(/the teacher decides what is forecast from what\.\n {2}expected: horizon 5\n/);
    expect(made({ teacher: { model: teacher, alpha: 2 } })).toMatch(
      /^\[OUT_OF_RANGE\] ForecastTraining, teacher: `alpha`/,
    );
    expect(made({ teacher: { model: teacher, topK: 2 } })).toMatch(/unknown option `topK`/);
    const { findings } = teacher;
    teacher.findings = { ...findings, share: 0 };
    expect(made({})).toMatch(/^\[USAGE\] ForecastTraining, teacher: the teacher forecasts without its network/);
    teacher.findings = findings;
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../test/support/central-differences.js';
import { readTable } from '../../data/csv.js';
import type { Table } from '../../data/table.js';
import { Random, setSeed } from '../../random.js';
import { factorizeTask } from '../factorize-task.js';
import { ForecastTraining, type TaughtForecastOptions } from './forecast-training.js';
import type { Forecaster } from './forecaster.js';

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

const horizon = 5;
let table: Table;

async function trained(refit: boolean): Promise<Forecaster> {
  setSeed(3);
  const given = { batchSize: 16, horizon, timesteps: 25, units: 11, base: 'naive', epochs: 10, refit } as const;
  const training = new ForecastTraining(table, given);
  await training.train();
  expect(training.forecaster.usesNetwork).toBe(true);
  return training.forecaster;
}

const weightsOf = ({ model }: Forecaster): number[][] =>
  [...model.namedWeights()].map(([, { variable }]) => [...variable.dataSync()]);

describe('a training that goes on from a forecaster', () => {
  let initial: Forecaster;
  beforeAll(async () => {
    table = await tableOf(500);
    initial = await trained(false);
  });

  const goingOn = (more: Partial<TaughtForecastOptions> = {}, on = table): ForecastTraining => {
    setSeed(9);
    return new ForecastTraining(on, { epochs: 1, refit: false, learningRate: 0.001, ...more, initial });
  };

  it('begins with its weights, columns, horizon, window, base and scales, and forecasts as it does', async () => {
    const { forecaster, columns } = goingOn();
    expect(forecaster.options).toMatchObject({ horizon, timesteps: 25, units: 11, base: 'naive', batchSize: 16 });
    expect(weightsOf(forecaster)).toEqual(weightsOf(initial));
    expect(forecaster.series).toEqual(initial.series);
    forecaster.findings = initial.findings;
    const [series] = columns.series;
    expect(await forecaster.predictAt(series, [450])).toEqual(await initial.predictAt(series, [450]));
  });

  it('learns on, and measures what neither has seen', async () => {
    const training = goingOn();
    await training.train();
    const { forecaster } = training;
    expect(weightsOf(forecaster)).not.toEqual(weightsOf(initial));
    const [theirs, own] = [initial.findings.report!, forecaster.findings.report!];
    expect([own.numForecasts, own.rows]).toEqual([theirs.numForecasts, theirs.rows]);
    expect(own.errors.base).toEqual(theirs.errors.base);
    expect(own.errors.model.mae).toBeLessThan(own.errors.base.mae);
  });

  it('counts as seen what the earlier model has seen, and keeps its share', async () => {
    const kept = initial;
    initial = await trained(true);
    const training = goingOn();
    await training.train();
    const { forecaster } = training;
    expect(forecaster.series[0].numSeenRows).toBe(500);
    expect(forecaster.findings).toMatchObject({ share: initial.findings.share, validation: null, report: null });
    await expect(training.evaluate()).rejects.toThrow('[OUT_OF_RANGE]');
    // Of a longer file, what comes after.
    const longer = goingOn({ test: 0.3 }, await tableOf(560));
    await longer.train();
    expect(longer.forecaster.findings.report!.rows).toEqual([500, 560]);
    initial = kept;
  });

  it('has the ranks of its network', async () => {
    const kept = initial;
    initial = (await factorizeTask(initial, { ratio: 0.5 })) as Forecaster;
    const { forecaster } = goingOn();
    expect(weightsOf(forecaster)).toEqual(weightsOf(initial));
    expect(forecaster.model.countParams()).toBeLessThan(kept.model.countParams());
    initial = kept;
  });

  it('refuses what the model decides, a teacher beside it, and a model without its network', async () => {
    const refused = (more: Partial<TaughtForecastOptions>): string => messageOf(() => goingOn(more));
    expect(refused({ horizon: 6 })).toMatch(/^\[USAGE\] ForecastTraining: the model decides what is forecast/);
    expect(refused({ timesteps: 24 })).toContain('timesteps 25');
    expect(refused({ units: 12 })).toContain('decided by the model that training begins with');
    expect(refused({ teacher: { model: initial } })).toContain('goes on from a model or has a teacher');
    const kept = initial;
    initial = await trained(false);
    initial.findings = { ...initial.findings, share: 0 };
    expect(refused({})).toContain('forecasts without its network');
    initial = kept;
  });
});

import { describe, expect, it } from 'vitest';
import { Table } from '../../data/table.js';
import { Random, setSeed } from '../../random.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import { ForecastTraining } from './forecast-training.js';
import { Forecaster } from './forecaster.js';

/** A column that another one leads, on a season that the last value misses. */
function tableOf(numRows: number, change: (row: number, level: number) => number = (_, level) => level): Table {
  const random = new Random(6);
  let drift = 0;
  const rows = Array.from({ length: numRows }, (_, row) => {
    drift = 0.97 * drift + 0.15 * random.normal();
    const level = 50 + 10 * Math.sin((2 * Math.PI * row) / 12) + 6 * drift + 0.3 * random.normal();
    return [change(row, level).toFixed(4), (7 * Math.cos((2 * Math.PI * (row + 2)) / 12)).toFixed(4)];
  });
  return Table.fromRows('made', ['level', 'lead'], rows);
}

const options = {
  target: 'level',
  horizon: 5,
  timesteps: 11,
  epochs: 2,
  batchSize: 32,
  stepsPerEpoch: 12,
  base: 'naive',
  learningRate: 0.05,
  units: 'auto',
} as const;

describe('units of a forecaster', () => {
  it('are those of the lowest error on the validation rows, with their weights', async () => {
    setSeed(4);
    const training = new ForecastTraining(tableOf(400), { ...options, refit: false });
    expect(training.notes[0]).toBe('32 units are tried first, then 16 and 64 where the network helps');
    const outcome = await training.train();
    const { forecaster, columns, numRows } = training;
    const { sizes, share, validation } = forecaster.findings;
    expect(sizes!.map(({ units }) => units)).toEqual([32, 16, 64]);
    const best = sizes!.reduce((least, one) => (one.error < least.error ? one : least));
    // Neither the first nor the last, whose weights the model would have anyway.
    expect(best.units).toBe(16);
    expect(forecaster.units).toBe(best.units);
    expect([share, validation!.model]).toEqual([best.share, best.error]);
    expect(forecaster.outcome).toEqual(outcome);

    const [series] = columns.series;
    const seen = numRows.train + numRows.validation;
    const upToTest = {
      ...series,
      values: series.values.slice(0, 2 * seen),
      isReal: series.isReal.slice(0, 2 * seen),
      numRows: seen,
    };
    const { errors } = await forecaster.evaluate({ ...columns, series: [upToTest] }, { from: () => numRows.train });
    expect(errors.model.mae / forecaster.series[0].correctionScale).toBeCloseTo(best.error, 4);

    const { task } = deserializeTask(serializeTask(forecaster));
    expect(task).toMatchObject({ task: 'forecast', units: best.units, findings: { sizes } });
  });

  it('are the usual ones alone where the network is left out with them', async () => {
    setSeed(1);
    const random = new Random(8);
    const rows = Array.from({ length: 200 }, () => [(100 + random.normal()).toFixed(3)]);
    const training = new ForecastTraining(Table.fromRows('noise', ['y'], rows), {
      horizon: 4,
      epochs: 1,
      units: 'auto',
    });
    await training.train();
    const { findings, units } = training.forecaster;
    expect(units).toBe(32);
    expect(findings.sizes).toEqual([{ units: 32, error: findings.validation!.base, share: 0 }]);
  });

  it('are the usual ones where no rows choose, and as they are where they are given', async () => {
    const training = new ForecastTraining(tableOf(200), { ...options, validation: 0, epochs: 1 });
    expect(training.notes[0]).toBe('32 units: without validation rows nothing tells which width is better');
    await training.train();
    expect(training.forecaster.findings.sizes).toBeNull();
    const given = new ForecastTraining(tableOf(200), { ...options, units: 7 });
    expect(given.notes).toEqual([]);
    expect(given.forecaster.units).toBe(7);
    const train = (units: never) => new ForecastTraining(tableOf(200), { ...options, units });
    expect(() => train('small' as never)).toThrow('`units`');
    expect(() => train(0 as never)).toThrow('`units`');
  });

  it('do not depend on the held-out rows', async () => {
    const trained = async (change: (row: number, level: number) => number): Promise<Uint8Array> => {
      setSeed(5);
      const training = new ForecastTraining(tableOf(300, change), { ...options, refit: false });
      await training.train();
      expect(training.forecaster.findings.sizes).toHaveLength(3);
      training.forecaster.findings = { ...training.forecaster.findings, report: null, instead: null };
      return serializeTask(training.forecaster);
    };
    const first = await trained((_, level) => level);
    expect(await trained((row, level) => (row >= 240 ? 3 * level : level))).toEqual(first);
  });

  it.each([
    ['the second width', 1, 'choosing'],
    ['the last width', 2, 'choosing'],
    ['all rows, with the best', 3, 'refitting'],
  ])('end with the same bits when training was interrupted at %s and resumed', async (_, numTried, stage) => {
    const table = tableOf(400);
    setSeed(4);
    const whole = new ForecastTraining(table, options);
    await whole.train();
    expect(whole.forecaster.units).toBe(16);

    setSeed(4);
    const first = new ForecastTraining(table, options);
    const controller = new AbortController();
    let saved: Uint8Array | undefined;
    const onBatchEnd = ({ epoch, batch }: { epoch: number; batch: number }): void => {
      const { sizes, stage: now } = first.forecaster.findings;
      if ((sizes?.length ?? 0) === numTried && now === stage && epoch === 0 && batch === 4) controller.abort();
    };
    const save = (snapshot: TrainingSnapshot): void => void (saved = serializeTask(first.forecaster, snapshot));
    const { stopReason } = await first.train({
      signal: controller.signal,
      callbacks: [{ name: 'stopper', onBatchEnd }],
      checkpoint: { save },
    });
    expect(stopReason).toBe('aborted');

    setSeed(1);
    const { task, training } = deserializeTask(saved!);
    if (!(task instanceof Forecaster)) throw new Error(task.task);
    const second = new ForecastTraining(table, options, task);
    await second.train({ resumeFrom: training, callbacks: [{ name: 'stopper' }] });
    expect(Buffer.from(serializeTask(second.forecaster)).equals(Buffer.from(serializeTask(whole.forecaster)))).toBe(
      true,
    );
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { readTable } from '../../data/csv.js';
import { Table } from '../../data/table.js';
import { Random, setSeed } from '../../random.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import { seasonalScale } from './forecast-errors.js';
import { ForecastTraining } from './forecast-training.js';
import { Forecaster } from './forecaster.js';
import type { Series } from './series.js';
import type { SeriesColumns } from './series-columns.js';

/** A season of 12 on a level that wanders, and a second column that leads it. */
function tableOf(
  numRows: number,
  change: (row: number, level: number) => number = (_, level) => level,
): Promise<Table> {
  const random = new Random(6);
  let drift = 0;
  const lines = Array.from({ length: numRows }, (_, row) => {
    drift = 0.97 * drift + 0.15 * random.normal();
    const level = 50 + 10 * Math.sin((2 * Math.PI * row) / 12) + 6 * drift + 0.3 * random.normal();
    return `${row},${change(row, level).toFixed(4)},${(7 * Math.cos((2 * Math.PI * (row + 2)) / 12)).toFixed(4)}`;
  });
  return readTable(`row,level,lead\n${lines.join('\n')}\n`, { where: 'made.csv' });
}

/** A network that corrects the last value, as it was chosen. */
const options = {
  target: 'level',
  horizon: 7,
  timesteps: 25,
  epochs: 8,
  units: 11,
  batchSize: 16,
  base: 'naive',
  refit: false,
} as const;

describe('a forecaster', () => {
  let forecaster: Forecaster;
  let columns: SeriesColumns;
  let series: Series;
  let training: ForecastTraining;
  beforeAll(async () => {
    setSeed(3);
    training = new ForecastTraining(await tableOf(900), options);
    await training.train();
    ({ forecaster, columns } = training);
    [series] = columns.series;
  });

  it('beats the naive and the seasonal-naive forecast on the held-out end', async () => {
    expect(forecaster.options.season).toBe(12);
    const { errors, numForecasts, rows, shown } = await training.evaluate();
    expect(errors.model.mae).toBeLessThan(0.8 * errors.seasonalNaive.mae);
    expect(errors.model.mae).toBeLessThan(0.5 * errors.naive.mae);
    expect(forecaster.findings.report!.errors).toEqual(errors);
    expect(rows).toEqual([720, 900]);
    expect(numForecasts).toBe(900 - 720 - 7 + 1);
    expect(shown.at(-1)!.origin).toBe(893);
  });

  it('never sees what it forecasts', async () => {
    const changed = { ...series, values: series.values.map((value, at) => (at >= 2 * 800 ? value + 100 : value)) };
    expect(await forecaster.predictAt(changed, [800])).toEqual(await forecaster.predictAt(series, [800]));
    expect(await forecaster.predictAt(changed, [801])).not.toEqual(await forecaster.predictAt(series, [801]));
  });

  it('sees only the last timesteps rows, and what the base missed at the first of them', async () => {
    const changed = { ...series, values: series.values.map((value, at) => (at < 2 * (800 - 26) ? 0 : value)) };
    expect(await forecaster.predictAt(changed, [800])).toEqual(await forecaster.predictAt(series, [800]));
  });

  it('moves with the level of the series', async () => {
    const raised = { ...series, values: series.values.map((value, at) => (at % 2 === 0 ? value + 32 : value)) };
    const before = await forecaster.predictAt(series, [300, 501]);
    const after = await forecaster.predictAt(raised, [300, 501]);
    // float32 windows of a scaled series near 5: 24 bits leave about 1e-6 of the deviation, 7.
    after.forEach((value, i) => expect(value - 32).toBeCloseTo(before[i], 4));
  });

  it('forecasts many origins at once as one by one', async () => {
    const origins = Array.from({ length: 300 }, (_, i) => 30 + i);
    const together = await forecaster.predictAt(series, origins);
    for (const i of [0, 255, 256, 299]) {
      const alone = await forecaster.predictAt(series, [origins[i]]);
      alone.forEach((value, step) => expect(together[i * 7 + step]).toBeCloseTo(value, 4));
    }
  });

  it('is the same after a file, and then forecasts what follows a table', async () => {
    const { task } = deserializeTask(serializeTask(forecaster));
    if (!(task instanceof Forecaster)) throw new Error(task.task);
    const next = await task.predict(task.columnsOf(await tableOf(850)).series[0]);
    expect(next).toEqual(await forecaster.predict(forecaster.columnsOf(await tableOf(850)).series[0]));
    expect(next).toEqual(await forecaster.predictAt(series, [850]));
    expect(task.outcome).toEqual(forecaster.outcome);
  });

  it('measures the whole of another series, and the unseen end of its own', async () => {
    expect(forecaster.firstUnseenRow(series)).toBe(720);
    const longer = forecaster.columnsOf(await tableOf(1000));
    expect((await forecaster.evaluate(longer)).rows).toEqual([720, 1000]);
    const other = forecaster.columnsOf(await tableOf(900, (_, level) => level + 1));
    expect((await forecaster.evaluate(other)).rows).toEqual([25, 900]);
  });

  it('refuses a table without its columns, and a past that is too short', async () => {
    expect(() => forecaster.columnsOf(columnsTable)).toThrow('there is no column `level`');
    expect(() => forecaster.columnsOf(columnsTable)).toThrow('fix: name the columns as in the training data.');
    await expect(forecaster.predict(forecaster.columnsOf(await tableOf(24)).series[0])).rejects.toThrow(
      'at least 25 rows',
    );
    await expect(forecaster.evaluate(forecaster.columnsOf(await tableOf(31)))).rejects.toThrow('[OUT_OF_RANGE]');
  });

  it('refuses origins that are no rows of the series, nor the one after them', async () => {
    const short = forecaster.columnsOf(await tableOf(80)).series[0];
    expect(await forecaster.predictAt(short, [80])).toHaveLength(7);
    for (const origin of [81, 500, Number.NaN, 40.5, -1, '40' as unknown as number])
      await expect(forecaster.predictAt(short, [60, origin])).rejects.toThrow('[OUT_OF_RANGE] Forecaster.predictAt');
    await expect(forecaster.predictAt(short, [60, 81])).rejects.toThrow(
      'expected: a whole number of at least 1 and at most 80, the number of rows\n  received: 81',
    );
    for (const origins of [undefined, null, 80, '80'])
      await expect(forecaster.predictAt(short, origins as never)).rejects.toThrow('[USAGE] Forecaster.predictAt');
  });

  it('refuses what is no series and no table', async () => {
    for (const given of [undefined, null, [1, 2, 3], {}, 'a,b'])
      await expect(forecaster.predict(given as never)).rejects.toThrow('[USAGE] Forecaster.predict');
    for (const given of [undefined, 'a,b', [[1]]])
      expect(() => forecaster.columnsOf(given as never)).toThrow('[USAGE] Forecaster.columnsOf');
    const csv = 'day,load\n'.repeat(100);
    expect(() => forecaster.columnsOf(csv as never)).toThrow('(900 characters)');
  });

  let columnsTable: Table;
  beforeAll(async () => {
    columnsTable = await readTable('a,b\n1,2\n3,4\n', { where: 'other.csv' });
  });
});

describe('training a forecaster', () => {
  it('begins as the naive forecast', async () => {
    const { forecaster, columns } = new ForecastTraining(await tableOf(300), options);
    const [series] = columns.series;
    const level = series.values[2 * 199];
    (await forecaster.predictAt(series, [200])).forEach((value) => expect(value).toBeCloseTo(level, 4));
  });

  it('learns nothing from the held-out rows', async () => {
    const weightsWith = async (change: (row: number, level: number) => number): Promise<Uint8Array> => {
      setSeed(5);
      const training = new ForecastTraining(await tableOf(300, change), { ...options, epochs: 2 });
      await training.train();
      // The report is of the held-out rows.
      training.forecaster.findings = { ...training.forecaster.findings, report: null, instead: null };
      return serializeTask(training.forecaster);
    };
    const first = await weightsWith((_, level) => level);
    expect(await weightsWith((row, level) => (row >= 240 ? 3 * level : level))).toEqual(first);
    expect(await weightsWith((row, level) => (row >= 239 ? 3 * level : level))).not.toEqual(first);
  });

  it('ends with the weights of its best epoch', async () => {
    setSeed(2);
    const training = new ForecastTraining(await tableOf(400), { ...options, validation: 0.1, learningRate: 0.05 });
    const { forecaster, columns } = training;
    const { valLoss, bestEpoch } = await training.train();
    expect(bestEpoch).toBeLessThan(valLoss.length - 1);
    const [series] = columns.series;
    const seen = {
      ...columns,
      series: [
        { ...series, values: series.values.slice(0, 2 * 320), isReal: series.isReal.slice(0, 2 * 320), numRows: 320 },
      ],
    };
    forecaster.findings = { ...forecaster.findings, share: 1 };
    const { errors } = await forecaster.evaluate(seen, { from: () => training.numRows.train });
    expect(errors.model.mae / forecaster.series[0].correctionScale).toBeCloseTo(Math.min(...valLoss), 4);
  });

  it('ends with the same bits when it was interrupted within an epoch and resumed', async () => {
    const table = await tableOf(400);
    setSeed(7);
    const whole = new ForecastTraining(table, { ...options, epochs: 3, dropout: 0.2 });
    await whole.train();

    setSeed(7);
    const first = new ForecastTraining(table, { ...options, epochs: 3, dropout: 0.2 });
    const controller = new AbortController();
    let saved: Uint8Array | undefined;
    let numSteps = 0;
    const stopper = {
      name: 'stopper',
      onBatchEnd: () => void (++numSteps === first.numBatches + 3 && controller.abort()),
    };
    const save = (snapshot: TrainingSnapshot): void => void (saved = serializeTask(first.forecaster, snapshot));
    expect(
      (await first.train({ signal: controller.signal, callbacks: [stopper], checkpoint: { save } })).stopReason,
    ).toBe('aborted');

    setSeed(1);
    const { task, training } = deserializeTask(saved!);
    if (!(task instanceof Forecaster)) throw new Error(task.task);
    const second = new ForecastTraining(table, options, task);
    await second.train({ resumeFrom: training, callbacks: [{ name: 'stopper' }] });
    expect(Buffer.from(serializeTask(second.forecaster)).equals(Buffer.from(serializeTask(whole.forecaster)))).toBe(
      true,
    );
    const other = await tableOf(400, (_, level) => level + 1);
    expect(() => new ForecastTraining(other, options, task)).toThrow('not the series of the interrupted training');
  });

  it('chooses smoothing where a season wanders, leaves out a network that does not help, and learns from all rows', async () => {
    setSeed(4);
    const random = new Random(8);
    let level = 100;
    const lines = Array.from({ length: 150 }, (_, row) =>
      ((level += 0.3 * random.normal()) + 5 * (row % 12) + 4 * random.normal()).toFixed(3),
    );
    const table = await readTable(`y\n${lines.join('\n')}\n`, { where: 'y.csv' });
    const training = new ForecastTraining(table, { horizon: 5, units: 3, epochs: 2 });
    expect(training.forecaster.series[0]).toMatchObject({
      numTrainingRows: 90,
      numSeenRows: 120,
      base: { name: 'smoothing' },
    });
    await training.train();
    const { series, findings } = training.forecaster;
    expect(series[0]).toMatchObject({ numTrainingRows: 150, numSeenRows: 150, base: { name: 'smoothing' } });
    expect(findings).toMatchObject({ stage: 'done', share: 0, instead: null });
    const { errors, rows, bestBaseline } = await training.evaluate();
    expect(rows).toEqual([120, 150]);
    expect(errors.model).toEqual(errors.base);
    expect(errors.model.mae).toBeLessThan(errors[bestBaseline].mae);
  });

  it('forecasts with the last value where nothing beats it, unless it is told not to', async () => {
    const random = new Random(11);
    let level = 0;
    const table = await readTable(
      `y\n${Array.from({ length: 260 }, () => (level += random.normal()).toFixed(4)).join('\n')}\n`,
      { where: 'walk.csv' },
    );
    const trained = async (forecastWith: 'best' | 'model'): Promise<Forecaster> => {
      const training = new ForecastTraining(table, { horizon: 3, units: 3, epochs: 2, base: 'mean', forecastWith });
      await training.train();
      return training.forecaster;
    };
    const best = await trained('best');
    const [series] = best.columnsOf(table).series;
    expect(best.findings.instead).toBe('naive');
    expect([...(await best.predict(series))]).toEqual(new Array(3).fill(series.values[259]));
    const own = await trained('model');
    expect(own.findings.instead).toBeNull();
    expect([...(await own.predict(series))]).not.toContain(series.values[259]);
  });

  it('forecasts nothing below zero where no value is, unless it may', async () => {
    const table = await readTable(`y\n${Array.from({ length: 90 }, (_, row) => Math.max(0, 60 - row)).join('\n')}\n`, {
      where: 'falling.csv',
    });
    const forecastOf = async (allowNegative: boolean): Promise<number[]> => {
      const training = new ForecastTraining(table, {
        horizon: 4,
        units: 3,
        epochs: 1,
        base: 'drift',
        forecastWith: 'model',
        allowNegative,
        test: 0,
        validation: 0.2,
      });
      await training.train();
      return [...(await training.forecaster.predict(training.columns.series[0]))];
    };
    expect(await forecastOf(false)).toEqual([0, 0, 0, 0]);
    for (const value of await forecastOf(true)) expect(value).toBeLessThan(0);
  });

  it('does without validation rows and without held-out rows', async () => {
    const training = new ForecastTraining(await tableOf(300), { ...options, validation: 0, test: 0, epochs: 2 });
    expect(training.numRows).toEqual({ train: 300, validation: 0, test: 0 });
    const { valLoss, bestEpoch } = await training.train();
    expect([valLoss.length, bestEpoch]).toEqual([0, 1]);
    expect(training.forecaster.findings).toMatchObject({ share: 0.5, validation: null, report: null, instead: null });
    await expect(training.evaluate()).rejects.toThrow('no rows were held out');
  });

  it('ends with the same bits when it was interrupted while it learned from all rows', async () => {
    const table = await tableOf(300);
    const refitted = { ...options, epochs: 3, refit: true } as const;
    setSeed(7);
    const whole = new ForecastTraining(table, refitted);
    await whole.train();
    expect(whole.forecaster.findings.share).toBeGreaterThan(0);

    setSeed(7);
    const first = new ForecastTraining(table, refitted);
    const controller = new AbortController();
    let saved: Uint8Array | undefined;
    const stopper = {
      name: 'stopper',
      onBatchEnd: ({ batch }: { batch: number }) =>
        void (first.forecaster.findings.stage === 'refitting' && batch === 2 && controller.abort()),
    };
    const save = (snapshot: TrainingSnapshot): void => void (saved = serializeTask(first.forecaster, snapshot));
    expect(
      (await first.train({ signal: controller.signal, callbacks: [stopper], checkpoint: { save } })).stopReason,
    ).toBe('aborted');

    setSeed(1);
    const { task, training } = deserializeTask(saved!);
    if (!(task instanceof Forecaster)) throw new Error(task.task);
    expect(task.findings.stage).toBe('refitting');
    const second = new ForecastTraining(table, options, task);
    await second.train({ resumeFrom: training, callbacks: [{ name: 'stopper' }] });
    expect(Buffer.from(serializeTask(second.forecaster)).equals(Buffer.from(serializeTask(whole.forecaster)))).toBe(
      true,
    );
    expect((await second.evaluate()).rows).toEqual([240, 300]);
  });

  it('goes on with the base that was chosen where no season is known', async () => {
    const random = new Random(2);
    let error = 0;
    const rows = Array.from({ length: 60 }, (_, row) => [
      String(row),
      (50 + (error = 0.7 * error + random.normal())).toFixed(3),
    ]);
    const table = Table.fromRows('made', ['row', 'level'], rows);
    const shortened = { target: 'level', horizon: 5, units: 3 };
    const { forecaster } = new ForecastTraining(table, shortened);
    expect(forecaster.options.season).toBe(1);
    expect(() => new ForecastTraining(table, shortened, forecaster)).not.toThrow();
    expect(
      () => new ForecastTraining(Table.fromRows('made', ['row', 'level'], rows.slice(1)), shortened, forecaster),
    ).toThrow('not the series');
  });

  it('learns from all of a series that is too short for parts beside a longer one, and scores none of it', async () => {
    const own = (name: string, numRows: number): string[][] =>
      Array.from({ length: numRows }, (_, row) => [name, String(row), String((row * row) % 13)]);
    const table = Table.fromRows('made', ['shop', 'row', 'level'], [...own('A', 90), ...own('B', 20), ...own('C', 3)]);
    const training = new ForecastTraining(table, { target: 'level', horizon: 12, series: 'shop', units: 3, epochs: 1 });
    expect(
      training.forecaster.series.map(({ numTrainingRows, numSeenRows }) => [numTrainingRows, numSeenRows]),
    ).toEqual([
      [54, 72],
      [20, 20],
      [3, 3],
    ]);
    await training.train();
    expect((await training.evaluate()).series.map(({ name }) => name)).toEqual(['A']);
    const { task } = deserializeTask(serializeTask(training.forecaster));
    expect(task).toMatchObject({ task: 'forecast', series: [{ name: 'A' }, { name: 'B' }, { name: 'C' }] });
  });

  it('forecasts a series without a window by its base alone, beside others', async () => {
    const own = (name: string, numRows: number): string[][] =>
      Array.from({ length: numRows }, (_, row) => [name, String(row), String((row * row) % 13)]);
    const columns = ['shop', 'row', 'level'];
    const table = Table.fromRows('made', columns, [...own('A', 90), ...own('B', 16), ...own('C', 3)]);
    const training = new ForecastTraining(table, {
      ...{ target: 'level', horizon: 5, timesteps: 12, series: 'shop', units: 3, epochs: 1, base: 'naive' },
      ...{ forecastWith: 'model', validation: 0 },
    });
    await training.train();
    const { forecaster } = training;
    const [a, b, c] = training.columns.series;
    expect([a, b, c].map((series) => forecaster.baseAlone(series)?.name)).toEqual([undefined, 'naive', 'naive']);
    expect([...(await forecaster.predict(b))]).toEqual(new Array(5).fill((15 * 15) % 13));
    expect([...(await forecaster.predict(c))]).toEqual(new Array(5).fill(4));
    expect(new Set(await forecaster.predict(a)).size).toBeGreaterThan(1);
    // A file that holds little of the past of a series has no window either.
    const begun = forecaster.columnsOf(Table.fromRows('made', columns, own('A', 7)));
    expect([...(await forecaster.predict(begun.series[0]))]).toEqual(new Array(5).fill((6 * 6) % 13));
    // Its held-out rows are measured, with its base; those of a series without such rows are named.
    const { series, notMeasured } = await training.evaluate();
    expect(series.map(({ name, rows, baseAlone }) => [name, rows, baseAlone?.name])).toEqual([
      ['A', [72, 90], undefined],
      ['B', [11, 16], 'naive'],
    ]);
    expect(notMeasured).toEqual(['C']);
  });

  it('chooses base and scale of a series that was not there in training by the rows before those it measures', async () => {
    const random = new Random(4);
    const own = (name: string, change: (row: number) => number): string[][] =>
      Array.from({ length: 120 }, (_, row) => [
        name,
        String(row),
        (change(row) + 30 + 3 * (row % 7) + random.normal()).toFixed(3),
      ]);
    const columns = ['shop', 'row', 'level'];
    const flat = (): number => 0;
    const table = Table.fromRows('made', columns, [...own('A', flat), ...own('B', flat)]);
    const training = new ForecastTraining(table, {
      ...{ target: 'level', horizon: 4, timesteps: 9, series: 'shop', units: 3, epochs: 1, season: 7 },
    });
    await training.train();
    const rows = own('C', (row) => (row < 96 ? 0 : 500 * (row - 95)));
    const report = await training.forecaster.evaluate(
      training.forecaster.columnsOf(Table.fromRows('made', columns, rows)),
    );
    expect(report.series).toMatchObject([{ name: 'C', isNew: true, rows: [96, 120] }]);
    const evaluate = (first: number) =>
      training.forecaster.evaluate(training.forecaster.columnsOf(Table.fromRows('made', columns, rows)), {
        from: () => first,
      });
    expect((await evaluate(40)).series).toMatchObject([{ rows: [40, 120] }]);
    // Nothing before the first row says what its base and scale are.
    await expect(evaluate(0)).rejects.toThrow('`from` is out of range.\n  expected: a whole number of at least 1');
    const before = rows.slice(0, 96).map((cells) => Number(cells[2]));
    const { mae, mase } = report.errors.naive;
    expect(mae / mase!).toBeCloseTo(seasonalScale(before, 7), 9);
    // Whatever comes later, the base is the same.
    const { series } = training.forecaster.columnsOf(Table.fromRows('made', columns, rows));
    const knownBefore = training.forecaster.knownSeries(series[0], 96);
    expect(knownBefore.lowest).toBe(Math.min(...before));
    expect(knownBefore.numTrainingRows).toBe(96);
  });

  it('knows a single series of several by its name, and takes another for a new one', async () => {
    const own = (name: string, size: number): string[][] =>
      Array.from({ length: 60 }, (_, row) => [name, String(row), String(size * ((row * row) % 13))]);
    const columns = ['shop', 'row', 'level'];
    const table = (rows: string[][]): Table => Table.fromRows('made', columns, rows);
    const { forecaster } = new ForecastTraining(table(own('A', 1)), {
      ...{ target: 'level', horizon: 4, timesteps: 9, series: 'shop', units: 3, season: 7 },
    });
    const [a, b] = forecaster.columnsOf(table([...own('A', 1), ...own('B', 100)])).series;
    expect([a, b].map((series) => forecaster.isNew(series))).toEqual([false, true]);
    expect(forecaster.knownSeries(a)).toBe(forecaster.series[0]);
    expect(forecaster.knownSeries(b).scaler.toJSON().scale[0]).toBeGreaterThan(
      50 * forecaster.series[0].scaler.toJSON().scale[0],
    );
    expect((await forecaster.evaluate(forecaster.columnsOf(table(own('B', 100))))).series).toMatchObject([
      { name: 'B', isNew: true, rows: [48, 60] },
    ]);
  });

  it('refuses what are no options, and what a file cannot keep of its reading', async () => {
    const table = await tableOf(100);
    expect(() => new ForecastTraining(table, undefined as never)).toThrow('[USAGE] ForecastTraining: the options');
    const reading = { encoding: 8 } as never;
    expect(() => new ForecastTraining(table, { target: 'level', horizon: 3, reading })).toThrow(
      '[USAGE] ForecastTraining: this is not what it is made for.\n  expected: `reading`: texts by name',
    );
  });

  it('trains for no more epochs than there may be', async () => {
    const { forecaster } = new ForecastTraining(await tableOf(100), { target: 'level', horizon: 3, maxEpochs: 4 });
    expect(forecaster.options).toMatchObject({ epochs: 4, maxEpochs: 4 });
  });

  it('says of many series that are too short how long the longest is, and asks for another column of names', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => [`day ${i}`, String((i * 7) % 11)]);
    const table = Table.fromRows('made', ['day', 'y'], rows);
    const train = () => new ForecastTraining(table, { target: 'y', series: 'day', horizon: 3 });
    expect(train).toThrow('all of the 30 series are too short for the horizon.');
    expect(train).toThrow('received: 1 row in the longest series; 3 would be for validation, 3 would be held out');
    expect(train).toThrow('name another column with `series`');
  });

  it('refuses a horizon longer than the parts of the series', async () => {
    const table = await tableOf(100);
    expect(() => new ForecastTraining(table, { target: 'level', horizon: 40 })).toThrow(
      '20 of 100 rows; 40 are for validation, 40 are held out',
    );
    expect(() => new ForecastTraining(table, { target: 'level', horizon: 60 })).toThrow(
      'received: 100 rows; 60 would be for validation, 60 would be held out',
    );
    expect(() => new ForecastTraining(table, { target: 'level', horizon: 7, timesteps: 90 })).toThrow(
      'at least 97 rows to learn from',
    );
    expect(() => new ForecastTraining(table, { target: 'levle', horizon: 2 })).toThrow('did you mean `level`');
    expect(() => new ForecastTraining(table, { target: 'level', horizon: 0 })).toThrow('[OUT_OF_RANGE]');
    expect(() => new ForecastTraining(table, { target: 'level', horizon: 2, epochs: 9, maxEpochs: 4 })).toThrow(
      '`maxEpochs`',
    );
    expect(() => new ForecastTraining(table, { target: 'level', horizon: 2, season: 61 })).toThrow(
      'at most 60, the rows of the training part',
    );
  });

  it('has validation rows for twenty horizons by default, as far as a fifth goes, and a tenth of a longer series', async () => {
    const validationOf = async (numRows: number, horizon: number): Promise<number> =>
      new ForecastTraining(await tableOf(numRows), { target: 'level', horizon, base: 'naive' }).numRows.validation;
    expect([await validationOf(400, 3), await validationOf(200, 3), await validationOf(700, 3)]).toEqual([60, 40, 70]);
  });

  it('says how many rows a forecast needs: its window, and the longest season of its base', async () => {
    const training = new ForecastTraining(await tableOf(200), {
      target: 'level',
      horizon: 3,
      timesteps: 8,
      base: 'seasonalNaive',
      season: 19,
    });
    const [series] = training.columns.series;
    expect(training.forecaster.rowsNeeded(series)).toBe(19);
    expect(
      new ForecastTraining(await tableOf(200), {
        target: 'level',
        horizon: 3,
        timesteps: 8,
        base: 'naive',
      }).forecaster.rowsNeeded(series),
    ).toBe(8);
  });
});

import { refuseUnknownOptions, requireCount, requireNumber, RondoError } from '../../errors.js';
import { detectSeason } from '../../data/season.js';
import type { Table } from '../../data/table.js';
import type { Random } from '../../random.js';
import { Dense } from '../../layers/dense.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { meanAbsoluteError } from '../../training/losses/index.js';
import { Sequential } from '../../training/sequential.js';
import type { ForecastReport } from './forecast-report.js';
import { ForecastWindows } from './forecast-windows.js';
import { Forecaster } from './forecaster.js';
import { type RecurrentTaskOptions, recurrentStack, recurrentTaskOptionNames, requireRecurrentOptions } from '../recurrent-stack.js';
import { columnOf, type Series } from './series.js';
import { type SeriesColumns, seriesColumns, type SeriesColumnsOptions } from './series-columns.js';
import { trainedSeries, trainedSeriesJson } from './trained-series.js';
import { cosineAdam, runTraining, type TaskLearningRateOptions, type TrainingControls, type TrainingOutcome } from '../training-run.js';

/** How a forecaster is built and trained. `timesteps` is the length of the window that a forecast sees. */
export interface ForecastOptions extends SeriesColumnsOptions, RecurrentTaskOptions {
  /** Steps to forecast. */
  horizon: number;
  /** Steps of a season, for the seasonal-naive forecast; found by autocorrelation by default. */
  season?: number;
  /** Share of the rows, before the test part, that chooses the best epoch. Default 0.1. */
  validation?: number;
  /** Share of the rows, at the end, that is held out for the errors. Default 0.2. */
  test?: number;
  /** Epochs without improvement after which training stops. Default 8. */
  patience?: number;
}

/** Rows of training, validation and what is held out, in this order. */
export interface RowsOfParts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

const defaults = { features: 'all', missing: 'previous', time: 'auto', timeFormat: 'auto', series: 'none', cell: 'gru', units: 32, layers: 1, dropout: 0.1, epochs: 30, batchSize: 64, learningRate: 0.005, validation: 0.1, test: 0.2, patience: 8 } as const;

/**
 * A direct multi-step forecaster of one column of a table: windows of the past through recurrent layers to the next `horizon`
 * changes of the target. Rows are split in the order of time, scalers see the training part only, and the loss is the mean
 * absolute error, which is less swayed by rare jumps than its square.
 *
 * @example
 * const training = new ForecastTraining(await readTable(csv, { where: 'series.csv' }), { target: 'load', horizon: 24 });
 * await training.train();
 * const { errors } = await training.evaluate();
 *
 * @throws UNKNOWN_NAME, OUT_OF_RANGE, DATA_FORMAT before anything is computed.
 */
export class ForecastTraining {
  readonly forecaster: Forecaster;
  readonly columns: SeriesColumns;
  /** Rows of each part, all series together. */
  readonly numRows: RowsOfParts;
  /** Steps of an epoch. */
  readonly numBatches: number;
  readonly #trainWindows: ForecastWindows;
  readonly #validationWindows: ForecastWindows;
  /** By series. */
  readonly #parts: readonly RowsOfParts[];

  /** @param interrupted the forecaster of a checkpoint, to go on with; its own options then count. */
  constructor(table: Table, options: ForecastOptions, interrupted?: Forecaster) {
    const where = 'ForecastTraining';
    if (interrupted === undefined) requireKnown(where, options);
    const given = interrupted?.options ?? ({ ...defaults, ...withoutUndefined(options) } as ForecastOptions & typeof defaults);
    this.columns = interrupted?.columnsOf(table) ?? seriesColumns(table, given);
    const { names, series } = this.columns;
    this.#parts = series.map(({ numRows }) => partsOf(numRows, given));
    const longest = this.#parts.reduce((found, parts) => (parts.train > found.train ? parts : found));
    requireParts(longest, 1, given.horizon);
    const first = this.#parts.indexOf(longest);
    const season = given.season ?? detectSeason(columnOf(series[first], 0).subarray(0, longest.train)) ?? 1;
    const { horizon } = given;
    const timesteps = given.timesteps ?? defaultTimesteps(horizon, season, longest.train);
    const resolved = { ...given, target: names[0], season, timesteps };
    if (interrupted === undefined) requireRecurrentOptions(where, resolved);
    requireParts(longest, timesteps, horizon);
    this.numRows = sumOf(this.#parts);

    const trained = series.map((one, i) => trainedSeries(one, { train: this.#parts[i].train, seen: this.#parts[i].train + this.#parts[i].validation }, season));
    if (interrupted !== undefined && JSON.stringify(interrupted.series.map(trainedSeriesJson)) !== JSON.stringify(trained.map(trainedSeriesJson))) throw otherSeries(table.where);
    const width = names.length;
    const scaled = series.map(({ values }, i) => trained[i].scaler.transform(values));
    const windows = (part: (rows: RowsOfParts) => [from: number, to: number]): ForecastWindows => {
      const rows = series.map(({ isReal }, i) => {
        const [from, to] = part(this.#parts[i]).map((row) => Math.max(0, row) * width);
        return { values: scaled[i].subarray(from, to), isReal: isReal.subarray(from, to) };
      });
      return new ForecastWindows(rows, { columns: width, timesteps, horizon });
    };
    this.#trainWindows = windows(({ train }) => [0, train]);
    // Windows of the validation part begin in the training part, as in use, and forecast the validation part alone.
    this.#validationWindows = windows(({ train, validation }) => [train - timesteps, train + validation]);
    this.numBatches = Math.ceil(this.#trainWindows.length / resolved.batchSize);
    this.forecaster = interrupted ?? new Forecaster(modelOf(width, resolved), names, trained, resolved, this.columns.reading);
    this.forecaster.model.compile({
      optimizer: cosineAdam({ learningRate: resolved.learningRate, numSteps: this.numBatches * resolved.epochs }),
      loss: meanAbsoluteError(),
    });
  }

  /** Windows to train on. */
  get numWindows(): number {
    return this.#trainWindows.length;
  }

  /** Which learning rates suit this model on these data; trains nothing. See {@link findLearningRate}. @throws ABORTED */
  findLearningRate(options: TaskLearningRateOptions = {}): Promise<LearningRateSearch> {
    return findLearningRate(this.forecaster.model, this.#trainData, options);
  }

  /** Trains, and leaves {@link ForecastTraining.forecaster} with the weights of its best epoch. */
  async train(controls: TrainingControls = {}): Promise<TrainingOutcome> {
    const { model, options } = this.forecaster;
    const { batchSize, epochs, patience } = options;
    const outcome = await runTraining(
      model,
      { train: this.#trainData, validation: () => this.#validationWindows.batches(4 * batchSize), epochs, patience },
      controls,
    );
    this.forecaster.outcome = outcome;
    return outcome;
  }

  readonly #trainData = (_epoch: number, random: Random) => this.#trainWindows.batches(this.forecaster.options.batchSize, random);

  /** The errors on the held-out end. */
  evaluate(options: { signal?: AbortSignal } = {}): Promise<ForecastReport> {
    const from = (series: Series): number => {
      const { train, validation } = this.#parts[this.columns.series.indexOf(series)];
      return train + validation;
    };
    return this.forecaster.evaluate(this.columns, { from, ...options });
  }
}

function modelOf(columns: number, options: Required<ForecastOptions>): Sequential {
  const [first, ...rest] = recurrentStack(options, { stateful: false, returnSequences: false });
  // Zeros make the untrained model the naive forecast.
  const head = new Dense({ units: options.horizon, kernelInitializer: 'zeros' });
  return new Sequential([first, ...rest, head], { inputShape: [null, columns] });
}

/** A season, or four horizons where that is more, as far as the training part allows. */
function defaultTimesteps(horizon: number, season: number, numTrainingRows: number): number {
  const wanted = Math.min(336, Math.max(season, 4 * horizon, 8));
  return Math.max(1, Math.min(wanted, Math.floor((numTrainingRows - horizon) / 2)));
}

function requireKnown(where: string, options: ForecastOptions): void {
  refuseUnknownOptions(where, options, [...recurrentTaskOptionNames, 'target', 'features', 'missing', 'time', 'timeFormat', 'series', 'horizon', 'season', 'validation', 'test', 'patience']);
  requireCount(where, 'horizon', options.horizon);
  if (options.season !== undefined) requireCount(where, 'season', options.season);
  if (options.patience !== undefined) requireCount(where, 'patience', options.patience);
  for (const name of ['validation', 'test'] as const) {
    if (options[name] !== undefined) requireNumber(where, name, options[name], 'a number between 0 and 1', (value) => value > 0 && value < 1);
  }
}

function partsOf(numRows: number, shares: { validation: number; test: number }): RowsOfParts {
  const [validation, test] = [Math.round(numRows * shares.validation), Math.round(numRows * shares.test)];
  return { train: numRows - validation - test, validation, test };
}

function sumOf(parts: readonly RowsOfParts[]): RowsOfParts {
  const sum = (name: keyof RowsOfParts): number => parts.reduce((total, rows) => total + rows[name], 0);
  return { train: sum('train'), validation: sum('validation'), test: sum('test') };
}

function requireParts({ train, validation, test }: RowsOfParts, timesteps: number, horizon: number): void {
  const faults = [
    train < timesteps + horizon ? `training: ${train} rows, at least ${timesteps + horizon} (timesteps ${timesteps} + horizon ${horizon}) are needed` : '',
    validation < horizon ? `validation: ${validation} rows, at least ${horizon} (the horizon) are needed` : '',
    test < horizon ? `test: ${test} rows, at least ${horizon} (the horizon) are needed` : '',
  ].filter((fault) => fault !== '');
  if (faults.length === 0) return;
  throw new RondoError('OUT_OF_RANGE', {
    where: 'ForecastTraining',
    what: 'the series is too short for the horizon.',
    expected: 'room for a window in training, validation and test',
    received: faults.join('; '),
    fix: 'use a shorter horizon, fewer timesteps, or a longer series.',
  });
}

function otherSeries(where: string): RondoError {
  return new RondoError('USAGE', { where, what: 'this is not the series of the interrupted training.', expected: 'the same file', fix: 'give the same data, or start anew without resuming.' });
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

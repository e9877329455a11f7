import { isText, recordOf } from '../../data/saved-fields.js';
import { Table } from '../../data/table.js';
import { RondoError, requireCount } from '../../errors.js';
import { Dense } from '../../layers/dense.js';
import { type Random, withRandom } from '../../random.js';
import { givenOptions, type Resolved } from '../../resolved.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { meanAbsoluteError } from '../../training/losses/index.js';
import { Sequential } from '../../training/sequential.js';
import { recurrentStack, requireRecurrentOptions } from '../recurrent-stack.js';
import { wrongData } from '../require-texts.js';
import {
  cosineAdam,
  runTraining,
  type TaskLearningRateOptions,
  type TrainingControls,
  type TrainingOutcome,
} from '../training-run.js';
import { type BaseChoice, chooseBase } from './choose-base.js';
import { chooseShare } from './choose-share.js';
import { type ForecastOptions, forecastBudget, forecastDefaults, requireForecastOptions } from './forecast-options.js';
import {
  defaultTimesteps,
  defaultValidation,
  learnedWhereShort,
  partsOf,
  type RowsOfParts,
  requireRoom,
  requireSeason,
  sumOfParts,
} from './forecast-parts.js';
import { type ForecastReport, sizeOfError } from './forecast-report.js';
import { ForecastWindows, type ForecastWindowsOptions } from './forecast-windows.js';
import { Forecaster } from './forecaster.js';
import { NetworkSeries } from './network-series.js';
import { columnOf, realTargets, type Series } from './series.js';
import { type SeriesColumns, seriesColumns } from './series-columns.js';
import type { SeriesReading } from './series-reading.js';
import { type SeenRows, type TrainedSeries, trainedSeries, trainedSeriesJson } from './trained-series.js';
import { budgetNotes, mostValidationWindows, stepsOfEpoch } from './training-budget.js';

const areTexts = recordOf(isText);

/** Share of the network's corrections where no validation rows say how good they are. */
const shareWithoutValidation = 0.5;

export interface ForecastTrainingOptions extends ForecastOptions {
  /** What was told of the file that the table was read from, as its encoding; kept in the model's file. */
  reading?: SeriesReading['file'] | undefined;
}

/**
 * A direct multi-step forecaster of one column of a table: a base forecast without a network, and a recurrent net that
 * corrects it from a window of the past. In turn:
 *
 * 1. The base of each series is chosen on its training and validation rows, from many origins ({@link chooseBase}).
 * 2. The network learns from the training rows and keeps the weights of its best epoch on the validation rows, which
 *   then choose the share of its corrections. The loss is the mean absolute error, which is less swayed by rare jumps
 *   than its square.
 * 3. The errors on the held-out rows are kept as the report.
 * 4. With `refit` base and network learn again, from all rows, for as many epochs as were best.
 *
 * @example
 * const training = new ForecastTraining(await readTable(csv, { where: 'series.csv' }),
 * { target: 'load', horizon: 24 }); await training.train(); const report = await training.evaluate();
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
  /** By series. */
  readonly #parts: readonly RowsOfParts[];
  readonly #trainWindows: ForecastWindows;
  readonly #validationWindows: ForecastWindows;

  /** @param interrupted the forecaster of a checkpoint, to go on with; its own options then count. */
  constructor(table: Table, all: ForecastTrainingOptions, interrupted?: Forecaster) {
    const where = 'ForecastTraining';
    if (!(table instanceof Table)) throw wrongData(where, 'a table', table, 'a table, such as `await readTable(csv)`');
    if (interrupted === undefined) requireForecastOptions(where, all);
    const { reading: file = {}, ...options } = all;
    if (!areTexts(file)) throw wrongData(where, '`reading`: texts by name', file, "texts, as { encoding: 'utf-16le' }");
    const wanted = interrupted?.options ?? {
      ...forecastDefaults,
      ...forecastBudget(options),
      ...givenOptions(options),
    };
    this.columns = interrupted?.columnsOf(table) ?? seriesColumns(table, wanted);
    const { names, series } = this.columns;
    const { horizon } = wanted;
    const validation = interrupted?.options.validation ?? options.validation ?? defaultValidation(series, horizon);
    const given = { ...wanted, validation };
    const parts = series.map(({ numRows }) => partsOf(numRows, given));
    const longest = parts.reduce((found, own) => (own.train > found.train ? own : found));
    requireRoom(longest, { timesteps: 1, horizon, numSeries: series.length });
    if (given.season !== undefined) requireSeason(longest, given.season);
    this.#parts = parts.map(learnedWhereShort);
    if (interrupted !== undefined && interrupted.series.length !== series.length) throw otherSeries(table.where);

    const split = this.#parts.map(({ train, validation }) => ({ train, seen: train + validation }));
    // Not chosen again: the season that was found then counts as known now, and other bases would be tried.
    const choices =
      interrupted?.series.map(({ base }) => ({ base, season: interrupted.options.season })) ??
      series.map((one, i) => this.#choose(one, split[i].seen, given));
    const { season } = choices[parts.indexOf(longest)];
    const timesteps = given.timesteps ?? defaultTimesteps(horizon, season, longest.train);
    const resolved = { ...given, target: names[0], season, timesteps };
    if (interrupted === undefined) requireRecurrentOptions(where, resolved);
    requireRoom(longest, { timesteps, horizon, numSeries: series.length });
    this.numRows = sumOfParts(this.#parts);

    const isRefitting = interrupted?.findings.stage === 'refitting';
    const chosen = series.map((one, i) => trainedSeries(one, split[i], { ...choices[i], season, horizon }));
    const known = isRefitting ? this.#onAllRows(chosen, resolved) : chosen;
    if (interrupted !== undefined && !sameSeries(interrupted.series, known)) throw otherSeries(table.where);
    const seen = this.#networkSeries(known);
    const trainPart = isRefitting ? allRows : ({ train }: RowsOfParts) => [0, train] as const;
    this.#trainWindows = this.#windows(seen, known, resolved, trainPart);
    // Windows of the validation part begin in the training part, as in use, and forecast the validation part alone.
    const most = mostValidationWindows(timesteps);
    this.#validationWindows = this.#windows(seen, known, { timesteps, horizon, most }, ({ train, validation }) => [
      train,
      train + validation,
    ]);
    if (this.#trainWindows.length === 0) throw noWindow(known, resolved);
    this.numBatches = numBatchesOf(this.#trainWindows, resolved);
    this.forecaster =
      interrupted ??
      new Forecaster(modelOf(seen[0].width, resolved), names, known, resolved, { ...this.columns.reading, file });
    const numEpochs = isRefitting ? this.#refitEpochs : resolved.epochs;
    compile(this.forecaster.model, resolved, {
      numSteps: this.numBatches * numEpochs,
      startsAgain: !isRefitting && resolved.maxEpochs > numEpochs,
    });
  }

  /** Windows to train on. */
  get numWindows(): number {
    return this.#trainWindows.length;
  }

  /** What of long series is drawn from, and how much of it; a sentence each, none for short ones. */
  get notes(): string[] {
    const { batchSize, horizon, stepsPerEpoch } = this.forecaster.options;
    return budgetNotes({
      numWindows: this.#trainWindows.length,
      windowsPerEpoch: this.numBatches * batchSize,
      isGiven: stepsPerEpoch !== 'auto',
      validation: this.#validationWindows,
      numTestOrigins: this.#parts.reduce((sum, { test }) => sum + Math.max(0, test - horizon + 1), 0),
      mostRows: this.#parts.reduce((most, { train, validation }) => Math.max(most, train + validation), 0),
    });
  }

  /**
   * Which learning rates suit this model on these data; trains nothing. See {@link findLearningRate}. @throws ABORTED
   */
  findLearningRate(options: TaskLearningRateOptions = {}): Promise<LearningRateSearch> {
    return findLearningRate(this.forecaster.model, this.#trainData, options);
  }

  /** Trains, and leaves {@link ForecastTraining.forecaster} as it is to be used. */
  async train(controls: TrainingControls = {}): Promise<TrainingOutcome> {
    const { forecaster } = this;
    const { test, refit } = { test: this.numRows.test, refit: forecaster.options.refit };
    if (forecaster.findings.stage === 'refitting') return this.#refit(this.#trainWindows, controls);
    const outcome = await this.#select(controls);
    forecaster.outcome = outcome;
    if (outcome.stopReason === 'aborted') return outcome;
    const chosen =
      this.#validationWindows.length === 0
        ? undefined
        : await chooseShare(forecaster.model, this.#validationWindows, 4 * forecaster.options.batchSize);
    forecaster.findings = {
      ...forecaster.findings,
      share: chosen?.share ?? shareWithoutValidation,
      validation: chosen === undefined ? null : { base: chosen.base, model: chosen.model },
    };
    const report = test === 0 ? null : await this.#measure();
    forecaster.findings = {
      ...forecaster.findings,
      report,
      instead: report === null ? null : betterBaseline(report, forecaster.options),
      stage: 'done',
    };
    return refit ? this.#beginRefit(outcome, controls) : outcome;
  }

  /**
   * The errors on the held-out rows, of the model before it learned from them. @throws OUT_OF_RANGE where no rows are
   * held out
   */
  async evaluate(): Promise<ForecastReport> {
    if (this.numRows.test === 0) throw nothingHeldOut();
    return this.forecaster.findings.report ?? this.#measure();
  }

  readonly #trainData = (_epoch: number, random: Random) =>
    this.#trainWindows.shuffledBatches(this.forecaster.options.batchSize, this.numBatches, random);

  #measure(): Promise<ForecastReport> {
    const { series } = this.columns;
    const from = (one: Series): number => one.numRows - this.#parts[series.indexOf(one)].test;
    return this.forecaster.evaluate(this.columns, { from });
  }

  #select(controls: TrainingControls): Promise<TrainingOutcome> {
    const { model, options } = this.forecaster;
    const { batchSize, epochs, maxEpochs, patience } = options;
    const hasValidation = this.#validationWindows.length > 0;
    const validation = hasValidation ? () => this.#validationWindows.batches(4 * batchSize) : undefined;
    return runTraining(model, { train: this.#trainData, validation, epochs, maxEpochs, patience }, controls);
  }

  async #beginRefit(outcome: TrainingOutcome, controls: TrainingControls): Promise<TrainingOutcome> {
    const { forecaster } = this;
    const { options } = forecaster;
    const before = forecaster.model;
    forecaster.series = this.#onAllRows(forecaster.series, options);
    // Without a share of it the network is not asked, so that it need not learn again.
    if (forecaster.findings.share === 0) return outcome;
    const seen = this.#networkSeries(forecaster.series);
    const windows = this.#windows(seen, forecaster.series, options, allRows);
    // Its weights and its order go on from the stream of the model before, which a checkpoint holds.
    forecaster.model = withRandom(before.random, () => modelOf(seen[0].width, options));
    forecaster.model.random.state = before.random.state;
    forecaster.findings = { ...forecaster.findings, stage: 'refitting' };
    compile(forecaster.model, options, {
      numSteps: numBatchesOf(windows, options) * this.#refitEpochs,
      startsAgain: false,
    });
    return this.#refit(windows, { ...controls, resumeFrom: undefined });
  }

  async #refit(windows: ForecastWindows, controls: TrainingControls): Promise<TrainingOutcome> {
    const { forecaster } = this;
    const { batchSize } = forecaster.options;
    const numBatches = numBatchesOf(windows, forecaster.options);
    const train = (_epoch: number, random: Random) => windows.shuffledBatches(batchSize, numBatches, random);
    const { stopReason } = await runTraining(
      forecaster.model,
      { train, validation: undefined, epochs: this.#refitEpochs, patience: 0 },
      controls,
    );
    if (stopReason !== 'aborted') forecaster.findings = { ...forecaster.findings, stage: 'done' };
    return {
      ...forecaster.outcome!,
      stopReason: stopReason === 'aborted' ? 'aborted' : forecaster.outcome!.stopReason,
    };
  }

  /** As many as were best. */
  get #refitEpochs(): number {
    return (this.forecaster.outcome?.bestEpoch ?? 0) + 1;
  }

  #choose(
    series: Series,
    numRows: number,
    { base = 'auto', horizon, season }: Pick<ForecastOptions, 'base' | 'horizon' | 'season'>,
  ): BaseChoice {
    const rows = { values: columnOf(series, 0).subarray(0, numRows), isReal: realTargets(series) };
    const { time, series: all } = this.columns;
    return chooseBase(rows, {
      horizon,
      season,
      frequency: time?.frequency,
      base: base === 'auto' ? undefined : base,
      numSeries: all.length,
    });
  }

  /** The same kinds of base, with everything they and the network are scaled by, from all rows. */
  #onAllRows(before: readonly TrainedSeries[], options: { horizon: number; season: number }): TrainedSeries[] {
    const { horizon, season } = options;
    return this.columns.series.map((series, i) => {
      const { base } = this.#choose(series, series.numRows, { base: before[i].base.name, horizon, season });
      const rows: SeenRows = { train: series.numRows, seen: series.numRows };
      return { ...trainedSeries(series, rows, { base, season, horizon }), naiveScale: before[i].naiveScale };
    });
  }

  #networkSeries(known: readonly TrainedSeries[]): NetworkSeries[] {
    return this.columns.series.map((series, i) => new NetworkSeries(series, known[i]));
  }

  /** The windows that forecast rows of a part alone. */
  #windows(
    seen: readonly NetworkSeries[],
    known: readonly TrainedSeries[],
    { timesteps, horizon, most }: ForecastWindowsOptions,
    part: (rows: RowsOfParts) => readonly [number, number],
  ): ForecastWindows {
    const origins = seen.map((series, i) => {
      const [from, to] = part(this.#parts[i]);
      return { series, first: Math.max(from, NetworkSeries.rowsNeeded(known[i], timesteps)), end: to - horizon + 1 };
    });
    return new ForecastWindows(origins, { timesteps, horizon, most });
  }
}

const allRows = ({ train, validation, test }: RowsOfParts): readonly [number, number] => [0, train + validation + test];

function numBatchesOf(
  windows: ForecastWindows,
  options: Pick<Resolved<ForecastOptions>, 'batchSize' | 'timesteps' | 'stepsPerEpoch'>,
): number {
  requireCount('ForecastTraining', 'batchSize', options.batchSize);
  return options.stepsPerEpoch === 'auto' ? stepsOfEpoch(windows.length, options) : options.stepsPerEpoch;
}

function compile(
  model: Sequential,
  { learningRate }: { learningRate: number },
  steps: { numSteps: number; startsAgain: boolean },
): void {
  model.compile({ optimizer: cosineAdam({ learningRate, ...steps }), loss: meanAbsoluteError() });
}

function modelOf(width: number, options: Resolved<ForecastOptions>): Sequential {
  const [first, ...rest] = recurrentStack(options, { stateful: false, returnSequences: false });
  // Zeros make the untrained model the base forecast.
  const head = new Dense({ units: options.horizon, kernelInitializer: 'zeros' });
  return new Sequential([first, ...rest, head], { inputShape: [null, width] });
}

/**
 * The baseline that is ahead of the model, where forecasts may be made with it. Where both are equal the simpler one
 * is.
 */
function betterBaseline(
  { errors, bestBaseline }: ForecastReport,
  { forecastWith }: { forecastWith: string },
): ForecastReport['bestBaseline'] | null {
  return forecastWith === 'best' && sizeOfError(errors[bestBaseline]) <= sizeOfError(errors.model)
    ? bestBaseline
    : null;
}

function sameSeries(before: readonly TrainedSeries[], now: readonly TrainedSeries[]): boolean {
  // Files of before there were runs have none; the fingerprint tells.
  const comparable = (series: TrainedSeries): unknown => trainedSeriesJson({ ...series, overlap: null });
  return JSON.stringify(before.map(comparable)) === JSON.stringify(now.map(comparable));
}

function otherSeries(where: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what: 'this is not the series of the interrupted training.',
    expected: 'the same file',
    fix: 'give the same data, or start anew without resuming.',
  });
}

function noWindow(
  known: readonly TrainedSeries[],
  { timesteps, horizon }: { timesteps: number; horizon: number },
): RondoError {
  const needed =
    known.reduce((least, series) => Math.min(least, NetworkSeries.rowsNeeded(series, timesteps)), Infinity) + horizon;
  return new RondoError('OUT_OF_RANGE', {
    where: 'ForecastTraining',
    what: 'no training part has room for a window.',
    expected: `at least ${needed} rows to learn from`,
    received: known
      .map(({ numTrainingRows }) => numTrainingRows)
      .slice(0, 5)
      .join(', '),
    fix: 'use a shorter horizon, fewer timesteps, a shorter season, or a longer series.',
  });
}

function nothingHeldOut(): RondoError {
  return new RondoError('OUT_OF_RANGE', {
    where: 'ForecastTraining.evaluate',
    what: 'no rows were held out, so nothing says how good the forecasts are.',
    expected: 'a `test` part',
    received: 'test 0',
    fix: 'hold rows out, or call Forecaster.evaluate with rows that came later.',
  });
}

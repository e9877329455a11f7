import { isText, recordOf } from '../../data/saved-fields.js';
import { Table } from '../../data/table.js';
import { refuseUnknownOptions, requireCount } from '../../errors.js';
import { type Random, withRandom } from '../../random.js';
import { givenOptions, type Resolved } from '../../resolved.js';
import type { Callback } from '../../training/callbacks/callback.js';
import type { DatasetBatch } from '../../training/dataset.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { readWeights } from '../../training/model-weights.js';
import { custom, withDefaults } from '../option-table.js';
import { wrongData } from '../require-texts.js';
import {
  requireControls,
  runTraining,
  type TaskLearningRateOptions,
  type TrainingControls,
  type TrainingOutcome,
} from '../training-run.js';
import { type BaseChoice, chooseBase } from './choose-base.js';
import { type ChosenShare, chooseShare } from './choose-share.js';
import { BestUnits, unitsToTry } from './choose-units.js';
import { compileNetwork, type PlannedSteps } from './forecast-network.js';
import { type ForecastOptions, forecastBudget, forecastOptions, requireForecastOptions } from './forecast-options.js';
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
import { ForecastTeacher, optionsBeside, type TeachingForecaster } from './forecast-teacher.js';
import { ForecastWindows, type ForecastWindowsOptions } from './forecast-windows.js';
import { Forecaster } from './forecaster.js';
import { ForecastBeginning } from './initial-forecaster.js';
import { NetworkSeries } from './network-series.js';
import { columnOf, realTargets, type Series } from './series.js';
import { type SeriesColumns, seriesColumns } from './series-columns.js';
import type { SeriesReading } from './series-reading.js';
import { type SeenRows, type TrainedSeries, trainedSeriesJson } from './trained-series.js';
import { budgetNotes, mostValidationWindows, stepsOfEpoch } from './training-budget.js';
import { nothingHeldOut, noWindow, otherSeries } from './training-faults.js';

const areTexts = recordOf(isText);

const withReading = {
  ...forecastOptions,
  reading: custom({
    check: (where, file) => {
      if (!areTexts(file))
        throw wrongData(where, '`reading`: texts by name', file, "texts, as { encoding: 'utf-16le' }");
    },
  }),
};

/** Share of the network's corrections where no validation rows say how good they are. */
const shareWithoutValidation = 0.5;

export interface ForecastTrainingOptions extends ForecastOptions {
  /** What was told of the file that the table was read from, as its encoding; kept in the model's file. */
  reading?: SeriesReading['file'] | undefined;
  /**
   * A larger forecaster of the same columns: targets are `(1 - alpha)` times the values and `alpha` times (default 0.5) what
   * it forecasts. Columns, horizon and season are its own; its window, base, cell and layers are taken, and half its units,
   * where nothing else is said. Its file was trained on all rows in the end, so that errors on held-out rows are a little
   * kind to its student.
   */
  teacher?: TeachingForecaster | undefined;
  /**
   * An earlier forecaster, whose weights, columns, horizon, window, bases and scales training begins with. What it has
   * learned from is not measured again; where the validation rows are among that, the share of its corrections stays.
   */
  initial?: Forecaster | undefined;
}

/** Options beside a teacher or an earlier model, which says what they leave open. */
export type TaughtForecastOptions = Partial<ForecastTrainingOptions> &
  ({ teacher: TeachingForecaster } | { initial: Forecaster });

/**
 * A direct multi-step forecaster of one column of a table: a base forecast without a network, and a recurrent net that
 * corrects it from a window of the past. In turn:
 *
 * 1. The base of each series is chosen on its training and validation rows, from many origins ({@link chooseBase}).
 * 2. The network learns from the training rows and keeps the weights of its best epoch on the validation rows, which
 *   then choose the share of its corrections; with `units: 'auto'` for one width after the other, and the one of the
 *   lowest error is taken. The loss is the mean absolute error, which is less swayed by rare jumps than its square.
 * 3. The errors on the held-out rows are kept as the report.
 * 4. With `refit` base and network learn again, from all rows, for as many epochs as were best.
 *
 * @example
 * const training = new ForecastTraining(await readTable(csv, { where: 'series.csv' }), { target: 'load', horizon: 24 });
 * await training.train();
 * const report = await training.evaluate();
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
  readonly #teacher: TeachingForecaster | undefined;
  readonly #beginning: ForecastBeginning;
  /** By series, as the network that is trained sees them. */
  #seen: readonly NetworkSeries[];

  /** @param interrupted the forecaster of a checkpoint, to go on with; its own options then count. */
  constructor(table: Table, everything: ForecastTrainingOptions | TaughtForecastOptions, interrupted?: Forecaster) {
    const where = 'ForecastTraining';
    refuseUnknownOptions(where, everything, [...Object.keys(withReading), 'teacher', 'initial']);
    const { teacher, initial, ...all } = everything;
    if (!(table instanceof Table)) throw wrongData(where, 'a table', table, 'a table, such as `await readTable(csv)`');
    const { reading: file = {}, ...said } = all;
    const options = optionsBeside(where, { initial, teacher }, said);
    if (interrupted === undefined) requireForecastOptions(where, { ...all, ...options }, withReading);
    this.#teacher = teacher;
    const wanted =
      interrupted?.options ?? withDefaults(forecastOptions, { ...forecastBudget(options), ...givenOptions(options) });
    this.columns =
      (interrupted ?? initial ?? teacher?.model)?.columnsOf(table, initial && said) ?? seriesColumns(table, wanted);
    const { names, series } = this.columns;
    const { horizon } = wanted;
    const validation = interrupted?.options.validation ?? options.validation ?? defaultValidation(series, horizon);
    const given = { ...wanted, validation };
    const parts = series.map(({ numRows }) => partsOf(numRows, given));
    const longest = parts.reduce((found, own) => (own.train > found.train ? own : found));
    requireRoom(longest, { timesteps: 1, horizon, numSeries: series.length });
    if (given.season !== undefined) requireSeason(longest, given.season);
    this.#parts = parts.map(learnedWhereShort);
    this.#beginning = new ForecastBeginning(initial, series, this.#parts);
    if (interrupted !== undefined && interrupted.series.length !== series.length) throw otherSeries(table.where);

    const split = this.#parts.map(({ train, validation }) => ({ train, seen: train + validation }));
    // Not chosen again: the season that was found then counts as known now, and other bases would be tried.
    const choices =
      interrupted?.series.map(({ base }) => ({ base, season: interrupted.options.season })) ??
      series.map((one, i) => this.#choose(one, split[i].seen, given));
    const { season } = choices[parts.indexOf(longest)];
    const timesteps = given.timesteps ?? defaultTimesteps(horizon, season, longest.train);
    const resolved = withDefaults(forecastOptions, { ...given, target: names[0], season, timesteps });
    const units = resolved.units === 'auto' ? unitsToTry[0] : resolved.units;
    requireRoom(longest, { timesteps, horizon, numSeries: series.length });
    this.numRows = sumOfParts(this.#parts);

    const isRefitting = interrupted?.findings.stage === 'refitting';
    const chosen = series.map((one, i) =>
      this.#beginning.trainedSeries(one, split[i], { ...choices[i], season, horizon }),
    );
    const known = isRefitting ? this.#onAllRows(chosen, resolved) : chosen;
    if (interrupted !== undefined && !sameSeries(interrupted.series, known)) throw otherSeries(table.where);
    const seen = this.#networkSeries(known);
    this.#seen = seen;
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
      new Forecaster(this.#beginning.network(seen[0].width, { ...resolved, units }), names, known, resolved, {
        ...this.columns.reading,
        file,
      });
    const refitSteps = { numSteps: this.numBatches * this.#refitEpochs, startsAgain: false };
    compileNetwork(this.forecaster.model, resolved.learningRate, isRefitting ? refitSteps : this.#choosingSteps);
  }

  /** Windows to train on. */
  get numWindows(): number {
    return this.#trainWindows.length;
  }

  /** Which widths are tried, and what of long series is drawn from, and how much of it; a sentence each. */
  get notes(): string[] {
    const { batchSize, horizon, stepsPerEpoch } = this.forecaster.options;
    const ofBudget = budgetNotes({
      numWindows: this.#trainWindows.length,
      windowsPerEpoch: this.numBatches * batchSize,
      isGiven: stepsPerEpoch !== 'auto',
      validation: this.#validationWindows,
      numTestOrigins: this.#parts.reduce((sum, { test }) => sum + Math.max(0, test - horizon + 1), 0),
      mostRows: this.#parts.reduce((most, { train, validation }) => Math.max(most, train + validation), 0),
    });
    if (this.forecaster.options.units !== 'auto') return ofBudget;
    const [first, ...others] = unitsToTry;
    const ofUnits = this.#triesUnits
      ? `${first} units are tried first, then ${others.join(' and ')} where the network helps`
      : `${first} units: without validation rows nothing tells which width is better`;
    return [ofUnits, ...ofBudget];
  }

  /**
   * Which learning rates suit this model on these data; trains nothing. See {@link findLearningRate}. @throws ABORTED
   */
  findLearningRate(options: TaskLearningRateOptions = {}): Promise<LearningRateSearch> {
    return findLearningRate(this.forecaster.model, this.#trainData, options);
  }

  /** Trains, and leaves {@link ForecastTraining.forecaster} as it is to be used. */
  async train(controls: TrainingControls = {}): Promise<TrainingOutcome> {
    requireControls('ForecastTraining.train', controls);
    const { forecaster } = this;
    const { options } = forecaster;
    const { keptShare } = this.#beginning;
    if (forecaster.findings.stage === 'refitting') return this.#refit(this.#trainWindows, controls);
    const { outcome, chosen } = await (this.#triesUnits ? this.#selectUnits(controls) : this.#select(controls));
    forecaster.outcome = outcome;
    if (outcome.stopReason === 'aborted') return outcome;
    const isChosenHere = chosen !== undefined && keptShare === undefined;
    forecaster.findings = {
      ...forecaster.findings,
      share: keptShare ?? chosen?.share ?? shareWithoutValidation,
      validation: isChosenHere ? { base: chosen.base, model: chosen.model } : null,
    };
    const report = this.#beginning.isMeasurable(options.horizon) ? await this.#measure() : null;
    forecaster.findings = {
      ...forecaster.findings,
      report,
      instead: report === null ? null : betterBaseline(report, forecaster.options),
      stage: 'done',
    };
    return options.refit ? this.#beginRefit(outcome, controls) : outcome;
  }

  /**
   * The errors on the held-out rows, of the model before it learned from them. @throws OUT_OF_RANGE where no rows are
   * held out
   */
  async evaluate(): Promise<ForecastReport> {
    if (!this.#beginning.isMeasurable(this.forecaster.options.horizon)) throw nothingHeldOut();
    return this.forecaster.findings.report ?? this.#measure();
  }

  readonly #trainData = (_epoch: number, random: Random) =>
    this.#shuffledBatches(this.#trainWindows, this.numBatches, random);

  #shuffledBatches(
    windows: ForecastWindows,
    numBatches: number,
    random: Random,
  ): Iterable<DatasetBatch> | AsyncIterable<DatasetBatch> {
    const { batchSize } = this.forecaster.options;
    return this.#teacher === undefined
      ? windows.shuffledBatches(batchSize, numBatches, random)
      : new ForecastTeacher(this.#teacher, this.columns.series, this.#seen).batches(
          windows,
          batchSize,
          numBatches,
          random,
        );
  }

  #measure(): Promise<ForecastReport> {
    return this.forecaster.evaluate(this.columns, { from: (one) => this.#beginning.heldOutFrom(one) });
  }

  /** Whether there is more than one width, and a part that can tell which is better. */
  get #triesUnits(): boolean {
    return this.forecaster.options.units === 'auto' && this.#validationWindows.length > 0;
  }

  /** Trains, and chooses the share of the corrections: undefined without validation rows, or where it was stopped. */
  async #select(
    controls: TrainingControls,
    own: readonly Callback[] = [],
  ): Promise<{ outcome: TrainingOutcome; chosen: ChosenShare | undefined }> {
    const { model, options } = this.forecaster;
    const { batchSize, epochs, maxEpochs, patience } = options;
    const windows = this.#validationWindows;
    const hasValidation = windows.length > 0;
    const validation = hasValidation ? () => windows.batches(4 * batchSize) : undefined;
    const { numBatches } = this;
    const rounds = { epochs, maxEpochs, patience, numBatches };
    const data = { train: this.#trainData, validation, ...rounds, compression: options };
    const outcome = await runTraining(model, data, controls, own);
    const canChoose = hasValidation && outcome.stopReason !== 'aborted';
    return { outcome, chosen: canChoose ? await chooseShare(model, windows, 4 * batchSize) : undefined };
  }

  /** The same for one width after the other, while the network helps; leaves the model of the best. */
  async #selectUnits(
    controls: TrainingControls,
  ): Promise<{ outcome: TrainingOutcome; chosen: ChosenShare | undefined }> {
    const { forecaster } = this;
    const keeper = new BestUnits();
    for (let resumeFrom = controls.resumeFrom; ; resumeFrom = undefined) {
      const tried = forecaster.findings.sizes ?? [];
      const units = unitsToTry[tried.length] ?? unitsToTry[0];
      const { outcome, chosen } = await this.#select({ ...controls, resumeFrom }, [keeper]);
      if (chosen === undefined) return { outcome, chosen };
      keeper.consider({ units, outcome, chosen, weights: await readWeights(forecaster.model) });
      const sizes = [...tried, { units, error: chosen.model, share: chosen.share }];
      forecaster.findings = { ...forecaster.findings, sizes };
      const next = sizes[0].share === 0 ? undefined : unitsToTry[sizes.length];
      if (next === undefined) break;
      this.#beginModel(next, this.#choosingSteps);
    }
    const best = keeper.best!;
    this.#beginModel(best.units, this.#choosingSteps);
    forecaster.model.setWeights(best.weights);
    return best;
  }

  async #beginRefit(outcome: TrainingOutcome, controls: TrainingControls): Promise<TrainingOutcome> {
    const { forecaster } = this;
    const { options } = forecaster;
    forecaster.series = this.#onAllRows(forecaster.series, options);
    // Without a share of it the network is not asked, so that it need not learn again.
    if (forecaster.findings.share === 0) return outcome;
    this.#seen = this.#networkSeries(forecaster.series);
    const windows = this.#windows(this.#seen, forecaster.series, options, allRows);
    this.#beginModel(forecaster.units, {
      numSteps: numBatchesOf(windows, options) * this.#refitEpochs,
      startsAgain: false,
    });
    forecaster.findings = { ...forecaster.findings, stage: 'refitting' };
    return this.#refit(windows, { ...controls, resumeFrom: undefined });
  }

  async #refit(windows: ForecastWindows, controls: TrainingControls): Promise<TrainingOutcome> {
    const { forecaster } = this;
    const numBatches = numBatchesOf(windows, forecaster.options);
    const train = (_epoch: number, random: Random) => this.#shuffledBatches(windows, numBatches, random);
    const { stopReason } = await runTraining(
      forecaster.model,
      {
        train,
        validation: undefined,
        epochs: this.#refitEpochs,
        patience: 0,
        numBatches,
        compression: forecaster.options,
      },
      controls,
    );
    if (stopReason !== 'aborted') forecaster.findings = { ...forecaster.findings, stage: 'done' };
    return {
      ...forecaster.outcome!,
      stopReason: stopReason === 'aborted' ? 'aborted' : forecaster.outcome!.stopReason,
    };
  }

  /** A new model in place of the one before: weights and order go on from its stream, which a checkpoint holds. */
  #beginModel(units: number, steps: PlannedSteps): void {
    const { forecaster } = this;
    const before = forecaster.model;
    forecaster.model = withRandom(before.random, () =>
      this.#beginning.network(this.#seen[0].width, { ...forecaster.options, units }),
    );
    forecaster.model.random.state = before.random.state;
    compileNetwork(forecaster.model, forecaster.options.learningRate, steps);
  }

  /** Steps while the best epoch is chosen. */
  get #choosingSteps(): PlannedSteps {
    const { epochs, maxEpochs } = this.forecaster.options;
    return { numSteps: this.numBatches * epochs, startsAgain: maxEpochs > epochs };
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
    return (
      this.#beginning.baseOf(series) ??
      chooseBase(rows, {
        horizon,
        season,
        frequency: time?.frequency,
        base: base === 'auto' ? undefined : base,
        numSeries: all.length,
      })
    );
  }

  /** The same kinds of base, with everything they and the network are scaled by, from all rows. */
  #onAllRows(before: readonly TrainedSeries[], options: { horizon: number; season: number }): TrainedSeries[] {
    const { horizon, season } = options;
    return this.columns.series.map((series, i) => {
      const { base } = this.#choose(series, series.numRows, { base: before[i].base.name, horizon, season });
      const rows: SeenRows = { train: series.numRows, seen: series.numRows };
      return {
        ...this.#beginning.trainedSeries(series, rows, { base, season, horizon }),
        naiveScale: before[i].naiveScale,
      };
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

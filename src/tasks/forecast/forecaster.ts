import { Table } from '../../data/table.js';
import { RondoError, requireCount, requireNumber } from '../../errors.js';
import type { Resolved } from '../../resolved.js';
import type { Sequential } from '../../training/sequential.js';
import type { ModuleCode, TakenByNet } from '../module-code.js';
import { wrongData } from '../require-texts.js';
import type { TaskFields, TaskModel } from '../task.js';
import type { TrainingOutcome } from '../training-run.js';
import type { BaseForecast } from './base-forecast.js';
import { chooseBase } from './choose-base.js';
import { type ForecastFindings, findingsJson, noFindings } from './findings.js';
import { defaultTest, type ForecastOptions } from './forecast-options.js';
import { partsOf } from './forecast-parts.js';
import { type ForecastReport, forecastReport } from './forecast-report.js';
import { forecasterCode } from './forecaster-code.js';
import { NetworkSeries } from './network-series.js';
import { endOfSeen } from './seen-runs.js';
import { columnOf, fingerprintOfRows, realTargets, type Series } from './series.js';
import { type SeriesColumns, seriesColumns } from './series-columns.js';
import { SeriesForecasts } from './series-forecasts.js';
import type { SeriesColumnsOptions } from './series-options.js';
import { type SeriesReading, seriesReadingJson } from './series-reading.js';
import { type TrainedSeries, trainedSeries, trainedSeriesJson } from './trained-series.js';

/** A trained model of series with everything needed to use it. See {@link ForecastTraining}. */
export class Forecaster implements TaskModel {
  readonly task = 'forecast';
  /** What was found out about series that were not there in training, and from how many of their rows. */
  readonly #found = new WeakMap<Series, TrainedSeries>();

  constructor(
    /**
     * Windows `[batch, time, inputs]` to corrections of the base forecast, `[batch, horizon]`; another one once it is
     * trained on all rows.
     */
    public model: Sequential,
    /** Its columns, the target first. */
    readonly names: readonly string[],
    /** What it was trained on. */
    public series: readonly TrainedSeries[],
    /** Everything it was trained with. */
    readonly options: Readonly<Resolved<ForecastOptions>>,
    /** How its table was read; undefined for a file from before tables had times. */
    readonly reading: SeriesReading | undefined,
    /** How training went; undefined before. */
    public outcome?: TrainingOutcome,
    public findings: ForecastFindings = noFindings,
  ) {}

  /**
   * The columns it was trained on, out of a table that is read as that of the training was.
   *
   * @param options where the times of this table are, and how they are written, where that is otherwise.
   * @throws UNKNOWN_NAME where a column is missing; DATA_FORMAT where one holds no numbers; USAGE for what is no table.
   */
  columnsOf(table: Table, { time, timeFormat }: Pick<SeriesColumnsOptions, 'time' | 'timeFormat'> = {}): SeriesColumns {
    const given: unknown = table;
    if (!(given instanceof Table))
      throw wrongData('Forecaster.columnsOf', 'a table', given, 'a table, such as `await readTable(csv)`');
    requireColumns(table, this.names, this.reading, time === undefined);
    const [target, ...features] = this.names;
    const missing = this.options.missing === 'error' ? 'error' : 'previous';
    return seriesColumns(
      table,
      { target, features: features.length === 0 ? 'none' : features, missing, time, timeFormat },
      this.reading,
    );
  }

  /**
   * The next `horizon` values of the target after the end of a series.
   *
   * @param series at least `timesteps` rows, and a whole season of the base forecast; one of several that has fewer is
   * forecast by its base alone.
   * @throws OUT_OF_RANGE where a single series has fewer; USAGE for what is no series.
   */
  async predict(series: Series): Promise<Float64Array> {
    requireSeries('Forecaster.predict', series);
    return this.predictAt(series, [series.numRows]);
  }

  /**
   * The forecasts for rows `origin` and after, for each of the origins: `[origins * horizon]`. Each sees only what is
   * before it. They are those of the model, or of the baseline that was ahead of it; see
   * {@link ForecastFindings.instead}.
   *
   * @param origins rows that have what a forecast needs before them; the row after the last is the largest.
   * @throws OUT_OF_RANGE for another origin; USAGE for what is no series, or no list.
   */
  async predictAt(series: Series, origins: ArrayLike<number>): Promise<Float64Array> {
    const where = 'Forecaster.predictAt';
    requireSeries(where, series);
    const most = series.numRows;
    if (typeof origins !== 'object' || typeof origins?.length !== 'number')
      throw wrongData(where, 'rows to forecast from', origins, 'a list of rows, such as [series.numRows]');
    for (let i = 0; i < origins.length; i++)
      requireNumber(
        where,
        `origins[${i}]`,
        origins[i],
        `a whole number of at least 1 and at most ${most}, the number of rows`,
        (origin) => Number.isInteger(origin) && origin >= 1 && origin <= most,
      );
    const forecasts = new SeriesForecasts(this, series);
    const { instead } = this.findings;
    return instead === null ? forecasts.model(origins) : forecasts.baseline(instead, origins);
  }

  /**
   * Compares the model's forecasts with the truth and with baselines, at every origin whose window and horizon are
   * known.
   *
   * @param from first row of a series that may be forecast; by default the end of what it was trained on where the
   * series is the same, else the first row with a whole window before it. Of one of several series that was not there
   * in training, base and scale are chosen by the rows before that, so it is by default the beginning of what training
   * would have held out.
   * @throws OUT_OF_RANGE when no window fits.
   */
  async evaluate(
    columns: SeriesColumns,
    options: { from?: ((series: Series) => number) | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<ForecastReport> {
    const { from = (series) => this.#firstMeasured(series), signal } = options;
    const firstOf = (series: Series): number => {
      const first = from(series);
      requireCount('Forecaster.evaluate', 'from', first, this.isNew(series) ? 1 : 0);
      return first;
    };
    return forecastReport(this, columns, firstOf, signal);
  }

  /**
   * What it knows of a series: by its name, and where it was trained on one without a name that, whatever the name. For
   * a series of another name it is found out from the first rows of the series itself.
   */
  knownSeries(series: Series, numRows = series.numRows): TrainedSeries {
    const trained = this.#trained(series);
    if (trained !== undefined) return trained;
    const before = this.#found.get(series);
    if (before?.numTrainingRows === numRows) return before;
    const { horizon, season, base: asked } = this.options;
    const rows = { values: columnOf(series, 0).subarray(0, numRows), isReal: realTargets(series) };
    const { base } = chooseBase(rows, { horizon, season, base: asked === 'auto' ? undefined : asked });
    const found = {
      ...trainedSeries(series, { train: numRows, seen: numRows }, { base, season, horizon }),
      numSeenRows: 0,
    };
    this.#found.set(series, found);
    return found;
  }

  /** Whether a series is another than those it was trained on: one of a name that was not there. */
  isNew(series: Series): boolean {
    return this.#trained(series) === undefined;
  }

  /** Rows of a series that must come before a forecast of it that the network has a part in. */
  rowsNeeded(series: Series): number {
    return NetworkSeries.rowsNeeded(this.knownSeries(series), this.options.timesteps);
  }

  /** Whether it forecasts several series, so that one without a window has its base alone. */
  get isOfSeveral(): boolean {
    return this.series.length > 1 || (this.reading?.series.length ?? 0) > 0;
  }

  /**
   * The base that alone makes the next values of a series, as it is too short for the network; undefined where all are
   * made alike.
   */
  baseAlone(series: Series): BaseForecast | undefined {
    const known = this.knownSeries(series);
    const { timesteps } = this.options;
    const hasWindow = !this.isShort(known) && series.numRows >= NetworkSeries.rowsNeeded(known, timesteps);
    return hasWindow || !this.usesNetwork ? undefined : known.base;
  }

  /**
   * Whether the rows of a series hold no window that the network could learn from, so that its base alone forecasts it.
   */
  isShort(known: TrainedSeries): boolean {
    const { timesteps, horizon } = this.options;
    return this.isOfSeveral && known.numTrainingRows < NetworkSeries.rowsNeeded(known, timesteps) + horizon;
  }

  /** Width of the recurrent layers of its model: with `units: 'auto'` the one that is trained, in the end the best. */
  get units(): number {
    const { units } = this.options;
    return units === 'auto' ? Number(this.model.layers[0].getConfig().units) : units;
  }

  /** @internal */
  forgetReport(): void {
    this.findings = { ...this.findings, report: null };
  }

  /** Whether the network has a part in forecasts at all. */
  get usesNetwork(): boolean {
    return this.findings.share > 0 && this.findings.instead === null;
  }

  /**
   * Number of rows at the beginning of a series that it was trained on, though the file ends earlier, begins later or
   * has a corrected value: by time where there are times, else by runs of values; undefined for another series.
   */
  firstUnseenRow(series: Series): number | undefined {
    const trained = this.#trained(series);
    if (trained === undefined) return undefined;
    const { numSeenRows, overlap } = trained;
    if (this.isTrainedFile(series)) return numSeenRows;
    if (numSeenRows === 0 || overlap === null) return undefined;
    const end = endOfSeen(overlap, numSeenRows, columnOf(series, 0));
    if (end === undefined) return undefined;
    const { lastTime } = overlap;
    const bound =
      lastTime === null || series.times === undefined ? end : series.times.filter((ms) => ms <= lastTime).length;
    return Math.min(bound, series.numRows);
  }

  /** Whether a series begins with exactly the rows that it was trained on. */
  isTrainedFile(series: Series): boolean {
    const trained = this.#trained(series);
    if (trained === undefined) return false;
    const { numSeenRows, fingerprint } = trained;
    return numSeenRows > 0 && series.numRows >= numSeenRows && fingerprintOfRows(series, numSeenRows) === fingerprint;
  }

  /**
   * Why rows of a series may have been seen in training though their values do not tell; undefined where they were not,
   * or where {@link Forecaster.firstUnseenRow} knows them.
   */
  doubtOf(series: Series): 'times' | 'early file' | undefined {
    const trained = this.#trained(series);
    if (trained === undefined) return undefined;
    const { numSeenRows, overlap } = trained;
    if (numSeenRows === 0 || this.firstUnseenRow(series) !== undefined) return undefined;
    if (overlap === null) return 'early file';
    const first = series.times?.[0];
    return overlap.lastTime !== null && first !== undefined && first <= overlap.lastTime ? 'times' : undefined;
  }

  /** `createForecaster().predict(rows)` of a module of `standaloneCode`. */
  moduleCode(takes: TakenByNet): ModuleCode {
    return forecasterCode(this, takes);
  }

  /** What a model file keeps beside the weights, the options and the outcome. */
  toJSON(): TaskFields {
    return {
      names: this.names,
      series: this.series.map(trainedSeriesJson),
      ...(this.reading && { reading: seriesReadingJson(this.reading) }),
      findings: findingsJson(this.findings),
    };
  }

  #trained(series: Series): TrainedSeries | undefined {
    return this.isOfSeveral ? this.series.find(({ name }) => name === series.name) : this.series[0];
  }

  /** The end of what training has seen of a series; of one that was not there, where it would have held rows out. */
  #firstMeasured(series: Series): number {
    return this.isNew(series) ? this.#firstHeldOut(series) : (this.firstUnseenRow(series) ?? 0);
  }

  /** Where the part begins that training would have held out of a series, or a fifth where it held out none. */
  #firstHeldOut({ numRows }: Series): number {
    const { test, horizon } = this.options;
    const { train } = partsOf(numRows, { validation: 0, test: test || defaultTest, horizon });
    return train > 0 ? train : numRows;
  }
}

/**
 * @throws UNKNOWN_NAME with all columns that training had and a table lacks: nobody named them, so the table is at
 * fault
 */
/** @throws USAGE */
function requireSeries(where: string, given: unknown): void {
  const { values, isReal, numRows } = Object(given) as Partial<Series>;
  if (values instanceof Float64Array && isReal instanceof Uint8Array && typeof numRows === 'number') return;
  throw wrongData(where, 'one series of a table', given, 'one of `forecaster.columnsOf(table).series`');
}

function requireColumns(
  table: Table,
  names: readonly string[],
  reading: SeriesReading | undefined,
  readsTrainedTimes: boolean,
): void {
  const times = readsTrainedTimes ? (reading?.time?.columns ?? []) : [];
  const wanted = [...new Set([...times, ...(reading?.series ?? []), ...names])];
  const missing = wanted.filter((name) => !table.columns.includes(name));
  if (missing.length === 0) return;
  const quote = (list: readonly string[]): string =>
    `${list
      .slice(0, 50)
      .map((name) => `\`${name}\``)
      .join(', ')}${list.length > 50 ? ` and ${list.length - 50} more` : ''}`;
  const lacksTimes = times.some((name) => missing.includes(name));
  throw new RondoError('UNKNOWN_NAME', {
    where: table.where,
    what: `there is no column ${quote(missing)}, which the model was trained with.`,
    expected: quote(wanted),
    received: quote(table.columns),
    fix: `name the columns as in the training data${lacksTimes ? ', or say with `time` where the times are' : ''}.`,
    ...(lacksTimes ? { option: 'time' } : {}),
  });
}

import type { Table } from '../../data/table.js';
import type { Json } from '../../layers/layer.js';
import type { Sequential } from '../../training/sequential.js';
import type { TrainingOutcome } from '../training-run.js';
import { chooseBase } from './choose-base.js';
import { findingsJson, type ForecastFindings, noFindings } from './findings.js';
import type { ForecastOptions } from './forecast-options.js';
import { type ForecastReport, forecastReport } from './forecast-report.js';
import { NetworkSeries } from './network-series.js';
import { endOfSeen } from './seen-runs.js';
import { columnOf, fingerprintOfRows, realTargets, type Series } from './series.js';
import { type SeriesColumns, seriesColumns, type SeriesColumnsOptions } from './series-columns.js';
import { SeriesForecasts } from './series-forecasts.js';
import { type SeriesReading, seriesReadingJson } from './series-reading.js';
import { type TrainedSeries, trainedSeries, trainedSeriesJson } from './trained-series.js';
import type { Resolved } from '../../resolved.js';

/** A trained model of series with everything needed to use it. See {@link ForecastTraining}. */
export class Forecaster {
  readonly task = 'forecast';

  constructor(
    /** Windows `[batch, time, inputs]` to corrections of the base forecast, `[batch, horizon]`; another one once it is trained on all rows. */
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
   * @throws UNKNOWN_NAME where a column is missing; DATA_FORMAT where one holds no numbers.
   */
  columnsOf(table: Table, { time, timeFormat }: Pick<SeriesColumnsOptions, 'time' | 'timeFormat'> = {}): SeriesColumns {
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
   * @param series at least `timesteps` rows, and a whole season of the base forecast.
   * @throws OUT_OF_RANGE when there are fewer.
   */
  async predictNext(series: Series): Promise<Float64Array> {
    return this.predictAt(series, [series.numRows]);
  }

  /**
   * The forecasts for rows `origin` and after, for each of the origins: `[origins * horizon]`. Each sees only what is before it.
   * They are those of the model, or of the baseline that was ahead of it; see {@link ForecastFindings.instead}.
   */
  async predictAt(series: Series, origins: ArrayLike<number>): Promise<Float64Array> {
    const forecasts = new SeriesForecasts(this, series);
    const { instead } = this.findings;
    return instead === null ? forecasts.model(origins) : forecasts.baseline(instead, origins);
  }

  /**
   * Compares the model's forecasts with the truth and with baselines, at every origin whose window and horizon are known.
   *
   * @param from first row of a series that may be forecast; by default the end of what it was trained on where the series is
   * the same, else the first row with a whole window before it.
   * @throws OUT_OF_RANGE when no window fits.
   */
  async evaluate(
    columns: SeriesColumns,
    options: { from?: ((series: Series) => number) | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<ForecastReport> {
    const { from = (series) => this.firstUnseenRow(series) ?? 0, signal } = options;
    return forecastReport(this, columns, from, signal);
  }

  /**
   * What it knows of a series: by its name, and where it was trained on a single one that, whatever the name. For a series of another
   * name it is found out from the series itself.
   */
  knownSeries(series: Series): TrainedSeries {
    const known = this.series.length === 1 ? this.series[0] : this.series.find(({ name }) => name === series.name);
    if (known !== undefined) return known;
    const { horizon, season } = this.options;
    const { base } = chooseBase({ values: columnOf(series, 0), isReal: realTargets(series) }, { horizon, season });
    return {
      ...trainedSeries(series, { train: series.numRows, seen: series.numRows }, { base, season, horizon }),
      numSeenRows: 0,
    };
  }

  /** Rows of a series that must come before a forecast of it. */
  rowsNeeded(series: Series): number {
    return NetworkSeries.rowsNeeded(this.knownSeries(series), this.options.timesteps);
  }

  /**
   * Number of rows at the beginning of a series that it was trained on, though the file ends earlier, begins later or has a corrected
   * value: by time where there are times, else by runs of values; undefined for another series.
   */
  firstUnseenRow(series: Series): number | undefined {
    const { numSeenRows, overlap } = this.knownSeries(series);
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
    const { numSeenRows, fingerprint } = this.knownSeries(series);
    return numSeenRows > 0 && series.numRows >= numSeenRows && fingerprintOfRows(series, numSeenRows) === fingerprint;
  }

  /**
   * Why rows of a series may have been seen in training though their values do not tell; undefined where they were not, or where
   * {@link Forecaster.firstUnseenRow} knows them.
   */
  doubtOf(series: Series): 'times' | 'early file' | undefined {
    const { numSeenRows, overlap } = this.knownSeries(series);
    if (numSeenRows === 0 || this.firstUnseenRow(series) !== undefined) return undefined;
    if (overlap === null) return 'early file';
    const first = series.times?.[0];
    return overlap.lastTime !== null && first !== undefined && first <= overlap.lastTime ? 'times' : undefined;
  }

  /** What a model file keeps beside the weights. */
  toJSON(): Json {
    return {
      task: this.task,
      names: this.names,
      series: this.series.map(trainedSeriesJson),
      options: { ...this.options },
      ...(this.reading && { reading: seriesReadingJson(this.reading) }),
      outcome: this.outcome === undefined ? null : { ...this.outcome },
      findings: findingsJson(this.findings),
    };
  }
}

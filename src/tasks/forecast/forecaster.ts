import { RondoError } from '../../errors.js';
import type { Table } from '../../data/table.js';
import type { Json } from '../../layers/layer.js';
import { tensor } from '../../tensor/tensor.js';
import type { Sequential } from '../../training/sequential.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import { type ForecastReport, forecastReport } from './forecast-report.js';
import type { ForecastOptions } from './forecast-training.js';
import { subtractLast } from './forecast-windows.js';
import { fingerprintOfRows, type Series } from './series.js';
import { type SeriesColumns, seriesColumns, type SeriesColumnsOptions } from './series-columns.js';
import { type SeriesReading, seriesReadingJson } from './series-reading.js';
import { type TrainedSeries, trainedSeries, trainedSeriesJson } from './trained-series.js';
import type { TrainingOutcome } from '../training-run.js';

/** Windows computed at once. */
const windowsPerBatch = 256;

/** A trained model of a series with everything needed to use it. See {@link ForecastTraining}. */
export class Forecaster {
  readonly task = 'forecast';

  constructor(
    /** Windows `[batch, time, columns]` of changes to the changes that follow, `[batch, horizon]`, in scaled units. */
    readonly model: Sequential,
    /** Its columns, the target first. */
    readonly names: readonly string[],
    /** What it was trained on. */
    readonly series: readonly TrainedSeries[],
    /** Everything it was trained with. */
    readonly options: Readonly<Required<ForecastOptions>>,
    /** How its table was read; undefined for a file from before tables had times. */
    readonly reading: SeriesReading | undefined,
    /** How training went; undefined before. */
    public outcome?: TrainingOutcome,
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
    return seriesColumns(table, { target, features: features.length === 0 ? 'none' : features, missing, time, timeFormat }, this.reading);
  }

  /**
   * The next `horizon` values of the target after the end of a series.
   *
   * @param series at least `timesteps` rows; only the last ones are read.
   * @throws OUT_OF_RANGE when there are fewer.
   */
  async predictNext(series: Series): Promise<Float64Array> {
    return this.predictAt(series, [series.numRows]);
  }

  /** The forecasts for rows `origin` and after, for each of the origins: `[origins * horizon]`. Each sees only what is before it. */
  async predictAt(series: Series, origins: ArrayLike<number>): Promise<Float64Array> {
    const { timesteps, horizon } = this.options;
    const width = this.names.length;
    for (let i = 0; i < origins.length; i++) if (origins[i] < timesteps) throw tooFewRows(timesteps, origins[i]);
    const { scaler } = this.knownSeries(series);
    const targetScaler = scaler.select([0]);
    const result = new Float64Array(origins.length * horizon);
    for (let start = 0; start < origins.length; start += windowsPerBatch) {
      const count = Math.min(windowsPerBatch, origins.length - start);
      const input = new Float32Array(count * timesteps * width);
      const last = new Float64Array(count);
      for (let i = 0; i < count; i++) {
        const origin = origins[start + i];
        const window = scaler.transform(series.values.subarray((origin - timesteps) * width, origin * width));
        last[i] = subtractLast(window, width);
        input.set(window, i * timesteps * width);
      }
      if (hostIsWaiting()) await yieldToHost();
      const changes = await this.model.apply(tensor(input, [count, timesteps, width])).data();
      const scaled = Float64Array.from(changes, (change, at) => change + last[Math.floor(at / horizon)]);
      result.set(targetScaler.inverse(scaled), start * horizon);
    }
    return result;
  }

  /**
   * Compares its forecasts with the truth and with naive forecasts, at every origin whose window and horizon are known.
   *
   * @param from first row of a series that may be forecast; by default the end of what it was trained on where the series is
   * the same, else the first row with a whole window before it.
   * @throws OUT_OF_RANGE when no window fits.
   */
  async evaluate(columns: SeriesColumns, options: { from?: (series: Series) => number; signal?: AbortSignal } = {}): Promise<ForecastReport> {
    const { from = (series) => this.firstUnseenRow(series) ?? 0, signal } = options;
    return forecastReport(this, columns, from, signal);
  }

  /**
   * What it knows of a series: by its name, and where it was trained on a single one that, whatever the name. A series of another
   * name is scaled by its own rows.
   */
  knownSeries(series: Series): TrainedSeries {
    const known = this.series.length === 1 ? this.series[0] : this.series.find(({ name }) => name === series.name);
    return known ?? trainedSeries(series, { train: series.numRows, seen: 0 }, this.options.season);
  }

  /** Number of rows at the beginning of a series that it was trained on; undefined for another series. */
  firstUnseenRow(series: Series): number | undefined {
    const { numSeenRows, fingerprint } = this.knownSeries(series);
    if (numSeenRows === 0 || series.numRows < numSeenRows) return undefined;
    return fingerprintOfRows(series, numSeenRows) === fingerprint ? numSeenRows : undefined;
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
    };
  }
}

function tooFewRows(timesteps: number, numRows: number): RondoError {
  return new RondoError('OUT_OF_RANGE', {
    where: 'Forecaster',
    what: 'there are too few rows before the forecast.',
    expected: `at least ${timesteps} rows, as in training`,
    received: `${numRows} rows`,
    fix: 'give more of the past of the series.',
  });
}

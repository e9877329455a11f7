import { baseForecaster, rowsNeededBy } from './base-forecast.js';
import type { BaseForecaster } from './base-forecaster.js';
import { columnOf, realTargets, type Series } from './series.js';
import { type Space, spaceOf, type TrainedSeries } from './trained-series.js';

/**
 * A series as a forecasting network sees it. The network sees every column less its value at the last step of the
 * window, and what the base forecast missed at each step; it answers with corrections of the base. A model of changes
 * needs no level, which wanders (Kim et al. 2022, "Reversible instance normalization"); smoothing corrected by a
 * recurrent net is Smyl 2020, "A hybrid method of exponential smoothing and recurrent neural networks".
 *
 * Letters: T timesteps, C inputs of a step, H horizon. An origin is the row that is forecast first.
 */
export class NetworkSeries {
  /** C. */
  readonly width: number;
  readonly numRows: number;
  readonly #known: TrainedSeries;
  readonly #base: BaseForecaster;
  readonly #space: Space;
  /** The target, `[rows]`, in its own units. */
  readonly target: Float64Array;
  readonly isReal: Uint8Array;
  /** `[rows, columns]`. */
  readonly #scaled: Float32Array;
  /** `[rows]`, in units of the usual error. */
  readonly #errors: Float32Array | undefined;

  constructor(series: Series, known: TrainedSeries) {
    this.#known = known;
    this.numRows = series.numRows;
    this.target = columnOf(series, 0);
    this.isReal = realTargets(series);
    this.#base = baseForecaster(known.base, { values: this.target, isReal: this.isReal });
    const space = spaceOf(known.base, known.lowest);
    this.#space = space;
    const columns = known.scaler.columns;
    this.#scaled = known.scaler.transform(series.values);
    const targetScaler = known.scaler.select([0]);
    const inSpace = targetScaler.transform(this.target.map((value) => space.into(value)));
    for (let row = 0; row < series.numRows; row++) this.#scaled[row * columns] = inSpace[row];
    this.#errors = known.errorScale === null ? undefined : this.#missed(known.errorScale);
    this.width = columns + (this.#errors === undefined ? 0 : 1);
  }

  /** Rows that must come before an origin. */
  static rowsNeeded(known: TrainedSeries, timesteps: number): number {
    return Math.max(timesteps, rowsNeededBy(known.base));
  }

  /** Writes the window before an origin, `[T, C]`. */
  inputInto(origin: number, window: Float32Array): void {
    const columns = this.#known.scaler.columns;
    const timesteps = window.length / this.width;
    const last = (origin - 1) * columns;
    for (let step = 0; step < timesteps; step++) {
      const row = origin - timesteps + step;
      for (let column = 0; column < columns; column++) {
        window[step * this.width + column] = this.#scaled[row * columns + column] - this.#scaled[last + column];
      }
      if (this.#errors !== undefined) window[step * this.width + columns] = this.#errors[row];
    }
  }

  /**
   * Writes the corrections that would be right, `[H]`, and which of them are known: 1, or 0 where the value was filled.
   */
  targetsInto(origin: number, targets: Float32Array, weights: Float32Array): void {
    this.correctionsInto(origin, this.target.subarray(origin, origin + targets.length), targets);
    for (let step = 0; step < targets.length; step++) weights[step] = this.isReal[origin + step];
  }

  /** Writes the corrections, `[H]`, with which the forecasts of an origin would be these values. */
  correctionsInto(origin: number, values: ArrayLike<number>, corrections: Float32Array): void {
    const base = this.baseAt(origin, corrections.length);
    for (let step = 0; step < corrections.length; step++)
      corrections[step] = (this.#space.into(values[step]) - this.#space.into(base[step])) / this.#known.correctionScale;
  }

  /** The base forecast, `[H]`. */
  baseAt(origin: number, horizon: number): Float64Array {
    const forecast = new Float64Array(horizon);
    this.#base.forecastInto(origin, forecast);
    return forecast;
  }

  /** The base forecast with a share of the network's corrections. */
  corrected(base: Float64Array, corrections: ArrayLike<number>, share: number): Float64Array {
    if (share === 0) return base;
    return base.map((value, step) =>
      this.#space.from(this.#space.into(value) + share * corrections[step] * this.#known.correctionScale),
    );
  }

  /** What the base forecast missed one step ahead at each row. */
  #missed(scale: number): Float32Array {
    const errors = new Float32Array(this.numRows);
    const forecast = new Float64Array(1);
    for (let row = 1; row < this.numRows; row++) {
      if (this.isReal[row] !== 1) continue;
      this.#base.forecastInto(row, forecast);
      errors[row] = (this.#space.into(this.target[row]) - this.#space.into(forecast[0])) / scale;
    }
    return errors;
  }
}

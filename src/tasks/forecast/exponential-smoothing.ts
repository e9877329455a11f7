import type { BaseForecaster, TargetRows } from './base-forecaster.js';

/**
 * Exponential smoothing with a damped trend, several seasons and autocorrelated errors, all additive. With `u` what the
 * one-step forecast missed:
 *
 * ```
 * forecast(h) = level + (phi + ... + phi^h) slope + h drift (level - first level) / rows + sum of seasons + rho^h error
 * level += phi slope + alpha u;  slope = phi slope + beta u;  each season at this step += gamma u
 * ```
 *
 * Gardner and McKenzie 1985, "Forecasting trends in time series"; Taylor 2003, "Short-term electricity demand
 * forecasting using double seasonal exponential smoothing"; a drift of one half is the theta method's (Assimakopoulos
 * and Nikolopoulos 2000).
 */
export interface SmoothingParameters {
  /** `alpha`: how fast the level follows, from 0 to 1. */
  readonly level: number;
  /** `beta`: how fast the slope follows; 0 for no slope. */
  readonly trend: number;
  /** `phi`: what is left of the slope after a step, from 0 to 1. */
  readonly damping: number;
  /** Share of the mean change since the first row that goes on. */
  readonly drift: number;
  /** `gamma`: how fast the seasons follow. */
  readonly season: number;
  /** `rho`: what is left of an error after a step. */
  readonly autocorrelation: number;
  /** Steps of each season, the longest first; none for a series without. */
  readonly seasons: readonly number[];
  /** Whether it smooths logarithms: seasons and errors then grow with the level. */
  readonly isLog: boolean;
}

/**
 * What smoothing knows at every row of a series. The states at a row come from the rows before it alone, so forecasts
 * can be made from any origin in any order.
 */
export class ExponentialSmoothing implements BaseForecaster {
  readonly #parameters: SmoothingParameters;
  readonly #values: Float64Array;
  /** By number of rows seen. */
  readonly #level: Float64Array;
  readonly #slope: Float64Array;
  readonly #error: Float64Array;
  /** By row: the state of the season of that step, once the row was seen. */
  readonly #seasons: readonly Float64Array[];
  /** Rows that the first states are made of: the longest season. */
  readonly #numFirst: number;

  /** A value that was filled is not learned from. */
  constructor(parameters: SmoothingParameters, { values, isReal }: TargetRows) {
    this.#parameters = parameters;
    this.#values = values;
    const numRows = values.length;
    const { level: alpha, trend, damping, season: gamma, autocorrelation, seasons, isLog } = parameters;
    const [level, slope, error] = [
      new Float64Array(numRows + 1),
      new Float64Array(numRows + 1),
      new Float64Array(numRows + 1),
    ];
    const states = seasons.map(() => new Float64Array(numRows));
    [this.#level, this.#slope, this.#error, this.#seasons] = [level, slope, error, states];
    const numFirst = seasons[0] ?? 1;
    this.#numFirst = numFirst;
    if (numRows < numFirst) return;
    this.#begin(
      isLog
        ? values.subarray(0, numFirst).map((value) => Math.log(Math.max(value, Number.MIN_VALUE)))
        : values.subarray(0, numFirst),
    );
    for (let row = numFirst; row < numRows; row++) {
      const value = isLog ? Math.log(values[row]) : values[row];
      const start = level[row] + damping * slope[row];
      const known = autocorrelation * error[row];
      let seasonal = 0;
      for (let k = 0; k < seasons.length; k++) seasonal += states[k][row - seasons[k]];
      // A value without a logarithm is as good as missing.
      error[row + 1] = isReal[row] === 1 && Number.isFinite(value) ? value - start - seasonal : known;
      const missed = error[row + 1] - known;
      // Until there are enough rows for the rates, a state is the mean of what it has seen.
      const rate = Math.max(alpha, 1 / (row + 1));
      level[row + 1] = start + rate * missed;
      slope[row + 1] = damping * slope[row] + trend * missed;
      let left = 1 - rate;
      for (let k = seasons.length - 1; k >= 0; k--) {
        const seasonRate = Math.min(left, Math.max(gamma, 1 / (1 + Math.floor(row / seasons[k]))));
        states[k][row] = states[k][row - seasons[k]] + seasonRate * missed;
        left -= seasonRate;
      }
    }
  }

  forecastInto(origin: number, result: Float64Array): void {
    const { damping, drift, autocorrelation, seasons, isLog } = this.#parameters;
    if (origin < this.#numFirst) {
      result.fill(this.#values[origin - 1]);
      return;
    }
    const change = (drift * (this.#level[origin] - this.#level[this.#numFirst])) / origin;
    let [level, slope, error] = [this.#level[origin], this.#slope[origin], this.#error[origin]];
    for (let step = 0; step < result.length; step++) {
      slope *= damping;
      level += slope + change;
      error *= autocorrelation;
      let value = level + error;
      for (let k = 0; k < seasons.length; k++) value += this.#seasons[k][origin - seasons[k] + (step % seasons[k])];
      result[step] = isLog ? Math.exp(value) : value;
    }
  }

  /**
   * The mean of the first rows is the level; what each season explains of the rest, from the shortest on, is that
   * season.
   */
  #begin(first: Float64Array): void {
    const { seasons } = this.#parameters;
    const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
    this.#level[first.length] = mean;
    const rest = first.map((value) => value - mean);
    for (let k = seasons.length - 1; k >= 0; k--) {
      const season = seasons[k];
      const profile = new Float64Array(season);
      const counts = new Float64Array(season);
      rest.forEach((value, row) => {
        profile[row % season] += value;
        counts[row % season]++;
      });
      for (let row = 0; row < first.length; row++) {
        this.#seasons[k][row] = profile[row % season] / counts[row % season];
        rest[row] -= this.#seasons[k][row];
      }
    }
  }
}

import type { BaseForecaster, TargetRows } from './base-forecaster.js';

/** Rows of one series that forecasts are judged on, from many origins (a rolling origin: Tashman 2000). */
export interface Judged extends TargetRows {
  readonly firstOrigin: number;
  readonly horizon: number;
  /** Values compared, at most: origins are left out evenly beyond that. */
  readonly mostValues: number;
}

/** Origins from the first to the last with a whole horizon after it, in order of time. */
export function judgedOrigins({ values, firstOrigin, horizon, mostValues }: Omit<Judged, 'isReal'>): Int32Array {
  const count = Math.max(0, values.length - horizon - firstOrigin + 1);
  const stride = Math.max(1, Math.ceil((count * horizon) / mostValues));
  return Int32Array.from(
    { length: Math.ceil(count / stride) },
    (_, i) => values.length - horizon - i * stride,
  ).reverse();
}

/**
 * Mean absolute error over the origins, of the values that stand in the file; infinite where there is none.
 *
 * @param into the units to measure in; by default those of the series.
 */
export function meanErrorOf(
  forecaster: BaseForecaster,
  { values, isReal, horizon }: Pick<Judged, 'values' | 'isReal' | 'horizon'>,
  origins: Int32Array,
  into: (value: number) => number = (value) => value,
): number {
  const forecast = new Float64Array(horizon);
  let [sum, count] = [0, 0];
  for (const origin of origins) {
    forecaster.forecastInto(origin, forecast);
    for (let step = 0; step < horizon; step++) {
      if (isReal[origin + step] !== 1) continue;
      sum += Math.abs(into(values[origin + step]) - into(forecast[step]));
      count++;
    }
  }
  return count > 0 ? sum / count : Infinity;
}

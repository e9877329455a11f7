import { type BaseForecast, baseForecaster } from '../src/tasks/forecast/base-forecast.js';
import { chooseBase } from '../src/tasks/forecast/choose-base.js';
import { seasonalScale } from '../src/tasks/forecast/forecast-errors.js';
import { judgedOrigins, meanErrorOf } from '../src/tasks/forecast/judge-forecasts.js';
import type { MadeSeries } from './forecast-series.js';

/** MASE on the last fifth of a series. */
export interface ComparedBase {
  /** Of the base that is chosen on the rest. */
  readonly base: number;
  /**
   * Last value, last season, drift, last season with drift, mean, median; the season is the one that the series was
   * made with.
   */
  readonly baselines: readonly number[];
}

/** The base beside the simple forecasts. */
export function baseComparison({ values, season, horizon }: MadeSeries): ComparedBase {
  const end = values.length - Math.round(values.length / 5);
  const isReal = new Uint8Array(values.length).fill(1);
  const judged = { values, isReal, horizon, firstOrigin: end, mostValues: Infinity };
  const origins = judgedOrigins(judged);
  const scale = seasonalScale(values.subarray(0, end), season);
  const maseOf = (base: BaseForecast): number => meanErrorOf(baseForecaster(base, judged), judged, origins) / scale;
  const simple: readonly BaseForecast[] = [
    { name: 'naive' },
    { name: 'seasonalNaive', season },
    { name: 'drift' },
    { name: 'seasonalDrift', season },
    { name: 'mean' },
    { name: 'median' },
  ];
  return {
    base: maseOf(chooseBase({ values: values.subarray(0, end), isReal }, { horizon }).base),
    baselines: simple.map(maseOf),
  };
}

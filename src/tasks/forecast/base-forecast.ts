import type { BaseForecaster, TargetRows } from './base-forecaster.js';
import { ExponentialSmoothing, type SmoothingParameters } from './exponential-smoothing.js';
import { RunningMedian } from './running-median.js';

/** Forecasts that need no network: what a network corrects, and what it has to beat. */
export const baseNames = ['naive', 'seasonalNaive', 'drift', 'seasonalDrift', 'mean', 'median', 'smoothing'] as const;
export type BaseName = (typeof baseNames)[number];

/** A forecast that needs no network, with all that it depends on; plain JSON. */
export type BaseForecast =
  | { readonly name: 'naive' | 'drift' | 'mean' | 'median' }
  | { readonly name: 'seasonalNaive' | 'seasonalDrift'; readonly season: number }
  | { readonly name: 'smoothing'; readonly parameters: SmoothingParameters };

/** The forecasts of a series. See `data/baselines.ts` for the equations of the simple ones. */
export function baseForecaster(base: BaseForecast, rows: TargetRows): BaseForecaster {
  const { values } = rows;
  switch (base.name) {
    case 'smoothing':
      return new ExponentialSmoothing(base.parameters, rows);
    case 'naive':
      return seasonalFrom(values, 1, () => 0);
    case 'drift':
      return seasonalFrom(values, 1, (origin) => (origin > 1 ? (values[origin - 1] - values[0]) / (origin - 1) : 0));
    case 'seasonalNaive':
      return seasonalFrom(values, base.season, () => 0);
    case 'seasonalDrift':
      return seasonalFrom(values, base.season, seasonalSlopes(values, base.season));
    case 'mean': {
      const sums = sumsOf(values);
      return { forecastInto: (origin, result) => void result.fill(sums[origin] / origin) };
    }
    case 'median': {
      const medians = new RunningMedian(values);
      return { forecastInto: (origin, result) => void result.fill(medians.before(origin)) };
    }
  }
}

/** Rows that it needs before it is more than the last value. */
export function rowsNeededBy(base: BaseForecast): number {
  if (base.name === 'smoothing') return base.parameters.seasons[0] ?? 1;
  return 'season' in base ? base.season : 1;
}

/** In words, for people. */
export function describeBase(base: BaseForecast): string {
  switch (base.name) {
    case 'naive':
      return 'the last value';
    case 'drift':
      return 'the last value with drift';
    case 'mean':
      return 'the mean';
    case 'median':
      return 'the median';
    case 'seasonalNaive':
      return `the last season of ${base.season}`;
    case 'seasonalDrift':
      return `the last season of ${base.season} with drift`;
    case 'smoothing': {
      const { level, trend, damping, drift, seasons, season, isLog } = base.parameters;
      const slope = trend > 0 ? [damping < 1 ? 'damped trend' : 'trend'] : drift > 0 ? ['drift'] : [];
      const parts = [
        `level ${level}`,
        ...slope,
        ...(seasons.length > 0
          ? [`${seasons.length > 1 ? 'seasons' : 'season'} ${seasons.join(' and ')} at ${season}`]
          : []),
        ...(isLog ? ['of logarithms'] : []),
      ];
      return `exponential smoothing (${parts.join(', ')})`;
    }
  }
}

function seasonalFrom(values: Float64Array, season: number, slopeAt: (origin: number) => number): BaseForecaster {
  return {
    forecastInto: (origin, result) => {
      const length = origin < season ? 1 : season;
      const slope = slopeAt(origin);
      for (let step = 0; step < result.length; step++) {
        const numSeasons = Math.floor(step / length) + 1;
        result[step] = values[origin - length + (step % length)] + numSeasons * length * slope;
      }
    },
  };
}

/** The mean change a step between the means of the first season and of the last. */
function seasonalSlopes(values: Float64Array, season: number): (origin: number) => number {
  const sums = sumsOf(values);
  return (origin) =>
    origin >= 2 * season ? (sums[origin] - sums[origin - season] - sums[season]) / season / (origin - season) : 0;
}

function sumsOf(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let row = 0; row < values.length; row++) sums[row + 1] = sums[row] + values[row];
  return sums;
}

import { naiveForecast, seasonalNaiveForecast } from '../../data/baselines.js';
import { RondoError } from '../../errors.js';
import { type ForecastErrors, forecastErrors } from './forecast-errors.js';
import type { Forecaster } from './forecaster.js';
import { columnOf, type SeriesColumns } from './series-columns.js';

/** Forecasts from one origin beside what came. */
export interface ShownForecast {
  /** Row of the first forecast value. */
  readonly origin: number;
  readonly truth: readonly number[];
  readonly model: readonly number[];
  readonly seasonalNaive: readonly number[];
}

/** How good forecasts are beside naive ones. */
export interface ForecastReport {
  readonly target: string;
  readonly horizon: number;
  readonly season: number;
  /** Origins that were forecast from: every row of the part, each `horizon` steps ahead. */
  readonly numForecasts: number;
  /** First row that was forecast, and the row after the last. */
  readonly rows: readonly [first: number, end: number];
  readonly errors: {
    readonly model: ForecastErrors;
    /** The last value, again and again. */
    readonly naive: ForecastErrors;
    /** The last season, again and again. */
    readonly seasonalNaive: ForecastErrors;
  };
  /** Mean absolute error of the model at each step ahead. */
  readonly maeByStep: readonly number[];
  /** The last forecasts that do not overlap, for drawing. */
  readonly shown: readonly ShownForecast[];
}

/** Origins computed before a signal is looked at. */
const originsPerPiece = 1024;

/** See {@link Forecaster.evaluate}. */
export async function forecastReport(forecaster: Forecaster, columns: SeriesColumns, from: number, signal?: AbortSignal): Promise<ForecastReport> {
  const { horizon, timesteps, season } = forecaster.options;
  const target = columnOf(columns, 0);
  const first = Math.max(from, timesteps);
  const numForecasts = columns.numRows - horizon - first + 1;
  if (numForecasts < 1) {
    throw new RondoError('OUT_OF_RANGE', { where: 'Forecaster.evaluate', what: 'no forecast can be compared with the truth.', expected: `at least ${first + horizon} rows: ${first} before the first forecast + horizon ${horizon}`, received: `${columns.numRows} rows`, fix: 'give a longer series.' });
  }
  const truth = new Float64Array(numForecasts * horizon);
  const model = new Float64Array(truth.length);
  const naive = new Float64Array(truth.length);
  const seasonal = new Float64Array(truth.length);
  for (let start = 0; start < numForecasts; start += originsPerPiece) {
    if (signal?.aborted === true) throw new RondoError('ABORTED', { where: 'Forecaster.evaluate', what: 'it was stopped before it was done.', fix: 'start it again for a result.' });
    const origins = Int32Array.from({ length: Math.min(originsPerPiece, numForecasts - start) }, (_, i) => first + start + i);
    model.set(await forecaster.predictAt(columns, origins), start * horizon);
    origins.forEach((origin, i) => {
      const at = (start + i) * horizon;
      const past = target.subarray(0, origin);
      truth.set(target.subarray(origin, origin + horizon), at);
      naive.set(naiveForecast(past, horizon), at);
      seasonal.set(seasonalNaive(past, horizon, season), at);
    });
  }
  const { naiveScale } = forecaster.series;
  const shown = (origin: number): ShownForecast => {
    const part = (values: Float64Array): number[] => [...values.subarray((origin - first) * horizon, (origin - first + 1) * horizon)];
    return { origin, truth: part(truth), model: part(model), seasonalNaive: part(seasonal) };
  };
  const lastOrigin = columns.numRows - horizon;
  const numShown = Math.min(Math.floor((lastOrigin - first) / horizon) + 1, Math.max(1, Math.ceil(120 / horizon)));
  return {
    target: columns.names[0],
    horizon,
    season,
    numForecasts,
    rows: [first, columns.numRows],
    errors: { model: forecastErrors(truth, model, naiveScale), naive: forecastErrors(truth, naive, naiveScale), seasonalNaive: forecastErrors(truth, seasonal, naiveScale) },
    maeByStep: Array.from({ length: horizon }, (_, step) => meanAbsoluteErrorAt(truth, model, step, horizon)),
    shown: Array.from({ length: numShown }, (_, i) => shown(lastOrigin - (numShown - 1 - i) * horizon)),
  };
}

/** The seasonal-naive forecast; the naive one where no whole season is known yet. */
export function seasonalNaive(past: Float64Array, horizon: number, season: number): Float64Array {
  return past.length < season ? naiveForecast(past, horizon) : seasonalNaiveForecast(past, horizon, season);
}

function meanAbsoluteErrorAt(truth: Float64Array, forecast: Float64Array, step: number, horizon: number): number {
  let sum = 0;
  for (let i = step; i < truth.length; i += horizon) sum += Math.abs(truth[i] - forecast[i]);
  return sum / (truth.length / horizon);
}

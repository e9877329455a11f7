import { naiveForecast, seasonalNaiveForecast } from '../../data/baselines.js';
import { RondoError } from '../../errors.js';
import { ErrorSums, type ForecastErrors } from './forecast-errors.js';
import type { Forecaster } from './forecaster.js';
import { columnOf, realTargets, type Series } from './series.js';
import type { SeriesColumns } from './series-columns.js';

/** Forecasts from one origin beside what came. */
export interface ShownForecast {
  /** Row of the first forecast value. */
  readonly origin: number;
  readonly truth: readonly number[];
  readonly model: readonly number[];
  readonly seasonalNaive: readonly number[];
}

/** The errors of a model and of naive forecasts. */
export interface ComparedErrors {
  readonly model: ForecastErrors;
  /** The last value, again and again. */
  readonly naive: ForecastErrors;
  /** The last season, again and again. */
  readonly seasonalNaive: ForecastErrors;
}

/** How good the forecasts of one series are. */
export interface SeriesReport {
  readonly name: string;
  /** Origins that were forecast from: every row of the part, each `horizon` steps ahead. */
  readonly numForecasts: number;
  /** First row that was forecast, and the row after the last. */
  readonly rows: readonly [first: number, end: number];
  readonly errors: ComparedErrors;
}

/** How good forecasts are beside naive ones. */
export interface ForecastReport extends SeriesReport {
  readonly target: string;
  readonly horizon: number;
  readonly season: number;
  /** Mean absolute error of the model at each step ahead. */
  readonly maeByStep: readonly (number | null)[];
  /** The last forecasts of the first series that do not overlap, for drawing. */
  readonly shown: readonly ShownForecast[];
  /** Of each series; `errors` are those of all together, and `rows` those of the first. */
  readonly series: readonly SeriesReport[];
}

/** Origins computed before a signal is looked at. */
const originsPerPiece = 1024;

/** Errors as they come. */
class Comparison {
  readonly errors = { model: new ErrorSums(), naive: new ErrorSums(), seasonalNaive: new ErrorSums() };

  result(): ComparedErrors {
    const { model, naive, seasonalNaive } = this.errors;
    return { model: model.result(), naive: naive.result(), seasonalNaive: seasonalNaive.result() };
  }
}

/** See {@link Forecaster.evaluate}. Only values that stand in the file are compared with. */
export async function forecastReport(forecaster: Forecaster, columns: SeriesColumns, from: (series: Series) => number, signal?: AbortSignal): Promise<ForecastReport> {
  const { horizon, timesteps, season } = forecaster.options;
  const all = new Comparison();
  const bySteps = Array.from({ length: horizon }, () => new ErrorSums());
  const reports: SeriesReport[] = [];
  let shown: ShownForecast[] = [];
  for (const series of columns.series) {
    const first = Math.max(from(series), timesteps);
    const numForecasts = series.numRows - horizon - first + 1;
    if (numForecasts < 1) continue;
    const own = new Comparison();
    const { naiveScale } = forecaster.knownSeries(series);
    const target = columnOf(series, 0);
    const isReal = realTargets(series);
    for (let start = 0; start < numForecasts; start += originsPerPiece) {
      if (signal?.aborted === true) throw stopped();
      const origins = Int32Array.from({ length: Math.min(originsPerPiece, numForecasts - start) }, (_, i) => first + start + i);
      const model = await forecaster.predictAt(series, origins);
      origins.forEach((origin, i) => {
        const past = target.subarray(0, origin);
        const forecasts = { model: model.subarray(i * horizon, (i + 1) * horizon), naive: naiveForecast(past, horizon), seasonalNaive: seasonalNaive(past, horizon, season) };
        for (let step = 0; step < horizon; step++) {
          const row = origin + step;
          if (!isReal[row]) continue;
          for (const name of ['model', 'naive', 'seasonalNaive'] as const) {
            for (const { errors } of [own, all]) errors[name].add(target[row], forecasts[name][step], naiveScale);
          }
          bySteps[step].add(target[row], forecasts.model[step], naiveScale);
        }
      });
    }
    if (own.errors.model.count === 0) continue;
    if (reports.length === 0) shown = await shownForecasts(forecaster, series, target, first);
    reports.push({ name: series.name, numForecasts, rows: [first, series.numRows], errors: own.result() });
  }
  if (reports.length === 0) throw nothingToCompare(columns, timesteps, horizon, from);
  return {
    target: columns.names[0],
    name: reports[0].name,
    horizon,
    season,
    numForecasts: reports.reduce((sum, report) => sum + report.numForecasts, 0),
    rows: reports[0].rows,
    errors: all.result(),
    maeByStep: bySteps.map((sums) => (sums.count > 0 ? sums.result().mae : null)),
    shown,
    series: reports,
  };
}

/** The seasonal-naive forecast; the naive one where no whole season is known yet. */
export function seasonalNaive(past: Float64Array, horizon: number, season: number): Float64Array {
  return past.length < season ? naiveForecast(past, horizon) : seasonalNaiveForecast(past, horizon, season);
}

/** The last forecasts that do not overlap: about 120 steps of them, at least one. */
async function shownForecasts(forecaster: Forecaster, series: Series, target: Float64Array, first: number): Promise<ShownForecast[]> {
  const { horizon, season } = forecaster.options;
  const lastOrigin = series.numRows - horizon;
  const numShown = Math.min(Math.floor((lastOrigin - first) / horizon) + 1, Math.max(1, Math.ceil(120 / horizon)));
  const origins = Array.from({ length: numShown }, (_, i) => lastOrigin - (numShown - 1 - i) * horizon);
  const model = await forecaster.predictAt(series, origins);
  return origins.map((origin, i) => ({
    origin,
    truth: [...target.subarray(origin, origin + horizon)],
    model: [...model.subarray(i * horizon, (i + 1) * horizon)],
    seasonalNaive: [...seasonalNaive(target.subarray(0, origin), horizon, season)],
  }));
}

function stopped(): RondoError {
  return new RondoError('ABORTED', { where: 'Forecaster.evaluate', what: 'it was stopped before it was done.', fix: 'start it again for a result.' });
}

function nothingToCompare(columns: SeriesColumns, timesteps: number, horizon: number, from: (series: Series) => number): RondoError {
  const longest = columns.series.reduce((found, series) => (series.numRows > found.numRows ? series : found));
  const first = Math.max(from(longest), timesteps);
  return new RondoError('OUT_OF_RANGE', {
    where: 'Forecaster.evaluate',
    what: 'no forecast can be compared with the truth.',
    expected: `at least ${first + horizon} rows: ${first} before the first forecast + horizon ${horizon}`,
    received: `${longest.numRows} rows`,
    fix: 'give a longer series.',
  });
}

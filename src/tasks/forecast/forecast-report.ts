import { counted } from '../../counted.js';
import { RondoError } from '../../errors.js';
import type { BaseForecast, BaseName } from './base-forecast.js';
import { ErrorSums, type ForecastErrors } from './forecast-errors.js';
import type { Series } from './series.js';
import type { SeriesColumns } from './series-columns.js';
import { SeriesForecasts, type SeriesModel } from './series-forecasts.js';
import { evenlyDrawn, mostForecasts } from './training-budget.js';

/**
 * Forecasts from one origin beside what came. Reports in early files have the model's and the seasonal-naive ones
 * alone.
 */
export interface ShownForecast extends Readonly<Partial<Record<'base' | BaselineName, readonly number[]>>> {
  /** Row of the first forecast value. */
  readonly origin: number;
  readonly truth: readonly number[];
  readonly model: readonly number[];
  readonly seasonalNaive: readonly number[];
}

/** What a model is compared with: the simple forecasts, and its own base without the network. */
export const baselineNames = [
  'naive',
  'seasonalNaive',
  'drift',
  'seasonalDrift',
  'mean',
  'median',
] as const satisfies readonly BaseName[];
export type BaselineName = (typeof baselineNames)[number];

/** The errors of a model, of its base without the network, and of the baselines. */
export type ComparedErrors = Readonly<Record<'model' | 'base' | BaselineName, ForecastErrors>>;

/** How good the forecasts of one series are. */
export interface SeriesReport {
  readonly name: string;
  /** Origins that were forecast from, each `horizon` steps ahead. */
  readonly numForecasts: number;
  /**
   * Origins of the part: every row with a window before it. Where they are very many, forecasts are drawn from them
   * evenly.
   */
  readonly numOrigins: number;
  /** First row that was forecast, and the row after the last. */
  readonly rows: readonly [first: number, end: number];
  readonly errors: ComparedErrors;
  /**
   * Whose forecasts are practically zero throughout, below a tenth of the mean, though values of the series are not and
   * none of them is below zero; none in reports of early files.
   */
  readonly nearZero?: readonly (keyof ComparedErrors)[];
  /** The base that alone forecast it, as its rows hold no window that the network could learn from. */
  readonly baseAlone?: BaseForecast;
  /**
   * Whether it was not there in training, so that its base and scale were chosen by the rows before the first that is
   * measured.
   */
  readonly isNew?: boolean;
}

/** How good forecasts are beside baselines. */
export interface ForecastReport extends SeriesReport {
  readonly target: string;
  readonly horizon: number;
  readonly season: number;
  /** The baseline of the lowest error, by `mase` where there is one. */
  readonly bestBaseline: BaselineName;
  /** Mean absolute error of the model at each step ahead. */
  readonly maeByStep: readonly (number | null)[];
  /** The last forecasts of the first series that do not overlap, for drawing. */
  readonly shown: readonly ShownForecast[];
  /** Of each series; `errors` are those of all together, and `rows` those of the first. */
  readonly series: readonly SeriesReport[];
  /** Series with too few rows to measure a forecast of. */
  readonly notMeasured?: readonly string[];
}

/** Origins computed before a signal is looked at. */
const originsPerPiece = 1024;

const comparedNames = ['model', 'base', ...baselineNames] as const;
type Forecasts = Readonly<Record<(typeof comparedNames)[number], Float64Array>>;

/** A forecast that never is above this share of the mean of the values is practically zero. */
const nearZeroShare = 0.1;

/** Errors as they come, and the sizes of what is compared. */
class Comparison {
  #sumOfTruths = 0;
  readonly #largest = new Map<keyof Forecasts, number>();
  readonly sums = Object.fromEntries(comparedNames.map((name) => [name, new ErrorSums()])) as Record<
    (typeof comparedNames)[number],
    ErrorSums
  >;

  /** One value, and what was forecast of it: at this place of the forecasts. */
  add(truth: number, made: Forecasts, at: number, naiveScale: number): void {
    this.#sumOfTruths += truth;
    for (const name of comparedNames) {
      const forecast = made[name][at];
      this.sums[name].add(truth, forecast, naiveScale);
      this.#largest.set(name, Math.max(this.#largest.get(name) ?? 0, Math.abs(forecast)));
    }
  }

  /** Whose forecasts are practically zero, of values that are not below it. */
  get nearZero(): (keyof Forecasts)[] {
    const limit = (nearZeroShare * this.#sumOfTruths) / this.sums.model.count;
    return comparedNames.filter((name) => this.#largest.get(name)! < limit);
  }

  result(): ComparedErrors {
    return Object.fromEntries(comparedNames.map((name) => [name, this.sums[name].result()])) as ComparedErrors;
  }
}

/** See `Forecaster.evaluate`. Only values that stand in the file are compared with. */
export async function forecastReport(
  forecaster: SeriesModel,
  columns: SeriesColumns,
  from: (series: Series) => number,
  signal?: AbortSignal,
): Promise<ForecastReport> {
  const { horizon, season } = forecaster.options;
  const all = new Comparison();
  const bySteps = Array.from({ length: horizon }, () => new ErrorSums());
  const reports: SeriesReport[] = [];
  const measured = new Set<number>();
  let shown: ShownForecast[] = [];
  const starts = columns.series.map(from);
  const numRows = columns.series.reduce((sum, series, i) => sum + Math.max(0, series.numRows - starts[i]), 0);
  const share = Math.min(1, mostForecasts / numRows);
  for (const [index, series] of columns.series.entries()) {
    if (series.numRows - horizon < starts[index]) continue;
    const isNew = forecaster.isNew(series);
    const known = forecaster.knownSeries(series, isNew ? starts[index] : undefined);
    const forecasts = new SeriesForecasts(forecaster, series, known);
    const first = Math.max(starts[index], forecasts.rowsNeeded);
    const numOrigins = series.numRows - horizon - first + 1;
    if (numOrigins < 1) continue;
    const drawn = evenlyDrawn(numOrigins, Math.max(1, Math.ceil(share * numOrigins)));
    const numForecasts = drawn.length;
    const own = new Comparison();
    const { naiveScale, lowest } = known;
    const { target, isReal } = forecasts;
    for (let start = 0; start < numForecasts; start += originsPerPiece) {
      if (signal?.aborted === true) throw stopped();
      const origins = drawn.slice(start, start + originsPerPiece).map((origin) => first + origin);
      const made = await forecastsAt(forecasts, origins, horizon);
      origins.forEach((origin, i) => {
        for (let step = 0; step < horizon; step++) {
          const row = origin + step;
          if (isReal[row] !== 1) continue;
          for (const sums of [own, all]) sums.add(target[row], made, i * horizon + step, naiveScale);
          bySteps[step].add(target[row], made.model[i * horizon + step], naiveScale);
        }
      });
    }
    if (own.sums.model.count === 0) continue;
    if (reports.length === 0) shown = await shownForecasts(forecasts, series.numRows - horizon, first, horizon);
    measured.add(index);
    reports.push({
      name: series.name,
      numForecasts,
      numOrigins,
      rows: [first, series.numRows],
      errors: own.result(),
      nearZero: lowest >= 0 ? own.nearZero : [],
      ...(forecaster.isShort(known) && { baseAlone: known.base }),
      ...(isNew && { isNew }),
    });
  }
  if (reports.length === 0) throw nothingToCompare(forecaster, columns, from);
  const errors = all.result();
  return {
    target: columns.names[0],
    name: reports[0].name,
    horizon,
    season,
    numForecasts: reports.reduce((sum, report) => sum + report.numForecasts, 0),
    numOrigins: reports.reduce((sum, report) => sum + report.numOrigins, 0),
    rows: reports[0].rows,
    errors,
    bestBaseline: baselineNames.reduce((best, name) =>
      sizeOfError(errors[name]) < sizeOfError(errors[best]) ? name : best,
    ),
    maeByStep: bySteps.map((sums) => (sums.count > 0 ? sums.result().mae : null)),
    shown,
    series: reports,
    notMeasured: columns.series.filter((_, i) => !measured.has(i)).map(({ name }) => name),
  };
}

/** What forecasts are compared by: series of every size count alike in the scaled error. */
export function sizeOfError({ mase, mae }: ForecastErrors): number {
  return mase ?? mae;
}

async function forecastsAt(forecasts: SeriesForecasts, origins: Int32Array, horizon: number): Promise<Forecasts> {
  const base = new Float64Array(origins.length * horizon);
  origins.forEach((origin, i) => base.set(forecasts.base(origin), i * horizon));
  const baselines = Object.fromEntries(
    baselineNames.map((name) => [name, forecasts.baseline(name, origins)]),
  ) as Record<BaselineName, Float64Array>;
  return { model: await forecasts.model(origins), base, ...baselines };
}

/** The last forecasts that do not overlap: about 120 steps of them, at least one. */
async function shownForecasts(
  forecasts: SeriesForecasts,
  lastOrigin: number,
  first: number,
  horizon: number,
): Promise<ShownForecast[]> {
  const numShown = Math.min(Math.floor((lastOrigin - first) / horizon) + 1, Math.max(1, Math.ceil(120 / horizon)));
  const origins = Int32Array.from({ length: numShown }, (_, i) => lastOrigin - (numShown - 1 - i) * horizon);
  const made = await forecastsAt(forecasts, origins, horizon);
  const part = (values: Float64Array, i: number): number[] => [...values.subarray(i * horizon, (i + 1) * horizon)];
  return Array.from(origins, (origin, i) => ({
    origin,
    truth: [...forecasts.target.subarray(origin, origin + horizon)],
    ...(Object.fromEntries(comparedNames.map((name) => [name, part(made[name], i)])) as Record<
      (typeof comparedNames)[number],
      number[]
    >),
  }));
}

function stopped(): RondoError {
  return new RondoError('ABORTED', {
    where: 'Forecaster.evaluate',
    what: 'it was stopped before it was done.',
    fix: 'start it again for a result.',
  });
}

function nothingToCompare(
  forecaster: SeriesModel,
  columns: SeriesColumns,
  from: (series: Series) => number,
): RondoError {
  const { horizon } = forecaster.options;
  const longest = columns.series.reduce((found, series) => (series.numRows > found.numRows ? series : found));
  const first = Math.max(from(longest), new SeriesForecasts(forecaster, longest).rowsNeeded);
  return new RondoError('OUT_OF_RANGE', {
    where: 'Forecaster.evaluate',
    what: 'no forecast can be compared with the truth.',
    expected: `at least ${first + horizon} rows: ${first} before the first forecast + horizon ${horizon}`,
    received: counted(longest.numRows, 'row'),
    fix: 'give a longer series.',
  });
}

import { counted } from '../counted.js';
import { RondoError, requireCount } from '../errors.js';
import { detectSeason } from './season.js';

export { type DetectSeasonOptions, detectSeason } from './season.js';

/**
 * The forecasts that a model has to beat, each for the `horizon` steps after the last value (Hyndman and
 * Athanasopoulos 2021, "Forecasting: Principles and Practice", section 5.2).
 */

/** The last value, again and again. */
export function naiveForecast(values: ArrayLike<number>, horizon: number): Float64Array {
  requireHistory('naiveForecast', values, horizon, 1);
  return new Float64Array(horizon).fill(values[values.length - 1]);
}

/**
 * The last season again and again: step `h` repeats the value `season` steps, or several seasons, before it.
 *
 * @param season length in steps; found by {@link detectSeason} when left out.
 * @throws OUT_OF_RANGE when the series is shorter than a season, or none is found.
 */
export function seasonalNaiveForecast(
  values: ArrayLike<number>,
  horizon: number,
  season = detectSeason(values),
): Float64Array {
  const where = 'seasonalNaiveForecast';
  if (season === undefined) {
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'no season was found in the series.',
      expected: 'a series that repeats, with at least three seasons in it',
      received: counted(values.length, 'value'),
      fix: 'give the length of the season, or use naiveForecast.',
    });
  }
  requireCount(where, 'season', season);
  requireHistory(where, values, horizon, season);
  return Float64Array.from({ length: horizon }, (_, h) => values[values.length - season + (h % season)]);
}

/** The straight line from the first value to the last, continued: `last + h (last - first) / (n - 1)`. */
export function driftForecast(values: ArrayLike<number>, horizon: number): Float64Array {
  requireHistory('driftForecast', values, horizon, 2);
  const last = values[values.length - 1];
  const slope = (last - values[0]) / (values.length - 1);
  return Float64Array.from({ length: horizon }, (_, h) => last + (h + 1) * slope);
}

function requireHistory(where: string, values: ArrayLike<number>, horizon: number, least: number): void {
  requireCount(where, 'horizon', horizon);
  if (values.length >= least) return;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: 'the series is too short.',
    expected: `at least ${counted(least, 'value')}`,
    received: counted(values.length, 'value'),
    fix: where === 'seasonalNaiveForecast' ? 'give a longer series, or a shorter season.' : 'give a longer series.',
  });
}

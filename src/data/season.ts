import { RondoError, refuseUnknownOptions, requireCount } from '../errors.js';
import { maximumOf } from '../extremes.js';

/**
 * Only the last values are looked at, so that the work stays bounded: at most this many times {@link longestSeason}.
 */
const longestLookBack = 20_000;
const longestSeason = 2_000;
/** Less leaves nothing of a season. */
const leastWindow = 8;

export interface DetectSeasonOptions {
  /** Longest season to look for; a third of the series by default, and never above 2000. */
  maxSeason?: number | undefined;
}

/**
 * The length of the season of a series in steps, or undefined when it has none.
 *
 * The straight trend is taken away, then the autocorrelation `r(k)` is read: a season is a peak of at least
 * `max(0.3, 3 / sqrt(n))` that stands at least 0.3 above the valley before it, and returns at twice its length with at
 * least 0.3 of its height. Of several the highest counts, and the shortest of those that are as high within
 * `0.05 + 1.5 / sqrt(n)`. The series has to hold three seasons, and only its last 20 000 values are read.
 *
 * Where none is found, a level that wanders may have drowned it: the same is asked of the series less its moving
 * average over 8, 16, 32 ... values, for seasons up to that length, as long as the series holds eight of them. (A
 * moving average takes away what is slower, and can make waves of its own out of a random walk; eight seasons tell the
 * two apart.)
 *
 * It is a guess: a season that is known should be given.
 *
 * @throws NOT_FINITE naming the position of a value that is not finite.
 */
export function detectSeason(values: ArrayLike<number>, options: DetectSeasonOptions = {}): number | undefined {
  refuseUnknownOptions('detectSeason', options, ['maxSeason']);
  if (options.maxSeason !== undefined) requireCount('detectSeason', 'maxSeason', options.maxSeason, 2);
  const series = detrended(values);
  const longest = Math.min(options.maxSeason ?? longestSeason, longestSeason);
  const season = seasonOf(series, Math.min(longest, Math.floor(series.length / 3)));
  if (season !== undefined) return season;
  for (let window = leastWindow; window < 2 * longest && 8 * window <= series.length; window *= 2) {
    const found = seasonOf(withoutAverage(series, window), Math.min(longest, window));
    if (found !== undefined) return found;
  }
  return undefined;
}

function seasonOf(series: Float64Array, maxLag: number): number | undefined {
  if (maxLag < 2) return undefined;
  const correlation = autocorrelation(series, 2 * maxLag + 1);

  // The autocorrelation of noise has a standard error of 1 / sqrt(n).
  const leastHeight = Math.max(0.3, 3 / Math.sqrt(series.length));
  let valley = correlation[1];
  const peaks: number[] = [];
  for (let lag = 2; lag <= maxLag; lag++) {
    const height = correlation[lag];
    const isPeak = height >= correlation[lag - 1] && height > correlation[lag + 1];
    if (isPeak && height >= leastHeight && height - valley >= 0.3 && returns(correlation, lag)) peaks.push(lag);
    valley = Math.min(valley, height);
  }
  const highest = maximumOf(peaks.map((lag) => correlation[lag]));
  // Twice and three times a season peak as high as the season itself, but for the error of the estimate.
  const error = 0.05 + 1.5 / Math.sqrt(series.length);
  const shortest = peaks.find((lag) => correlation[lag] >= highest - error);
  if (shortest === undefined) return undefined;
  // On the slopes of a broad peak noise makes small peaks of its own.
  const sameSeason = peaks.filter((lag) => lag >= shortest && lag <= 1.2 * shortest);
  return sameSeason.reduce((best, lag) => (correlation[lag] > correlation[best] ? lag : best), shortest);
}

/** Whether the autocorrelation peaks again near twice the lag. */
function returns(correlation: Float64Array, lag: number): boolean {
  const slack = Math.max(1, Math.round(lag * 0.05));
  let again = -1;
  for (let k = 2 * lag - slack; k <= 2 * lag + slack && k < correlation.length; k++)
    again = Math.max(again, correlation[k]);
  return again >= 0.3 * correlation[lag];
}

/** The last values less their least-squares line. */
function detrended(values: ArrayLike<number>): Float64Array {
  const start = Math.max(0, values.length - longestLookBack);
  const series = new Float64Array(values.length - start);
  const middle = (series.length - 1) / 2;
  let [sum, slope, squares, largest] = [0, 0, 0, 0];
  for (let t = 0; t < series.length; t++) {
    const value = values[start + t];
    if (!Number.isFinite(value)) {
      throw new RondoError('NOT_FINITE', {
        where: 'detectSeason',
        what: `the value at position ${start + t} (counted from 0) is not finite.`,
        expected: 'finite numbers',
        received: String(value),
        fix: 'fill or remove missing values first.',
      });
    }
    series[t] = value;
    largest = Math.max(largest, Math.abs(value));
    sum += value;
    slope += (t - middle) * value;
    squares += (t - middle) ** 2;
  }
  const mean = sum / series.length;
  for (let t = 0; t < series.length; t++) series[t] -= mean + (squares > 0 ? slope / squares : 0) * (t - middle);
  // What is left of a constant or a straight line is rounding noise, which may look periodic.
  return series.every((value) => Math.abs(value) <= 1e-12 * largest) ? series.fill(0) : series;
}

/**
 * The values less the mean of `window` values (one more, where even) around each; half a window shorter at both ends.
 */
function withoutAverage(series: Float64Array, window: number): Float64Array {
  const half = window >> 1;
  const sums = new Float64Array(series.length + 1);
  for (let t = 0; t < series.length; t++) sums[t + 1] = sums[t] + series[t];
  const around = (t: number): number => (sums[t + half + 1] - sums[t - half]) / (2 * half + 1);
  return series.slice(half, series.length - half).map((value, i) => value - around(i + half));
}

/** `r(k) = c(k) / c(0)` for k below `numLags`, with `c(k)` the mean of `x(t) x(t + k)` over its `n - k` terms. */
function autocorrelation(series: Float64Array, numLags: number): Float64Array {
  const result = new Float64Array(Math.min(numLags, series.length));
  for (let lag = 0; lag < result.length; lag++) {
    let sum = 0;
    for (let t = lag; t < series.length; t++) sum += series[t] * series[t - lag];
    result[lag] = sum / (series.length - lag);
  }
  const variance = result[0];
  return variance > 0 ? result.map((value) => value / variance) : result;
}

/** The autocorrelation of a series at each lag up to `maxLag`; 1 at lag 0, all 0 for a constant series. */
export function autocorrelation(series: ArrayLike<number>, maxLag: number): Float64Array {
  const n = series.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += series[i] / n;
  const result = new Float64Array(Math.min(maxLag, n - 1) + 1);
  let variance = 0;
  for (let i = 0; i < n; i++) variance += (series[i] - mean) ** 2;
  if (variance === 0) return result;
  for (let lag = 0; lag < result.length; lag++) {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += (series[i] - mean) * (series[i - lag] - mean);
    result[lag] = sum / variance;
  }
  return result;
}

/**
 * The length of a series' season: the lag of the highest peak of its autocorrelation, with the linear trend taken out; 1
 * where no peak stands above `2 / sqrt(length)`, the usual bound for noise. Lags up to a third of the series are looked at,
 * at most 1000.
 *
 * A multiple of the season has nearly as high a peak, so the first peak of at least 0.9 times the highest one is taken.
 */
export function findSeason(series: ArrayLike<number>): number {
  const detrended = withoutTrend(series);
  const maxLag = Math.min(1000, Math.floor(series.length / 3));
  const correlation = autocorrelation(detrended, maxLag);
  const peaks: number[] = [];
  for (let lag = 2; lag < maxLag; lag++) if (correlation[lag] > correlation[lag - 1] && correlation[lag] >= correlation[lag + 1]) peaks.push(lag);
  const significant = peaks.filter((lag) => correlation[lag] > 2 / Math.sqrt(series.length));
  // Ripples on the first slope are not a season: a season's peak follows a valley.
  const firstValley = correlation.findIndex((value) => value < 0);
  const candidates = significant.filter((lag) => lag > firstValley || isAbovePreviousValley(correlation, lag));
  if (candidates.length === 0) return 1;
  const highest = Math.max(...candidates.map((lag) => correlation[lag]));
  const first = candidates.find((lag) => correlation[lag] >= 0.9 * highest)!;
  return summitNear(correlation, first);
}

/**
 * The lag within a fifth of `peak` that stands highest above the mean of one season around it. Noise puts ripples on the
 * flanks of a peak, and a slow decay of the correlation moves its top to shorter lags; the local mean takes the decay out.
 */
function summitNear(correlation: Float64Array, peak: number): number {
  const height = (lag: number): number => {
    const around = correlation.subarray(lag - Math.floor(peak / 2), lag + Math.ceil(peak / 2));
    return correlation[lag] - around.reduce((sum, value) => sum + value, 0) / around.length;
  };
  let best = peak;
  for (let lag = Math.ceil(0.8 * peak); lag <= 1.2 * peak && lag + Math.ceil(peak / 2) <= correlation.length; lag++) {
    if (lag >= 2 && height(lag) > height(best)) best = lag;
  }
  return best;
}

/** Whether the correlation rises by a fifth from the lowest point before the peak. */
function isAbovePreviousValley(correlation: Float64Array, peak: number): boolean {
  let lowest = Infinity;
  for (let lag = 1; lag < peak; lag++) lowest = Math.min(lowest, correlation[lag]);
  return correlation[peak] - lowest > 0.2 * Math.abs(correlation[peak]);
}

/** The series less its straight line of least squares. */
function withoutTrend(series: ArrayLike<number>): Float64Array {
  const n = series.length;
  const middle = (n - 1) / 2;
  let mean = 0;
  let slope = 0;
  let spread = 0;
  for (let i = 0; i < n; i++) {
    mean += series[i] / n;
    slope += (i - middle) * series[i];
    spread += (i - middle) ** 2;
  }
  if (spread > 0) slope /= spread;
  return Float64Array.from(series, (value, i) => value - mean - slope * (i - middle));
}

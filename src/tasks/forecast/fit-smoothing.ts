import { ExponentialSmoothing, type SmoothingParameters } from './exponential-smoothing.js';
import { type Judged, judgedOrigins, meanErrorOf } from './judge-forecasts.js';

/** Values that are tried for each parameter, in turn. */
const tried = {
  level: [0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1],
  slope: [
    { trend: 0, damping: 1, drift: 0 },
    { trend: 0, damping: 1, drift: 0.5 },
    { trend: 0, damping: 1, drift: 1 },
    { trend: 0.002, damping: 1, drift: 0 },
    { trend: 0.01, damping: 1, drift: 0 },
    { trend: 0.05, damping: 0.98, drift: 0 },
    { trend: 0.1, damping: 0.9, drift: 0 },
    { trend: 0.3, damping: 0.9, drift: 0 },
  ],
  season: [0, 0.02, 0.05, 0.1, 0.2, 0.4],
  autocorrelation: [0, 0.3, 0.6, 0.8, 0.9, 0.97],
} as const;

/** Shares of the error that a change must take away: less is chance, and a wrong season or trend costs most. */
const leastGain = { parameter: 0.003, season: 0.03, slope: 0.02, log: 0.01 } as const;
const numRounds = 3;

/**
 * Parameters of smoothing that forecast well up to the horizon: one after the other is moved to the value of the lowest
 * error (coordinate descent).
 *
 * @param seasons sets of seasons to choose from, the simplest first.
 */
export function fitSmoothing(
  judged: Judged,
  seasons: readonly (readonly number[])[],
): { parameters: SmoothingParameters; error: number } {
  const origins = judgedOrigins(judged);
  const errorOf = (parameters: SmoothingParameters): number =>
    meanErrorOf(new ExponentialSmoothing(parameters, judged), judged, origins);
  const canLog = judged.values.every((value) => value > 0);
  let parameters: SmoothingParameters = {
    level: 0.2,
    trend: 0,
    damping: 1,
    drift: 0,
    season: 0.1,
    autocorrelation: 0,
    seasons: seasons[0],
    isLog: false,
  };
  let error = errorOf(parameters);
  const tryEach = (changes: readonly Partial<SmoothingParameters>[], gain: number): void => {
    for (const change of changes) {
      const next = { ...parameters, ...change };
      const nextError = errorOf(next);
      if (nextError < (1 - gain) * error) [parameters, error] = [next, nextError];
    }
  };
  for (let round = 0; round < numRounds; round++) {
    const before = error;
    tryEach(
      seasons.map((some) => ({ seasons: some })),
      leastGain.season,
    );
    tryEach(
      tried.level.map((level) => ({ level })),
      leastGain.parameter,
    );
    if (parameters.seasons.length > 0)
      tryEach(
        tried.season.map((season) => ({ season })),
        leastGain.parameter,
      );
    tryEach(
      tried.autocorrelation.map((autocorrelation) => ({ autocorrelation })),
      leastGain.parameter,
    );
    tryEach(tried.slope, leastGain.slope);
    if (canLog) tryEach([{ isLog: !parameters.isLog }], leastGain.log);
    if (error === before) break;
  }
  return { parameters, error };
}

import { RondoError } from '../../errors.js';
import { NetworkSeries } from './network-series.js';
import type { TrainedSeries } from './trained-series.js';

export function otherSeries(where: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what: 'this is not the series of the interrupted training.',
    expected: 'the same file',
    fix: 'give the same data, or start anew without resuming.',
  });
}

export function noWindow(
  known: readonly TrainedSeries[],
  { timesteps, horizon }: { timesteps: number; horizon: number },
): RondoError {
  const needed =
    known.reduce((least, series) => Math.min(least, NetworkSeries.rowsNeeded(series, timesteps)), Infinity) + horizon;
  return new RondoError('OUT_OF_RANGE', {
    where: 'ForecastTraining',
    what: 'no training part has room for a window.',
    expected: `at least ${needed} rows to learn from`,
    received: known
      .map(({ numTrainingRows }) => numTrainingRows)
      .slice(0, 5)
      .join(', '),
    fix: 'use a shorter horizon, fewer timesteps, a shorter season, or a longer series.',
  });
}

export function nothingHeldOut(): RondoError {
  return new RondoError('OUT_OF_RANGE', {
    where: 'ForecastTraining.evaluate',
    what: 'no rows were held out, so nothing says how good the forecasts are.',
    expected: 'a `test` part',
    received: 'test 0',
    fix: 'hold rows out, or call Forecaster.evaluate with rows that came later.',
  });
}

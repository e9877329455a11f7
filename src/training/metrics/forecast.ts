import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../../errors.js';
import { MeanMetric, type Metric } from './metric.js';
import { meanOfElements } from './regression.js';

/** Options of {@link mase}: the series that was trained on, or the error that a naive forecast has on it. */
export interface MaseOptions {
  /** In order of time. */
  trainingSeries?: ArrayLike<number> | undefined;
  /** Steps of one season, m. Default 1: the naive forecast repeats the last value. */
  seasonality?: number | undefined;
  /** The naive forecast's mean absolute error, instead of `trainingSeries`. */
  scale?: number | undefined;
}

/**
 * The mean absolute scaled error: `mean(|t - p|)` in units of the naive forecast's error on the training series,
 * `mean(|s[t] - s[t - m]|)`; below 1 is better than naive. Hyndman and Koehler 2006, "Another look at measures of
 * forecast accuracy", eq. 2. The stored configuration holds the scale, not the series.
 *
 * @throws USAGE unless exactly one of `trainingSeries` and `scale` is given; OUT_OF_RANGE where the series is too short
 * or constant.
 */
export function mase(options: MaseOptions = {}): Metric {
  refuseUnknownOptions('mase', options, ['trainingSeries', 'seasonality', 'scale']);
  const { trainingSeries, seasonality = 1 } = options;
  requireCount('mase', 'seasonality', seasonality);
  if ((trainingSeries === undefined) === (options.scale === undefined)) {
    throw new RondoError('USAGE', {
      where: 'mase',
      what: 'errors are scaled by those of a naive forecast, which must be known.',
      expected: 'either trainingSeries or scale',
      received: trainingSeries === undefined ? 'neither' : 'both',
      fix: 'give mase({ trainingSeries, seasonality }).',
    });
  }
  const scale = trainingSeries === undefined ? options.scale! : naiveError(trainingSeries, seasonality);
  requireNumber('mase', 'scale', scale, 'a number greater than 0 (the error of a naive forecast)', (v) => v > 0);
  return new MeanMetric(
    'mase',
    'lower',
    meanOfElements('mase', (t, p) => Math.abs(t - p) / scale),
    { seasonality, scale },
  );
}

function naiveError(series: ArrayLike<number>, seasonality: number): number {
  const count = series.length - seasonality;
  if (count < 1) {
    throw new RondoError('OUT_OF_RANGE', {
      where: 'mase',
      what: 'the training series is too short.',
      expected: `more than ${seasonality} values`,
      received: `${series.length} values`,
      fix: 'give a longer series, or a smaller seasonality.',
    });
  }
  let sum = 0;
  for (let i = seasonality; i < series.length; i++) sum += Math.abs(series[i] - series[i - seasonality]);
  return sum / count;
}

/**
 * `100 mean(2 |t - p| / (|t| + |p|))`, from 0 to 200; an exact 0 has no error. Makridakis et al. 2020, "The M4
 * competition", eq. 1.
 */
export function smape(options: object = {}): Metric {
  refuseUnknownOptions('smape', options, []);
  const element = (t: number, p: number): number =>
    t === p ? 0 : (200 * Math.abs(t - p)) / (Math.abs(t) + Math.abs(p));
  return new MeanMetric('smape', 'lower', meanOfElements('smape', element));
}

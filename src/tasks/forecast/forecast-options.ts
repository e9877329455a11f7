import { refuseUnknownOptions, requireCount, requireNumber, unknownName } from '../../errors.js';
import { type RecurrentTaskOptions, recurrentTaskOptionNames } from '../recurrent-stack.js';
import { type TrainingBudget, trainingBudget } from '../training-rounds.js';
import { type BaseName, baseNames } from './base-forecast.js';
import type { SeriesColumnsOptions } from './series-columns.js';

/** How a forecaster is built and trained. `timesteps` is the length of the window that the network sees. */
export interface ForecastOptions extends SeriesColumnsOptions, Omit<RecurrentTaskOptions, 'units'> {
  /**
   * Width of each recurrent layer. With `auto` the one of several that has the lowest error on the validation rows; see
   * {@link ForecastFindings.sizes}.
   */
  units?: 'auto' | number | undefined;
  /** Steps to forecast. */
  horizon: number;
  /** Steps of a season; found by itself by default. */
  season?: number | undefined;
  /**
   * The forecast that the network corrects; by default (`auto`) the one that is best on training and validation rows.
   */
  base?: 'auto' | BaseName | undefined;
  /**
   * Share of the rows, before the test part, that chooses the best epoch and how much the network counts; 0 for none.
   * Default 0.1, and up to 0.2 where twenty horizons need more than a tenth.
   */
  validation?: number | undefined;
  /** Share of the rows, at the end, that is held out for the errors. Default 0.2; 0 for none. */
  test?: number | undefined;
  /**
   * Epochs that `epochs` may grow to, in longer rounds, while the best one is the last; `epochs` where that is given,
   * else 90.
   */
  maxEpochs?: number | undefined;
  /**
   * Steps of an epoch. By default (`auto`) those that show every window once, at least 50, and of very long series as
   * many as read two million rows; the windows of each epoch are then drawn anew.
   */
  stepsPerEpoch?: 'auto' | number | undefined;
  /** Epochs without improvement after which training stops. Default 8. */
  patience?: number | undefined;
  /** Whether the model is trained again on all rows once everything is chosen. Default true. */
  refit?: boolean | undefined;
  /**
   * What forecasts are made with: the model, or (`best`, the default) a baseline that was ahead of it on the held-out
   * rows.
   */
  forecastWith?: 'best' | 'model' | undefined;
  /** Whether forecasts may be below zero though no value was. Default false. */
  allowNegative?: boolean | undefined;
}

export const forecastDefaults = {
  features: 'all',
  missing: 'previous',
  time: 'auto',
  timeFormat: 'auto',
  series: 'none',
  cell: 'gru',
  units: 32,
  layers: 1,
  dropout: 0.1,
  epochs: 30,
  batchSize: 64,
  learningRate: 0.005,
  validation: 0.1,
  test: 0.2,
  patience: 8,
  stepsPerEpoch: 'auto',
  base: 'auto',
  refit: true,
  forecastWith: 'best',
  allowNegative: false,
} as const;

/** How long training goes on. */
export function forecastBudget({
  epochs,
  maxEpochs,
  patience = forecastDefaults.patience,
}: ForecastOptions): TrainingBudget {
  return trainingBudget({ epochs, maxEpochs, patience }, 1, {
    epochs: forecastDefaults.epochs,
    leastSteps: 1,
    mostEpochs: forecastDefaults.epochs,
    numRounds: 2,
  });
}

/** @throws UNKNOWN_NAME, OUT_OF_RANGE */
export function requireForecastOptions(where: string, options: ForecastOptions): void {
  const own = [
    ...[
      'target',
      'features',
      'missing',
      'time',
      'timeFormat',
      'series',
      'horizon',
      'season',
      'base',
      'validation',
      'test',
      'patience',
    ],
    ...['maxEpochs', 'stepsPerEpoch', 'refit', 'forecastWith', 'allowNegative', 'reading'],
  ];
  refuseUnknownOptions(where, options, [...recurrentTaskOptionNames, ...own]);
  requireCount(where, 'horizon', options.horizon);
  if (options.season !== undefined) requireCount(where, 'season', options.season);
  if (options.patience !== undefined) requireCount(where, 'patience', options.patience);
  for (const name of ['validation', 'test'] as const) {
    if (options[name] !== undefined)
      requireNumber(where, name, options[name], 'a number from 0 to below 1', (value) => value >= 0 && value < 1);
  }
  if (options.maxEpochs !== undefined) requireCount(where, 'maxEpochs', options.maxEpochs, options.epochs);
  const { base = 'auto', forecastWith = 'best', stepsPerEpoch = 'auto' } = options;
  if (stepsPerEpoch !== 'auto') requireCount(where, 'stepsPerEpoch', stepsPerEpoch);
  if (base !== 'auto' && !baseNames.includes(base)) throw unknownName(where, 'base', base, ['auto', ...baseNames]);
  if (forecastWith !== 'best' && forecastWith !== 'model')
    throw unknownName(where, 'choice of `forecastWith`', forecastWith, ['best', 'model']);
}

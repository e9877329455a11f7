import { requireCount } from '../../errors.js';
import {
  checkOptions,
  choice,
  count,
  flag,
  type OptionsOf,
  type OptionTable,
  optionTable,
  rate,
  required,
} from '../option-table.js';
import { recurrentOptions } from '../recurrent-options.js';
import { type TrainingBudget, trainingBudget } from '../training-rounds.js';
import { baseNames } from './base-forecast.js';
import { seriesOptions } from './series-options.js';

/** Share of the rows that is held out where nothing else is said. */
export const defaultTest = 0.2;

/** Epochs of the first round. */
export const firstEpochs = 30;

const usualPatience = 8;

/** Every option of a forecaster. */
export const forecastOptions = optionTable({
  /** Steps to forecast. */
  horizon: required(count({ once: true, changesScore: 'all' })),
  ...seriesOptions,
  /** Steps of a season. Default: found by itself. */
  season: count({ changesScore: 'all' }),
  /** The forecast that the network corrects. Default `auto`: the one that is best on training and validation rows. */
  base: choice({ of: ['auto', ...baseNames], default: 'auto', changesScore: 'all' }),
  /**
   * Share of the rows, before the test part, that chooses the best epoch and how much the network counts; 0 for none.
   * Default 0.1, and up to 0.2 where twenty horizons need more than a tenth.
   */
  validation: rate({ default: 0.1, value: 'SHARE', changesScore: 'all' }),
  /** Share of the rows, at the end, that is held out for the errors; 0 for none. Default 0.2. */
  test: rate({ default: defaultTest, value: 'SHARE', changesScore: 'all' }),
  /** Train again on all rows once everything is chosen. Default true; the errors are those from before. */
  refit: flag({ default: true }),
  ...recurrentOptions({
    cell: { default: 'gru' },
    units: {},
    layers: { search: { choices: [1, 2] } },
    dropout: { default: 0.1, search: { low: 0, high: 0.4 } },
    batchSize: { default: 64 },
    learningRate: { default: 0.005, search: { low: 0.001, high: 0.02, scale: 'log' } },
  }),
  /**
   * Width of each recurrent layer. Default 32. `auto`: 32, and where the network helps 16 and 64 too, of which the
   * validation rows choose. See {@link ForecastFindings.sizes}.
   */
  units: count({
    ...{ most: 32_768, word: 'auto', default: 32, ofInitial: 'decided' },
    search: { choices: [16, 32, 64, 128] },
  }),
  /**
   * Steps in the window that the network sees. Default a season of up to 168 steps, or four horizons where that is
   * more.
   */
  timesteps: count({}),
  /**
   * Epochs of the first round, each of `stepsPerEpoch`; a longer one follows while the best epoch is the last. Default
   * 30; fewer where the validation loss stops falling, see `patience`.
   */
  epochs: count({ default: firstEpochs }),
  /**
   * Most epochs in all rounds. Default `epochs` where that is given, else two rounds, the second twice as long as the
   * first.
   */
  maxEpochs: count({}),
  /** Epochs without improvement after which the first round ends. Default 8. */
  patience: count({ default: usualPatience }),
  /**
   * Steps of an epoch. Default `auto`: those that show every window once, at least 50, and of very long series as many
   * as read two million rows, which is said; the windows of each epoch are then drawn anew.
   */
  stepsPerEpoch: count({ word: 'auto', default: 'auto' }),
  /**
   * What forecasts are made with: the `model`, or (`best`, default) a baseline that was ahead of it on the held-out
   * rows.
   */
  forecastWith: choice({ of: ['best', 'model'], default: 'best' }),
  /** Let forecasts go below zero though no value does. Default false. */
  allowNegative: flag({}),
});

/** How a forecaster is built and trained. */
export interface ForecastOptions extends OptionsOf<typeof forecastOptions> {}

/** How long training goes on. */
export function forecastBudget({
  epochs,
  maxEpochs,
  patience = usualPatience,
}: Partial<ForecastOptions>): TrainingBudget {
  const usual = { epochs: firstEpochs, leastSteps: 1, mostEpochs: firstEpochs, numRounds: 2 };
  return trainingBudget({ epochs, maxEpochs, patience }, 1, usual);
}

/** @param table of these and more options. @throws UNKNOWN_NAME, OUT_OF_RANGE */
export function requireForecastOptions(where: string, options: ForecastOptions, table: OptionTable): void {
  checkOptions(where, table, options);
  if (options.maxEpochs !== undefined) requireCount(where, 'maxEpochs', options.maxEpochs, options.epochs);
}

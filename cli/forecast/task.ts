import type { ForecastReport } from '../../src/index.js';
import { defineTask } from '../command-line-task.js';
import { tableOptions } from '../data-options.js';
import type { OptionSpecs } from '../options.js';
import { lossOfBestEpoch } from '../tune/trial-scores.js';
import { forecastNames } from './names.js';
import { timeOptions } from './series-options.js';

const series = { ...tableOptions, ...timeOptions } as const satisfies OptionSpecs;

/** Series of numbers and how they go on. */
export const forecast = defineTask({
  ...forecastNames,
  options: { evaluate: series, predict: series },
  quality: {
    about: 'mean absolute error',
    better: 'lower',
    of: ({ errors, isMeasured }: ForecastReport & { isMeasured: boolean }) =>
      isMeasured ? errors.model.mae : undefined,
    on: ({ numForecasts }: ForecastReport) => ({ count: numForecasts, items: 'forecasts' }),
  },
  scores: { loss: lossOfBestEpoch },
  exampleData: 'sunspots.csv --horizon 12',
  commands: {},
  train: async () => (await import('./train.js')).train,
  evaluate: async () => (await import('./evaluate-values.js')).evaluateValues,
  predict: async () => (await import('./predict-values.js')).predictValues,
  inspect: async () => (await import('./about-forecaster.js')).aboutForecaster,
});

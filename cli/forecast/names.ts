import { Forecaster } from '../../src/index.js';
import type { TaskNames } from '../command-line-task.js';

/** What the task is called, apart from what it does, for its own commands. */
export const forecastNames: TaskNames<Forecaster> = {
  name: 'forecast',
  command: 'forecast',
  models: 'forecasts',
  model: Forecaster,
};

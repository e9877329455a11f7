import type { TaskNames } from '../command-line-task.js';

/** What the task is called, apart from what it does, for its own commands. */
export const forecastNames = {
  name: 'forecast',
  command: 'forecast',
  models: 'forecasts',
} as const satisfies TaskNames;

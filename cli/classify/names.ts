import type { TaskNames } from '../command-line-task.js';

/** What the task is called, apart from what it does, for its own commands. */
export const classifyNames = {
  name: 'classify',
  command: 'classify',
  models: 'classifiers',
} as const satisfies TaskNames;

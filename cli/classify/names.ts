import { Classifier } from '../../src/index.js';
import type { TaskNames } from '../command-line-task.js';

/** What the task is called, apart from what it does, for its own commands. */
export const classifyNames: TaskNames<Classifier> = {
  name: 'classify',
  command: 'classify',
  models: 'classifiers',
  model: Classifier,
};

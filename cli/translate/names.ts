import { Translator } from '../../src/index.js';
import type { TaskNames } from '../command-line-task.js';

/** What the task is called, apart from what it does, for its own commands. */
export const translateNames: TaskNames<Translator> = {
  name: 'translate',
  command: 'translate',
  models: 'translators',
  model: Translator,
};

import { Tagger } from '../../src/index.js';
import type { TaskNames } from '../command-line-task.js';

/** What the task is called, apart from what it does, for its own commands. */
export const tagNames: TaskNames<Tagger> = {
  name: 'tag',
  command: 'tag',
  models: 'taggers',
  model: Tagger,
};

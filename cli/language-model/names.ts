import type { TaskNames } from '../command-line-task.js';

/** What the task is called, apart from what it does, for its own commands. */
export const languageModelNames = {
  name: 'languageModel',
  command: 'language-model',
  models: 'language models',
} as const satisfies TaskNames;

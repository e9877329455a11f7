import { LanguageModel } from '../../src/index.js';
import type { TaskNames } from '../command-line-task.js';

/** What the task is called, apart from what it does, for its own commands. */
export const languageModelNames: TaskNames<LanguageModel> = {
  name: 'languageModel',
  command: 'language-model',
  models: 'language models',
  model: LanguageModel,
};

import { defineTask } from '../command-line-task.js';
import { languageModelNames } from './names.js';
import { textOptions } from './text-options.js';

/** Text and what comes next in it. */
export const languageModel = defineTask({
  ...languageModelNames,
  options: textOptions,
  commands: { generate: async () => (await import('./generate.js')).generate },
  train: async () => (await import('../commands/train-language-model.js')).trainLanguageModel,
  evaluate: async () => (await import('./evaluate-text.js')).evaluateText,
  predict: async () => (await import('./predict-tokens.js')).predictTokens,
  inspect: async () => (await import('./about-language-model.js')).aboutLanguageModel,
});

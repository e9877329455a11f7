import type { TextScore } from '../../src/index.js';
import { defineTask } from '../command-line-task.js';
import { lossOfBestEpoch } from '../tune/trial-scores.js';
import { languageModelNames } from './names.js';
import { textOptions } from './text-options.js';

/** Text and what comes next in it. */
export const languageModel = defineTask({
  ...languageModelNames,
  options: textOptions,
  quality: {
    about: 'perplexity',
    better: 'lower',
    of: ({ perplexity }: TextScore) => perplexity,
    on: ({ part, numTokens }: TextScore) => ({ count: numTokens, items: 'tokens', haveChosen: part === 'held out' }),
  },
  scores: { loss: lossOfBestEpoch },
  exampleData: 'shakespeare.txt',
  commands: { generate: async () => (await import('./generate.js')).generate },
  train: async () => (await import('./train.js')).train,
  evaluate: async () => (await import('./evaluate-text.js')).evaluateText,
  predict: async () => (await import('./predict-tokens.js')).predictTokens,
  inspect: async () => (await import('./about-language-model.js')).aboutLanguageModel,
});

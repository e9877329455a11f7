import { bleuTokenizerNames } from '../../src/index.js';
import { defineTask } from '../command-line-task.js';
import type { OptionSpecs } from '../options.js';
import { lossOfBestEpoch } from '../tune/trial-scores.js';
import { translateNames } from './names.js';
import { pairOptions, searchOptions, translationOptions } from './translate-options.js';

/** Of `rondo evaluate`. */
export const evaluateOptions = {
  ...pairOptions,
  ...searchOptions,
  tokenize: {
    type: 'text',
    value: 'NAME',
    choices: bleuTokenizerNames,
    about: 'How BLEU cuts words, as in sacreBLEU. Default: zh for Chinese, char for Japanese and Thai, else 13a.',
  },
} as const satisfies OptionSpecs;

/** Texts and what they become. */
export const translate = defineTask({
  ...translateNames,
  options: { evaluate: evaluateOptions, predict: translationOptions },
  scores: { loss: lossOfBestEpoch },
  exampleData: 'dictionary.tsv',
  commands: { translate: async () => (await import('./translate.js')).translate },
  train: async () => (await import('./train.js')).train,
  evaluate: async () => (await import('./evaluate-pairs.js')).evaluatePairs,
  predict: async () => (await import('./predict-translations.js')).predictTranslations,
  inspect: async () => (await import('./about-translator.js')).aboutTranslator,
});

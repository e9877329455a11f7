import type { TranslationReport } from '../../src/index.js';
import { defineTask } from '../command-line-task.js';
import { lossOfBestEpoch } from '../tune/trial-scores.js';
import { translateNames } from './names.js';
import { evaluateOptions, translationOptions } from './translate-options.js';

/** Texts and what they become. */
export const translate = defineTask({
  ...translateNames,
  options: { evaluate: evaluateOptions, predict: translationOptions },
  quality: {
    // BLEU is 0 where no target has four words.
    about: 'chrF',
    better: 'higher',
    of: ({ chrF }: TranslationReport) => chrF.score,
    on: ({ numSources }: TranslationReport) => ({ count: numSources, items: 'sources' }),
  },
  scores: { loss: lossOfBestEpoch },
  exampleData: 'dictionary.tsv',
  commands: { translate: async () => (await import('./translate.js')).translate },
  train: async () => (await import('./train.js')).train,
  evaluate: async () => (await import('./evaluate-pairs.js')).evaluatePairs,
  predict: async () => (await import('./predict-translations.js')).predictTranslations,
  inspect: async () => (await import('./about-translator.js')).aboutTranslator,
});

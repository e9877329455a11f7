import type { ClassifierReport } from '../../src/index.js';
import { defineTask } from '../command-line-task.js';
import type { OptionSpecs } from '../options.js';
import { lossOfBestEpoch } from '../tune/trial-scores.js';
import { classifyNames } from './names.js';
import { emptyOption, readingOptions } from './reading-options.js';

const texts = { ...readingOptions, ...emptyOption } as const satisfies OptionSpecs;

/** Texts and their classes. */
export const classify = defineTask({
  ...classifyNames,
  options: {
    evaluate: texts,
    predict: {
      ...texts,
      top: { type: 'count', value: 'N', about: 'Of a classifier: how many classes of each text to show. Default 1.' },
      number: { type: 'flag', about: 'Of a classifier: write the number of each text before its line.' },
    },
  },
  quality: {
    about: 'accuracy',
    better: 'higher',
    of: ({ accuracy }: ClassifierReport) => accuracy,
    on: ({ part, numTexts, numTrained, numChosen }: ClassifierReport) => ({
      count: numTexts,
      items: 'texts',
      numSeen: part === 'all' ? numTrained + numChosen : 0,
      haveChosen: part === 'validation',
    }),
  },
  scores: {
    loss: lossOfBestEpoch,
    accuracy: {
      about: 'validation accuracy',
      better: 'higher',
      of: ({ validation }) => (validation as { readonly accuracy: number } | undefined)?.accuracy,
    },
  },
  exampleData: 'reviews.csv --text review --label label',
  commands: {
    explain: async () => (await import('./explain.js')).explain,
    robustness: async () => (await import('./robustness.js')).robustness,
  },
  train: async () => (await import('./train.js')).train,
  evaluate: async () => (await import('./evaluate-classes.js')).evaluateClasses,
  predict: async () => (await import('./predict-classes.js')).predictClasses,
  inspect: async () => (await import('./about-classifier.js')).aboutClassifier,
});

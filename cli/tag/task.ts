import type { TaggerReport } from '../../src/index.js';
import { defineTask } from '../command-line-task.js';
import { scoreOfBestEpoch } from '../tune/trial-scores.js';
import { tagNames } from './names.js';
import { taggedFileOptions, tagOutputs } from './tagged-options.js';

const { format, column, encoding, 'word-column': wordColumn } = taggedFileOptions;

/** Sentences and the tags of their words. */
export const tag = defineTask({
  ...tagNames,
  options: {
    evaluate: {
      format,
      column: { ...column, about: 'Where the true tags are. Default: the column of the training data.' },
      encoding,
      'word-column': wordColumn,
    },
    predict: {
      format: {
        ...format,
        choices: [...format.choices, 'texts'],
        about: `${format.about} Where there are no columns: texts.`,
      },
      encoding,
      'word-column': wordColumn,
      to: {
        type: 'text',
        value: 'FORMAT',
        choices: tagOutputs,
        about:
          'How tagged words are written. Default: as they came; plain text as columns. lines: one line out for ' +
          'each line in, word/TAG.',
      },
      number: {
        type: 'flag',
        about: 'Of a tagger, with --to lines: write the number of each sentence before its line.',
      },
    },
  },
  quality: {
    about: 'accuracy',
    better: 'higher',
    of: ({ accuracy }: TaggerReport) => accuracy,
    on: ({ part, numWords, numTrained, numChosen }: TaggerReport) => ({
      count: numWords,
      items: 'words',
      numSeen: part === 'all' ? numTrained + numChosen : 0,
      haveChosen: part === 'validation',
    }),
  },
  scores: { score: scoreOfBestEpoch },
  exampleData: 'names.txt',
  commands: {},
  train: async () => (await import('./train.js')).train,
  evaluate: async () => (await import('./evaluate-tags.js')).evaluateTags,
  predict: async () => (await import('./predict-tags.js')).predictTags,
  inspect: async () => (await import('./about-tagger.js')).aboutTagger,
});

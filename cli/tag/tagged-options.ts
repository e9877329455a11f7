import type { TextEncoding } from '../../src/index.js';
import { encodingOption } from '../data-options.js';
import type { OptionSpecs } from '../options.js';

/** How tagged words are written: `lines` are one line for each sentence, `word/TAG`. */
export const tagOutputs = ['conllu', 'columns', 'lines'] as const;

/** Options of commands that read words with tags. */
export const taggedFileOptions = {
  format: {
    ofData: true,
    type: 'text',
    value: 'FORMAT',
    choices: ['conllu', 'columns'],
    about:
      'Of tagged words: conllu or columns (a word and its tags a line). Default: by the name, .conllu, or by the ' +
      'first line.',
  },
  column: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'COLUMN',
    about:
      'Where the tags are. Of CoNLL-U: upos (default), xpos, feats, deprel, lemma ... Of columns: a number from ' +
      '1, or last (default).',
  },
  ...encodingOption,
  'word-column': {
    ofData: true,
    type: 'count',
    once: true,
    value: 'N',
    about: 'Of columns: where the words are. Default 1.',
  },
} as const satisfies OptionSpecs;

/** What these options say. */
export interface TaggedFileOptions {
  readonly format?: 'conllu' | 'columns' | undefined;
  readonly column?: string | undefined;
  readonly 'word-column'?: number | undefined;
  readonly encoding?: TextEncoding | undefined;
}

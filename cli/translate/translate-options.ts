import { bleuTokenizerNames, pairFormats } from '../../src/index.js';
import { encodingOption } from '../data-options.js';
import type { OptionSpecs } from '../options.js';
import { samplingOptions } from '../sampling-options.js';

/** Of commands that read pairs. */
export const pairOptions = {
  format: {
    ofData: true,
    type: 'text',
    value: 'FORMAT',
    choices: pairFormats,
    about:
      'Of one file of pairs: tsv (a source, a tab, a target), csv or jsonl (columns or fields by name). Default: what ' +
      'the name says.',
  },
  source: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'COLUMN',
    about: 'Column or field of what is read. Default source, or the first column of a tsv without names.',
  },
  target: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'COLUMN',
    about: 'Column or field of what it becomes. Default target, or the second column.',
  },
  ...encodingOption,
} as const satisfies OptionSpecs;

/** How translations are searched for. */
export const searchOptions = {
  beams: {
    type: 'count',
    value: 'N',
    most: 1000,
    about: 'Hypotheses that are followed. Default 5; 1 takes the likeliest token at each step, and is quickest.',
  },
  'length-penalty': {
    type: 'number',
    value: 'ALPHA',
    about: 'From 0 on: the larger, the longer translations may be (Wu et al. 2016, eq. 14). Default 1.',
  },
  'coverage-penalty': {
    type: 'number',
    value: 'BETA',
    about: 'From 0 on: how much a translation loses that leaves out words (Wu et al. 2016, eq. 14). Default 0.',
  },
  'replace-unknown': {
    type: 'flag',
    about: 'Write unknown words as the word of the source that they attend to. Default: they are never written.',
  },
} as const satisfies OptionSpecs;

/** Draws translations instead of searching for them. */
const drawingOptions = {
  ...samplingOptions,
  temperature: {
    ...samplingOptions.temperature,
    about: `Draw translations instead of searching for the likeliest, --n-best of each text. ${samplingOptions.temperature.about}`,
  },
  seed: {
    type: 'whole',
    value: 'N',
    about: 'Draw translations, others with each seed. Default: one of its own, the same in each run.',
  },
} as const satisfies OptionSpecs;

/** Of commands that translate. */
export const translationOptions = {
  ...searchOptions,
  'n-best': {
    type: 'count',
    value: 'N',
    most: 1000,
    about: 'Translations of each text, with their scores. Default 1.',
  },
  ...drawingOptions,
  prefix: { type: 'text', value: 'TEXT', about: 'What translations begin with.' },
  source: {
    ...pairOptions.source,
    ofData: undefined,
    about: 'Of a csv, tsv or jsonl: the column or field to translate. Default that of training, or source.',
  },
  'one-of': { type: 'text', value: 'FILE', about: 'The only translations there are, one a line.' },
  ...encodingOption,
} as const satisfies OptionSpecs;

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

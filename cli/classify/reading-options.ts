import { classifierOptions, type EmptyTexts } from '../../src/index.js';
import { textFileFormats } from '../../src/node.js';
import { encodingOption, tableOptions } from '../data-options.js';
import type { OptionSpec, OptionSpecs } from '../options.js';
import { taskFlags } from '../task-flags.js';

/** Options of commands that read texts, with or without labels. */
export const readingOptions = {
  format: {
    ofData: true,
    type: 'text',
    value: 'FORMAT',
    choices: textFileFormats,
    about:
      'Of texts and labels: csv, tsv, jsonl (fields by name), lines (`label text...` a line), fasttext ' +
      '(`__label__NAME text...` a line), folders (one a class, one text a file), class-files (one a class, one ' +
      'text a line), texts (one a line, without labels). Default: what the name says.',
  },
  text: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'COLUMN',
    about: 'Column or field of the text. Default text.',
  },
  label: {
    ofData: true,
    type: 'text',
    once: true,
    value: 'COLUMN',
    about: 'Column or field of the label. Default label.',
  },
  'label-until': {
    ofData: true,
    type: 'text',
    value: 'SIGN',
    about: 'Keep a label up to this sign: with `:`, DESC:manner becomes DESC.',
  },
  columns: tableOptions.columns,
  ...encodingOption,
} as const satisfies OptionSpecs;

/** What to do about texts without a word. */
export const emptyOption = taskFlags(classifierOptions, ['empty']) as Readonly<Record<'empty', EmptySpec>>;

interface EmptySpec extends OptionSpec {
  readonly type: 'text';
  readonly choices: readonly EmptyTexts[];
}

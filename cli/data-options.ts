import { decimalSigns, textEncodings } from '../src/index.js';
import type { Given, OptionSpecs } from './options.js';
import type { TableInputOptions } from './read-input.js';

/** Of every command that reads texts or tables. */
export const encodingOption = {
  encoding: {
    ofData: true,
    type: 'text',
    value: 'NAME',
    choices: textEncodings,
    about:
      `Encoding of the files: ${textEncodings.join(', ')}. Default utf-8; windows-1252 reads Latin-1 too, ` +
      'windows-1251 and koi8-r Cyrillic.',
  },
} as const satisfies OptionSpecs;

/** Of trainings whose parts may be in files of their own. @param about what each is for. */
export function partOptions(about: Readonly<Record<'dev' | 'test', string>>) {
  const file = { ofData: true, type: 'text', once: true, value: 'FILE' } as const;
  return { dev: { ...file, about: about.dev }, test: { ...file, about: about.test } } as const satisfies OptionSpecs;
}

/** Of commands that read numbers. */
const decimalOption = {
  decimal: {
    ofData: true,
    type: 'text',
    value: 'SIGN',
    choices: decimalSigns,
    about: 'What stands before the decimals of numbers: point or comma. Default: what the cells of each column tell.',
  },
} as const satisfies OptionSpecs;

/** Of commands that read tables. */
export const tableOptions = {
  columns: {
    ofData: true,
    type: 'text',
    value: 'NAMES',
    about: 'Names of the columns, separated by commas, of a table without a line of names.',
  },
  ...decimalOption,
  ...encodingOption,
} as const satisfies OptionSpecs;

/** What these options say. */
export function givenTable({ columns, decimal, encoding }: Given<typeof tableOptions>): TableInputOptions {
  return { columns: columns?.split(','), decimal, encoding };
}

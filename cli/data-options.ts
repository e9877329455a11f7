import { decimalSigns, textEncodings } from '../src/index.js';
import { timeOptions } from './forecast/series-options.js';
import type { Given, OptionSpecs } from './options.js';
import type { TableInputOptions } from './read-input.js';
import { WrongUsage } from './wrong-usage.js';

/** Of every command that reads texts or tables. */
export const encodingOption = {
  encoding: {
    type: 'text',
    value: 'NAME',
    choices: textEncodings,
    about: `Encoding of the files: ${textEncodings.join(', ')}. Default utf-8; windows-1252 reads Latin-1 too.`,
  },
} as const satisfies OptionSpecs;

/** Of commands that read numbers. */
export const decimalOption = {
  decimal: {
    type: 'text',
    value: 'SIGN',
    choices: decimalSigns,
    about: 'What stands before the decimals of numbers: point or comma. Default: what the cells of each column tell.',
  },
} as const satisfies OptionSpecs;

/** Of commands that read tables. */
export const tableOptions = {
  columns: {
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

/**
 * Refuses options of tables of numbers where the model reads none, which would ignore them.
 * @throws WrongUsage naming all of them
 */
export function refuseForecastOptions(
  where: string,
  task: string,
  options: Given<typeof decimalOption & typeof timeOptions>,
): void {
  const names = Object.keys({ ...decimalOption, ...timeOptions }) as (keyof typeof options)[];
  const given = names.filter((name) => options[name] !== undefined).map((name) => `--${name}`);
  if (given.length === 0 || task === 'forecast') return;
  throw new WrongUsage({
    where,
    what: `${given.join(', ')} can be used with forecasts only.`,
    expected: 'a model made by rondo train forecast',
    received: `a model of the task ${task}`,
    fix: `leave ${given.length === 1 ? given[0] : 'them'} out.`,
  });
}

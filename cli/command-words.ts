import type { CommandLine, OptionSpecs } from './options.js';

/** Options of a command line by name. */
export type OptionValues = CommandLine<OptionSpecs>['options'];

/** The words that give these options; those that are not given, and flags that are false, are left out. */
export function optionWords(options: OptionValues): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    const texts = typeof value === 'object' ? value : [String(value)];
    return texts.flatMap((text) => (text.startsWith('-') ? [`--${name}=${text}`] : [`--${name}`, text]));
  });
}

/** A word of a command line as a shell needs it; line ends and control characters are written with escapes. */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = word
    .replace(/[\\']/g, '\\$&')
    .replace(/\p{Cc}/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `$'${escaped}'`;
}

/** A command line to copy. Files whose names begin with a dash stand at its end, behind `--`. */
export function commandText(command: string, positionals: readonly string[], options: OptionValues): string {
  const hasDash = positionals.some((word) => word.length > 1 && word.startsWith('-'));
  const words = hasDash ? [...optionWords(options), '--', ...positionals] : [...positionals, ...optionWords(options)];
  return `rondo ${[command, ...words.map(quoted)].join(' ')}`;
}

/**
 * Options that a resumed training needs again: where data are and how they are read. The others are in the checkpoint.
 */
const neededAgain = [
  'dev',
  'test',
  'encoding',
  'format',
  'text',
  'label',
  'label-until',
  'column',
  'word-column',
  'columns',
  'decimal',
];

/** The command line that goes on with an interrupted training. */
export function resumeCommand(
  command: string,
  { positionals, options }: CommandLine<OptionSpecs>,
  model: string,
): string {
  const again = Object.fromEntries(
    neededAgain.flatMap((name) => (Object.hasOwn(options, name) ? [[name, options[name]]] : [])),
  );
  return commandText(command, positionals, { ...again, out: model, resume: true, blas: options.blas });
}

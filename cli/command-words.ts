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
 * The command line that goes on with an interrupted training: where data are and how they are read is said again, all
 * else is in the checkpoint.
 */
export function resumeCommand(
  command: { readonly name: string; readonly options: OptionSpecs },
  { positionals, options }: CommandLine<OptionSpecs>,
  model: string,
): string {
  const again = Object.entries(command.options).flatMap(([name, { ofData }]) =>
    ofData ? [[name, options[name]]] : [],
  );
  const all = { ...Object.fromEntries(again), out: model, resume: true, blas: options.blas };
  return commandText(command.name, positionals, all);
}

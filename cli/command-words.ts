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

/** A word of a command line as a shell needs it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line to copy. */
export function commandText(command: string, positionals: readonly string[], options: OptionValues): string {
  return `rondo ${[command, ...[...positionals, ...optionWords(options)].map(quoted)].join(' ')}`;
}

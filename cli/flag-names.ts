import { type ErrorFacts, RondoError } from '../src/index.js';
import type { CommandLine, OptionSpecs } from './options.js';
import { WrongUsage } from './wrong-usage.js';

/** A command line with what its options are. */
export interface ReadCommandLine {
  /** Of the command, without `rondo`. */
  readonly name: string;
  readonly specs: OptionSpecs;
  readonly options: CommandLine<OptionSpecs>['options'];
}

/** Codes whose messages quote names from data and files, which may look like those of options. */
const quotesData: readonly string[] = ['UNKNOWN_NAME', 'DATA_FORMAT', 'FILE_FORMAT', 'FILE_ACCESS', 'FILE_VERSION'];

/**
 * An error of the library as an error of the command line: options are called by their flags, `batchSize` becomes `--batch-size`.
 * `isUsage` says that a value given on the command line is at fault.
 */
export function inFlags(error: RondoError, { name, specs, options }: ReadCommandLine): { readonly error: RondoError; readonly isUsage: boolean } {
  if (error instanceof WrongUsage) return { error, isUsage: true };
  const flags = new Map(Object.entries(specs).map(([flag, { sets }]) => [sets ?? camelCase(flag), flag]));
  const { option } = error.facts;
  if (option === undefined && quotesData.includes(error.code)) return { error, isUsage: false };
  const flag = option === undefined ? undefined : flags.get(option);
  const value = flag === undefined ? undefined : options[flag];
  const isUsage = value !== undefined && value !== false;
  const spoken = (text: string | undefined): string | undefined =>
    text?.replace(/`([a-z]\w*)`|\b([a-z]+[A-Z]\w*)\b/g, (whole, quoted?: string, bare?: string) => {
      const found = flags.get(quoted ?? bare ?? '');
      if (found === undefined) return whole;
      return quoted === undefined ? `--${found}` : `\`--${found}\``;
    });
  const { what, expected, received, fix, ...rest } = error.facts;
  const facts: ErrorFacts = { ...rest, what: spoken(what) ?? what, expected: spoken(expected), received, fix: spoken(fix) };
  return { error: new RondoError(error.code, isUsage ? { ...facts, where: `rondo ${name}` } : facts), isUsage };
}

function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

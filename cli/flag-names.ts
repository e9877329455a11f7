import * as library from '../src/index.js';
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
 * An error of the library as an error of the command line: options are called by their flags, `batchSize` becomes
 * `--batch-size`. `isUsage` says that the command line is at fault: a value that was given, or one that is missing.
 */
export function inFlags(
  error: RondoError,
  { name, specs, options }: ReadCommandLine,
): { readonly error: RondoError; readonly isUsage: boolean } {
  if (error instanceof WrongUsage) return { error, isUsage: true };
  const isGiven = (flag: string): boolean => options[flag] !== undefined && options[flag] !== false;
  const flags = flagsOfOptions(specs, isGiven);
  const command = `rondo ${name}`;
  const { option } = error.facts;
  if (option === undefined && quotesData.includes(error.code))
    return {
      error: withWhere(error, isOfLibrary(error) ? command : error.facts.where),
      isUsage: isTyped(error, options),
    };
  const atFault = option === undefined ? quoted(error.facts.what) : [option];
  // Data that an option cannot read are at fault themselves, and their place is known.
  const isUsage =
    error.code === 'USAGE' ||
    (error.code !== 'DATA_FORMAT' &&
      atFault.map((name) => flags.get(name)).some((flag) => flag !== undefined && isGiven(flag)));
  const spoken = (text: string | undefined): string | undefined =>
    text?.replace(/`([a-z]\w*)`|\b([a-z]+[A-Z]\w*)\b/g, (whole, quoted?: string, bare?: string) => {
      const found = flags.get(quoted ?? bare ?? '');
      if (found === undefined) return whole;
      return quoted === undefined ? `--${found}` : `\`--${found}\``;
    });
  const { what, expected, received, fix, ...rest } = error.facts;
  const facts: ErrorFacts = {
    ...rest,
    what: spoken(what) ?? what,
    expected: spoken(expected),
    received,
    fix: spoken(fix),
  };
  const where = isUsage || isOfLibrary(error) ? command : facts.where;
  return { error: new RondoError(error.code, { ...facts, where }), isUsage };
}

/**
 * Whether an error about what was given says where by a name of the library, which the command line does not speak of.
 */
function isOfLibrary({ code, facts }: RondoError): boolean {
  const [, named, method] = /^(\w*)(?:\.(\w+))?(?=$|,)/.exec(facts.where) ?? [];
  // `Table.csv` is a file, `Table.indexOf` is of the library.
  const isFunction = Object.entries(library).some(
    ([name, value]) =>
      name === named &&
      typeof value === 'function' &&
      (method === undefined || method in value || method in Object(value.prototype)),
  );
  return isFunction && ['OUT_OF_RANGE', 'UNKNOWN_NAME', 'DATA_FORMAT', 'USAGE'].includes(code);
}

function withWhere(error: RondoError, where: string): RondoError {
  return where === error.facts.where ? error : new RondoError(error.code, { ...error.facts, where });
}

/**
 * Which flag sets an option of the library: of several, one that was given; a flag that says what it sets, before one
 * of the same name.
 */
function flagsOfOptions(specs: OptionSpecs, isGiven: (flag: string) => boolean): ReadonlyMap<string, string> {
  const found = Object.entries(specs).map(([flag, { sets }]) => ({
    flag,
    sets,
    rank: (sets === undefined ? 0 : 1) + (isGiven(flag) ? 2 : 0),
  }));
  return new Map(found.sort((a, b) => a.rank - b.rank).map(({ flag, sets }) => [optionOf(flag, sets), flag]));
}

/** Whether nothing is called by a name that was typed as an option's value, or among several of them. */
function isTyped(error: RondoError, options: ReadCommandLine['options']): boolean {
  if (error.code !== 'UNKNOWN_NAME') return false;
  const typed = Object.values(options)
    .flat()
    .filter((value) => typeof value === 'string')
    .flatMap((value) => [value, ...value.split(/[,=]/)]);
  return typed.some((name) => error.facts.received === `\`${name}\``);
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([a-z]\w*)`/g)].map(([, name]) => name);
}

/** The option of the library that a flag sets. */
export function optionOf(flag: string, sets?: string): string {
  return sets ?? camelCase(flag);
}

function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

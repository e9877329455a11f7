import type { TaskOption } from '../src/index.js';

/** What an option takes, as a value of {@link OptionSpec.type}. */
interface OptionValues {
  /** Given or not; takes no value. */
  flag: boolean;
  text: string;
  /** May be given several times; the texts in their order. */
  texts: readonly string[];
  /** Any finite number. */
  number: number;
  /** A whole number of at least 1. */
  count: number;
  /** A whole number of at least 0. */
  whole: number;
}

/** One option of a command. */
export interface OptionSpec {
  readonly type: keyof OptionValues;
  /** What stands for the value in the help. */
  readonly value?: string | undefined;
  /** The only values allowed. */
  readonly choices?: readonly string[] | undefined;
  /** Of a count: a word that it takes too. */
  readonly word?: string | undefined;
  /** Of a count: the largest that makes sense on any machine. */
  readonly most?: number | undefined;
  /**
   * The option of the library that it sets, where that is not its own name in camel case; messages of the library then
   * speak of the flag.
   */
  readonly sets?: string | undefined;
  /** Whether two different values are refused, of which one would be forgotten: of options that name data. */
  readonly once?: boolean | undefined;
  /**
   * Whether it says where the data are or how they are read: a training that is resumed needs it again, and trials of a
   * search could not be compared without.
   */
  readonly ofData?: boolean | undefined;
  /** What a search tries, and which scores it changes the meaning of. */
  readonly search?: TaskOption['search'];
  readonly changesScore?: TaskOption['changesScore'];
  readonly about: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What a command line may say of an option. */
export type OptionValue = OptionValues[OptionSpec['type']] | undefined;

/** The options of a command line by name; those not given are undefined, flags false. */
export type Given<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name]['type'] extends 'flag' ? boolean : ValueOf<Specs[Name]> | undefined;
};

type ValueOf<Spec extends OptionSpec> = Spec extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : OptionValues[Spec['type']] | (Spec extends { readonly word: infer Word } ? Word : never);

export interface CommandLine<Specs extends OptionSpecs> {
  readonly positionals: readonly string[];
  readonly options: Given<Specs>;
}

/** What `rondo` can do. */
export interface Command {
  /** One word or two, as typed. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows the name in the usage line. */
  readonly usage: string;
  /** A few command lines that work. */
  readonly examples: readonly string[];
  readonly options: OptionSpecs;
  run(line: CommandLine<OptionSpecs>): Promise<void>;
}

/** Makes a command whose `run` sees its options by name with their types. */
export function defineCommand<const Specs extends OptionSpecs>(
  command: Omit<Command, 'options' | 'run'> & { readonly options: Specs; run(line: CommandLine<Specs>): Promise<void> },
): Command {
  return { ...command, run: (line) => command.run(line as CommandLine<Specs>) };
}

/** Options that every command has. */
export const commonOptions = {
  help: { type: 'flag', about: 'Show this help.' },
} as const satisfies OptionSpecs;

/** Options of commands that compute, and draw nothing at random. */
export const inferenceOptions = {
  backend: {
    type: 'text',
    value: 'NAME',
    choices: ['wasm', 'reference'],
    about: 'What computes: wasm (default) or reference (float64, slow).',
  },
  threads: {
    type: 'count',
    value: 'N',
    about: 'Threads that compute; by default one a core, at most 8. Results do not depend on it.',
  },
  blas: {
    type: 'flag',
    about: 'Let an installed BLAS compute large matrix products; needs the npm package koffi. See rondo doctor.',
  },
  native: {
    type: 'text',
    value: 'WHEN',
    choices: ['on', 'off'],
    about:
      'Machine code of the processor: on where koffi is installed and the system allows it (default), or off. See rondo doctor.',
  },
} as const satisfies OptionSpecs;

/** Options of commands that compute. */
export const computeOptions = {
  ...inferenceOptions,
  seed: {
    type: 'whole',
    value: 'N',
    about: 'Makes a run repeatable: weights, dropout, shuffling, sampling. Default 0.',
  },
} as const satisfies OptionSpecs;

/** Options of commands whose answer a program may read. */
export const jsonOption = {
  json: { type: 'flag', about: 'Print one JSON document and nothing else.' },
} as const satisfies OptionSpecs;

import {
  RondoError,
  refuseUnknownOptions,
  requireBoolean,
  requireKind,
  requireNumber,
  unknownName,
} from '../errors.js';
import { givenOptions } from '../resolved.js';
import type { SearchDimension } from '../tuning/search-space.js';

/**
 * What is said of an option, whatever it takes. What it is for stands in the comment above it, in sentences that hold
 * for the library and the command line: options of the same task in backticks, which the help turns into their flags,
 * and what is for readers of code alone in sentences that have a link.
 */
export interface OptionFacts<Value = unknown, Needs = never, Data = never> {
  /**
   * What counts where nothing is given: a value, or how it follows from the other options and the data. Without it the
   * option may stay undefined.
   */
  readonly default?: Value | ((options: Needs, data: Data) => Value) | undefined;
  /** Its flag, where that is not its name in kebab case; false where it has none. */
  readonly flag?: string | false | undefined;
  /** The flag that switches it off, of an option that is on by default. */
  readonly off?: { readonly flag: string; readonly about: string } | undefined;
  /** What stands for the value in the help, as `RATE`. */
  readonly value?: string | undefined;
  /** The option without which it has no effect, so that all but its default is refused. */
  readonly needs?: string | undefined;
  /** Whether the command line refuses two different values: of options that name data. */
  readonly once?: boolean | undefined;
  /**
   * What a training does that begins with an earlier model: that model decides it, as the shape of its weights, or has
   * it where nothing else is given.
   */
  readonly ofInitial?: 'decided' | 'inherited' | undefined;
  /** What a search tries unless told otherwise; it may follow from the options that are given. */
  readonly search?: SearchDimension | ((given: Readonly<Record<string, unknown>>) => SearchDimension | undefined);
  /** Whether it says what the loss is, which a short training that goes on from a model keeps. */
  readonly ofLoss?: boolean | undefined;
  /** Which scores of a search it changes the meaning of, so that trials could not be compared: all, or some by name. */
  readonly changesScore?: 'all' | readonly string[] | undefined;
}

/**
 * An option of a task. Its type, its check, its flag, its line in the help and in the documentation, and what a search
 * tries all follow from it.
 */
export interface TaskOption<Value = unknown, Needs = never, Data = never> extends OptionFacts<Value, Needs, Data> {
  readonly takes: 'boolean' | 'count' | 'number' | 'choice' | 'text';
  /** The least that a count may be. */
  readonly least?: number | undefined;
  readonly most?: number | undefined;
  /** The texts that are taken, where they are known; of a count, a word that it takes too. */
  readonly choices?: readonly string[] | undefined;
  /** Whether it must be given. */
  readonly isRequired?: true | undefined;
  /** @throws OUT_OF_RANGE, UNKNOWN_NAME, USAGE */
  check(where: string, name: string, value: unknown): void;
  /** Of types alone: what {@link OptionsOf} makes of it. */
  readonly type?: Value | undefined;
}

/** The options of a task by name, in the order in which they are shown. */
export type OptionTable = Readonly<Record<string, TaskOption>>;

/** What may be given; what is required must be. */
export type OptionsOf<Table extends OptionTable> = [RequiredOf<Table>] extends [never]
  ? AllOptional<Table>
  : AllOptional<Omit<Table, RequiredOf<Table>>> & ResolvedOf<Pick<Table, RequiredOf<Table>>>;

/** Written over the table's own names, so that the comments above its entries go along. */
type AllOptional<Table extends OptionTable> = {
  -readonly [Name in keyof Table]?: ValueOf<Table[Name]> | undefined;
};

type RequiredOf<Table extends OptionTable> = keyof {
  [Name in keyof Table as Table[Name] extends Required<Pick<TaskOption, 'isRequired'>> ? Name : never]: unknown;
} &
  string;

type ValueOf<Option> = Option extends TaskOption<infer Value> ? Value : never;

/** {@link OptionsOf} with a value for each. */
export type ResolvedOf<Table extends OptionTable> = { -readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/** What the defaults of a table read besides options, all together. */
type DataOf<Table extends OptionTable> =
  Table[keyof Table] extends TaskOption<unknown, never, infer Data> ? Data : never;

/** Refuses, as a type, a default that reads options which the table does not have. */
type Complete<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends TaskOption<unknown, infer Needs, never>
    ? ResolvedOf<Table> extends Needs
      ? unknown
      : never
    : never;
};

/** A table of options, whose defaults may read each other. */
export function optionTable<const Table extends OptionTable>(table: Table & Complete<Table>): Table {
  return table;
}

/** What a function makes from its arguments alone: where it stands tells nothing of its types. */
type Made<Value, Needs, Data> = TaskOption<NoInfer<Value>, NoInfer<Needs>, NoInfer<Data>>;

/** A whole number from `least`, by default 1, to `most`; with `word`, that word as well. */
export function count<const Word extends string = never, Needs = unknown, Data = unknown>({
  least = 1,
  most,
  word,
  ...facts
}: OptionFacts<number | NoInfer<Word>, Needs, Data> & {
  least?: number;
  most?: number;
  word?: Word;
}): Made<number | Word, Needs, Data> {
  const expected =
    most === undefined ? `a whole number of at least ${least}` : `a whole number from ${least} to ${most}`;
  return {
    value: word === undefined ? 'N' : `N|${word}`,
    ...facts,
    takes: 'count',
    least,
    most,
    choices: word && [word],
    check(where, name, value) {
      if (word !== undefined && value === word) return;
      requireNumber(
        where,
        name,
        value as number,
        word === undefined ? expected : `${expected}, or ${word}`,
        (v) => Number.isInteger(v) && v >= least && v <= (most ?? Infinity),
      );
    },
  };
}

/** Where a number may lie. */
interface Bounds {
  readonly above?: number;
  readonly atLeast?: number;
  readonly below?: number;
  readonly atMost?: number;
}

/** A finite number within bounds. */
export function number<Needs = unknown, Data = unknown>({
  above,
  atLeast,
  below,
  atMost,
  ...facts
}: OptionFacts<number, Needs, Data> & Bounds): Made<number, Needs, Data> {
  const bounds = Object.entries({ above, 'of at least': atLeast, below, 'at most': atMost });
  const said = bounds.filter(([, bound]) => bound !== undefined).map((words) => words.join(' '));
  return {
    ...facts,
    takes: 'number',
    check: (where, name, value) =>
      requireNumber(
        where,
        name,
        value as number,
        `a number ${said.join(' and ')}`,
        (v) =>
          v > (above ?? -Infinity) &&
          v >= (atLeast ?? -Infinity) &&
          v < (below ?? Infinity) &&
          v <= (atMost ?? Infinity),
      ),
  };
}

/** What is dropped: a number from 0 to below 1. */
export function rate<Needs = unknown, Data = unknown>(
  facts: OptionFacts<number, Needs, Data>,
): Made<number, Needs, Data> {
  return number({ value: 'RATE', ...facts, atLeast: 0, below: 1 });
}

/** True or false; by default false unless told otherwise. */
export function flag<Needs = unknown, Data = unknown>(
  facts: OptionFacts<boolean, Needs, Data>,
): Made<boolean, Needs, Data> {
  return { default: false, ...facts, takes: 'boolean', check: requireBoolean };
}

/** One of some names; `also` are those that nobody chooses, because the data decide them. */
export function choice<const Value extends string, const Also extends string = never, Needs = unknown, Data = unknown>({
  of,
  also = [],
  ...facts
}: OptionFacts<NoInfer<Value>, Needs, Data> & { of: readonly Value[]; also?: readonly Also[] }): Made<
  Value | Also,
  Needs,
  Data
> {
  const known: readonly unknown[] = [...of, ...also];
  return {
    ...facts,
    takes: 'choice',
    choices: of,
    check(where, name, value) {
      if (!known.includes(value)) throw unknownName(where, name, String(value), of);
    },
  };
}

/** What {@link custom} needs to know besides. */
interface Custom<Value> {
  /** Names that are offered. */
  readonly choices?: readonly string[];
  check(where: string, value: Value, name: string): void;
}

/** What has a check of its own; the command line reads a text. */
export function custom<Value, Needs = unknown, Data = unknown>({
  check,
  ...facts
}: OptionFacts<Value, Needs, Data> & Custom<Value>): Made<Value, Needs, Data> {
  return { ...facts, takes: 'text', check: (where, name, value) => check(where, value as Value, name) };
}

/** Any text, such as the name of a column. */
export function text(facts: OptionFacts<string, unknown, unknown>): TaskOption<string, unknown, unknown> {
  return custom({
    ...facts,
    check: (where, value, name) =>
      requireKind(typeof value === 'string', value, {
        where,
        what: `\`${name}\` is no text.`,
        fix: `give \`${name}\` a text, or leave it out.`,
      }),
  });
}

/** The same option, which must be given. */
export function required<Value, Needs, Data>(
  option: TaskOption<Value, Needs, Data>,
): TaskOption<Value, Needs, Data> & { readonly isRequired: true } {
  return { ...option, isRequired: true };
}

/**
 * Checks what is given of a task's options, each by itself. @throws UNKNOWN_NAME for options that the table does not
 * have; USAGE for one without the option that it needs; what their checks throw
 */
export function checkOptions(where: string, table: OptionTable, options: object): void {
  refuseUnknownOptions(where, options, Object.keys(table));
  const given = givenOptions(options) as Readonly<Record<string, unknown>>;
  for (const [name, option] of Object.entries(table)) {
    if (given[name] !== undefined || option.isRequired) option.check(where, name, given[name]);
    const { needs } = option;
    if (needs === undefined || given[needs] || [undefined, option.default].includes(given[name])) continue;
    throw new RondoError('USAGE', {
      where,
      what: `\`${name}\` has no effect without \`${needs}\`.`,
      fix: `give \`${needs}\` too, or leave \`${name}\` out.`,
      option: name,
    });
  }
}

/** What is given, and the defaults of what is not, in the order of the table. */
export function withDefaults<Table extends OptionTable>(
  table: Table,
  given: OptionsOf<Table>,
  ...[data]: unknown extends DataOf<Table> ? [] : [data: DataOf<Table>]
): ResolvedOf<Table> {
  const options: Partial<Record<string, unknown>> = {};
  const own = given as Readonly<Record<string, unknown>>;
  for (const [name, option] of Object.entries(table))
    Object.defineProperty(options, name, {
      enumerable: true,
      get: () =>
        own[name] ??
        (typeof option.default === 'function' ? option.default(options as never, data as never) : option.default),
    });
  return givenOptions({ ...options }) as ResolvedOf<Table>;
}

/** Of some options those of a table. */
export function pickOptions<Options extends object, Name extends string>(
  table: Readonly<Record<Name, TaskOption>>,
  options: Options,
): Pick<Options, Name & keyof Options> {
  const names = Object.keys(table) as (Name & keyof Options)[];
  return Object.fromEntries(names.map((name) => [name, options[name]])) as Pick<Options, Name & keyof Options>;
}

import type { OptionsOf, OptionTable, TaskOption } from '../src/index.js';
import * as library from '../src/index.js';
import { camelCase } from './flag-names.js';
import texts from './option-texts.json' with { type: 'json' };
import type { CommandLine, OptionSpec, OptionSpecs } from './options.js';

/** `maxEpochs` as `max-epochs`. */
function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The flag that sets an option; of one that can only be switched off, the flag that does. */
function flagOf(name: string, { flag, off }: TaskOption): string | undefined {
  if (flag === false) return undefined;
  return flag ?? off?.flag ?? kebabCase(name);
}

/** Names as they are typed, in place of those of the library. */
function choicesOf({ takes, choices }: TaskOption): readonly string[] | undefined {
  return takes === 'choice' ? choices?.map(kebabCase) : choices;
}

/** How an option is given, whatever it is called. */
function formOf(option: TaskOption): Pick<OptionSpec, 'type' | 'value' | 'choices' | 'word' | 'most'> {
  const { takes, value, least, most } = option;
  if (takes === 'number') return { type: 'number', value };
  if (takes === 'count')
    return { type: least === 0 ? 'whole' : 'count', value, most, ...(option.choices && { word: option.choices[0] }) };
  if (takes === 'boolean')
    return option.default === true ? { type: 'text', value: 'yes|no', choices: ['yes', 'no'] } : { type: 'flag' };
  const choices = choicesOf(option);
  const joined = choices?.join('|');
  return { type: 'text', value: value ?? (joined !== undefined && joined.length <= 15 ? joined : 'NAME'), choices };
}

/** The flags of a task's options, with the comments of its table as their help. */
export function taskFlags(table: OptionTable, names: readonly string[] = Object.keys(table)): OptionSpecs {
  const known = Object.entries(library).find(([, value]) => value === table)?.[0] as keyof typeof texts;
  const about: Readonly<Record<string, string>> = texts[known];
  return Object.fromEntries(
    names.flatMap((name) => flagsOf(name, table[name], helpOf(about[name], table[name], table))),
  );
}

function flagsOf(name: string, option: TaskOption, about: string): [string, OptionSpec][] {
  const { off, once, search, changesScore } = option;
  const flag = off !== undefined && option.flag === undefined ? undefined : flagOf(name, option);
  const spec = (own: string, form: Pick<OptionSpec, 'type' | 'about'>): [string, OptionSpec] => [
    own,
    { ...form, once, search, changesScore, ...(camelCase(own) !== name && { sets: name }) },
  ];
  const form = off === undefined ? formOf(option) : ({ type: 'flag' } as const);
  return [
    ...(flag === undefined ? [] : [spec(flag, { ...form, about })]),
    ...(off === undefined ? [] : [spec(off.flag, { type: 'flag', about: off.about })]),
  ];
}

/** A comment as help: options by their flags, names that it does not mention, and the default where it says none. */
function helpOf(comment: string, option: TaskOption, table: OptionTable): string {
  const choices = choicesOf(option) ?? [];
  const own = option.takes === 'boolean' ? comment.replace(/ Default (true|false)[^.]*\./, '') : comment;
  const text = own.replace(/`([^`]*)`/g, (_, word: string) => {
    const flag = Object.hasOwn(table, word) ? flagOf(word, table[word]) : undefined;
    return flag === undefined ? (option.takes === 'choice' ? kebabCase(word) : word) : `--${flag}`;
  });
  const isListed = choices.every((name) => text.includes(name));
  const value = typeof option.default === 'function' || option.takes === 'boolean' ? undefined : option.default;
  return [
    text,
    ...(isListed ? [] : [`One of ${choices.join(', ')}.`]),
    ...(value === undefined || /default/i.test(text) ? [] : [`Default ${String(value)}.`]),
  ].join(' ');
}

/** How texts are read whose values are neither texts nor numbers, by option. */
export type Readers<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: (text: string) => OptionsOf<Table>[Name];
};

/** What a command line says of a task; undefined where it says nothing. */
export function givenOptions<Table extends OptionTable>(
  table: Table,
  options: CommandLine<OptionSpecs>['options'],
  readers: Readers<Table> = {},
): OptionsOf<Table> {
  const valueOf = (name: string, option: TaskOption): unknown => {
    const { takes, off } = option;
    if (off !== undefined && options[off.flag] === true) return false;
    const value = options[flagOf(name, option) ?? ''];
    if (value === undefined || value === false) return undefined;
    if (takes === 'boolean') return value === true || value === 'yes';
    if (takes === 'choice') return option.choices?.find((choice) => kebabCase(choice) === value);
    const read = readers[name];
    return read === undefined || typeof value !== 'string' ? value : read(value);
  };
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => [name, valueOf(name, option)]),
  ) as OptionsOf<Table>;
}

import type { OptionsOf, OptionTable, ResolvedOf, TaskOption } from '../src/index.js';
import * as library from '../src/index.js';
import texts from './option-texts.json' with { type: 'json' };
import type { CommandLine, OptionSpec, OptionSpecs } from './options.js';
import { notTogether, WrongUsage } from './wrong-usage.js';

/** `maxEpochs` as `max-epochs`. */
function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The flags of an option: the one that gives it, and the one that switches it off. */
function flagsOf(name: string, { flag, off }: TaskOption): { on?: string; off?: string } {
  const on = flag ?? (off === undefined ? kebabCase(name) : false);
  return { ...(on !== false && { on }), ...(off && { off: off.flag }) };
}

/** How an option is given, whatever it is called; names of the library are typed in kebab case. */
function formOf(option: TaskOption): Pick<OptionSpec, 'type' | 'value' | 'choices' | 'word' | 'most'> {
  const { takes, value, least, most, off } = option;
  if (takes === 'number') return { type: 'number', value };
  if (takes === 'count')
    return { type: least === 0 ? 'whole' : 'count', value, most, ...(option.choices && { word: option.choices[0] }) };
  if (takes === 'boolean')
    return option.default !== true || off !== undefined
      ? { type: 'flag' }
      : { type: 'text', value: 'yes|no', choices: ['yes', 'no'] };
  const choices = takes === 'choice' ? option.choices?.map(kebabCase) : option.choices;
  const joined = choices?.join('|') ?? '';
  return { type: 'text', value: value ?? (joined !== '' && joined.length <= 15 ? joined : 'NAME'), choices };
}

/** The flags of a task's options, with the comments of its table as their help. */
export function taskFlags(table: OptionTable, names: readonly string[] = Object.keys(table)): OptionSpecs {
  const known = Object.entries(library).find(([, value]) => value === table)?.[0] as keyof typeof texts;
  const comments: Readonly<Record<string, string>> = texts[known];
  const flags = names.flatMap((name): [string | undefined, OptionSpec][] => {
    const option = table[name];
    const { on, off } = flagsOf(name, option);
    const { once, search, changesScore } = option;
    const facts = { once, search, changesScore };
    return [
      [on, { ...formOf(option), ...facts, about: helpOf(comments[name], option, table), sets: name }],
      [off, { type: 'flag', ...facts, about: option.off?.about ?? '', sets: name }],
    ];
  });
  return Object.fromEntries(flags.filter(([flag]) => flag !== undefined));
}

/** A comment as help: options by their flags, names that nothing else shows, and the default where it says none. */
function helpOf(comment: string, option: TaskOption, table: OptionTable): string {
  const { type, value, choices = [] } = formOf(option);
  const own = type === 'flag' ? comment.replace(/ Default (true|false)[^.]*\./, '') : comment;
  const text = own.replace('Default true', 'Default yes').replace(/`([^`]*)`/g, (_, word: string) => {
    const { on, off } = Object.hasOwn(table, word) ? flagsOf(word, table[word]) : {};
    const flag = on ?? off;
    return flag === undefined ? (option.takes === 'choice' ? kebabCase(word) : word) : `--${flag}`;
  });
  const isListed = value === choices.join('|') || choices.every((name) => text.includes(name));
  const usual = typeof option.default === 'function' || option.takes === 'boolean' ? undefined : option.default;
  return [
    text,
    ...(isListed ? [] : [`One of ${choices.join(', ')}.`]),
    ...(usual === undefined || /default/i.test(text) ? [] : [`Default ${String(usual)}.`]),
  ].join(' ');
}

/** How texts are read whose values are neither texts nor numbers, by option. */
export type Readers<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: (text: string) => ResolvedOf<Table>[Name];
};

/** What a command line says of a task; undefined where it says nothing. @throws WrongUsage */
export function taskOptions<Table extends OptionTable>(
  where: string,
  table: Table,
  options: CommandLine<OptionSpecs>['options'],
  readers: Readers<Table> = {},
): Partial<OptionsOf<Table>> {
  const valueOf = (name: string, option: TaskOption): unknown => {
    const { on = '', off = '' } = flagsOf(name, option);
    const value = options[on];
    if (options[off] === true) {
      if (value === true) throw notTogether(where, [`--${on}`, `--${off}`], 'leave one out.');
      return false;
    }
    if (value === undefined || value === false) return undefined;
    if (option.takes === 'boolean') return value === true || value === 'yes';
    if (option.takes === 'choice') return option.choices?.find((choice) => kebabCase(choice) === value);
    const read = readers[name];
    return read === undefined || typeof value !== 'string' ? value : read(value);
  };
  const given = Object.entries(table).map(([name, option]) => [name, valueOf(name, option)]);
  return Object.fromEntries(given) as Partial<OptionsOf<Table>>;
}

/** @throws WrongUsage for what must be given and is not. @param specs the command's flags. */
export function requireGiven(
  where: string,
  table: OptionTable,
  specs: OptionSpecs,
  given: Readonly<Record<string, unknown>>,
): void {
  for (const [flag, { sets = '', value, about }] of Object.entries(specs)) {
    if (!table[sets]?.isRequired || given[sets] !== undefined) continue;
    throw new WrongUsage({
      where,
      what: `--${flag} is missing.`,
      expected: `--${flag} ${value}`,
      fix: `give it: ${about}`,
    });
  }
}

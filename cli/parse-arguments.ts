import { parseArgs } from 'node:util';
import { nearestNames } from '../src/index.js';
import type { CommandLine, OptionSpec, OptionSpecs } from './options.js';
import { WrongUsage } from './wrong-usage.js';

/**
 * Splits what follows a command's name into options and the rest. `--name value`, `--name=value` and `--` are
 * understood; an option given twice counts with its last value, unless it takes several
 * or is of those given once.
 *
 * @throws WrongUsage for an unknown option, a missing value, or a value the option cannot take.
 */
export function parseArguments(command: string, args: readonly string[], specs: OptionSpecs): CommandLine<OptionSpecs> {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(specs).map(([name, spec]) => [
        name,
        { type: spec.type === 'flag' ? ('boolean' as const) : ('string' as const) },
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const options: Record<string, string | number | boolean | readonly string[] | undefined> = Object.fromEntries(
    Object.entries(specs).map(([name, { type }]) => [name, type === 'flag' ? false : undefined]),
  );
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const name = token.rawName === '-h' ? 'help' : token.name;
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) throw unknownOption(command, token.rawName, Object.keys(specs));
    const value = valueOf(command, name, spec, token.value, token.inlineValue === true);
    if (spec.once === true && options[name] !== undefined && options[name] !== value)
      throw new WrongUsage({
        where: `rondo ${command}`,
        what: `--${name} is given twice.`,
        expected: `one --${name}`,
        received: `--${name} ${options[name]} --${name} ${value}`,
        fix: `leave one --${name} out.`,
      });
    options[name] =
      spec.type === 'texts' ? [...((options[name] as readonly string[] | undefined) ?? []), String(value)] : value;
  }
  return { positionals, options };
}

/** What one option's text means. @throws WrongUsage */
export function valueOf(
  command: string,
  name: string,
  spec: OptionSpec,
  text: string | undefined,
  isInline: boolean,
): string | number | boolean {
  const where = `rondo ${command}`;
  if (spec.type === 'flag') {
    if (text === undefined) return true;
    throw new WrongUsage({
      where,
      what: `--${name} takes no value.`,
      received: `--${name}=${text}`,
      fix: `write --${name} alone.`,
    });
  }
  const placeholder = spec.value ?? 'VALUE';
  // A value that looks like an option is more often a forgotten value.
  if (text === undefined || (!isInline && /^--?[a-z]/i.test(text))) {
    throw new WrongUsage({
      where,
      what: `--${name} needs a value.`,
      expected: `--${name} ${spec.choices?.join(', ') ?? placeholder}`,
      received: text === undefined ? `--${name}` : `--${name} ${text}`,
      fix: `write --${name} ${spec.choices?.[0] ?? placeholder}${
        text !== undefined && spec.type.startsWith('text') && spec.choices === undefined
          ? `, or --${name}=${text} where that is the value`
          : ''
      }.`,
    });
  }
  if (spec.choices !== undefined && !spec.choices.includes(text)) {
    const near = nearestNames(text, spec.choices, 1);
    throw new WrongUsage({
      where,
      what: `--${name} does not know \`${text}\`${near.length > 0 ? `; did you mean \`${near[0]}\`?` : '.'}`,
      expected: spec.choices.join(', '),
      received: text,
      fix: 'choose one of these.',
    });
  }
  if (spec.type === 'text' || spec.type === 'texts' || text === spec.word) return text;
  const value = text.trim() === '' ? NaN : Number(text);
  const { most = Infinity } = spec;
  const [least, holds] = numberRules[spec.type];
  const number = spec.most === undefined ? least : `a whole number from 1 to ${most}`;
  const expected = spec.word === undefined ? number : `${number}, or ${spec.word}`;
  if (Number.isFinite(value) && holds(value) && value <= most) return value;
  throw new WrongUsage({
    where,
    what: `--${name} needs ${expected}.`,
    expected,
    received: text,
    fix: `write --${name} ${placeholder} with ${expected}.`,
  });
}

const numberRules: Record<
  'number' | 'count' | 'whole',
  readonly [expected: string, holds: (value: number) => boolean]
> = {
  number: ['a number', () => true],
  count: ['a whole number of at least 1', (value) => Number.isSafeInteger(value) && value >= 1],
  whole: ['a whole number of at least 0', (value) => Number.isSafeInteger(value) && value >= 0],
};

function unknownOption(command: string, rawName: string, known: readonly string[]): WrongUsage {
  const name = rawName.replace(/^-+/, '');
  const near = nearestNames(name, known, 1);
  return new WrongUsage({
    where: `rondo ${command}`,
    what: `unknown option \`${rawName}\`${near.length > 0 ? `; did you mean \`--${near[0]}\`?` : '.'}`,
    expected: known.map((option) => `--${option}`).join(' '),
    received: rawName,
    fix: `see rondo ${command} --help.`,
  });
}

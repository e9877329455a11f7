import { describe, expect, it } from 'vitest';
import type { OptionSpecs } from './options.js';
import { parseArguments } from './parse-arguments.js';
import { WrongUsage } from './wrong-usage.js';

const specs = {
  prompt: { type: 'text', about: '' },
  temperature: { type: 'number', value: 'T', about: '' },
  length: { type: 'count', value: 'N', about: '' },
  width: { type: 'count', value: 'N|auto', word: 'auto', most: 99, about: '' },
  seed: { type: 'whole', value: 'N', about: '' },
  missing: { type: 'text', choices: ['error', 'previous'], about: '' },
  json: { type: 'flag', about: '' },
  search: { type: 'texts', about: '' },
  help: { type: 'flag', about: '' },
} as const satisfies OptionSpecs;

const parse = (...args: string[]) => parseArguments('generate', args, specs);

describe('parseArguments', () => {
  it('reads options before, between and after words', () => {
    expect(parse('--json', 'a', '--length', '3', 'b', '--prompt=x y')).toEqual({
      positionals: ['a', 'b'],
      options: {
        prompt: 'x y',
        temperature: undefined,
        length: 3,
        width: undefined,
        seed: undefined,
        missing: undefined,
        json: true,
        search: undefined,
        help: false,
      },
    });
  });
  it('takes negative and scientific numbers, and texts that look like options after =', () => {
    expect(parse('--temperature', '-1e-3').options.temperature).toBe(-0.001);
    expect(parse('--prompt=--json').options.prompt).toBe('--json');
    expect(parse('--prompt', '-').options.prompt).toBe('-');
    expect(parse('--prompt=').options.prompt).toBe('');
  });
  it('leaves everything after -- alone, and a single - is a word', () => {
    expect(parse('-', '--', '--json').positionals).toEqual(['-', '--json']);
  });
  it('counts the last of an option given twice', () => {
    expect(parse('--seed', '1', '--seed', '0').options.seed).toBe(0);
  });
  it('refuses a second value of an option that names data', () => {
    const specs = { target: { type: 'text', once: true, about: '' } } as const;
    const target = (...args: string[]): unknown => parseArguments('train', args, specs).options.target;
    expect(target('--target', 'y', '--target=y')).toBe('y');
    expect(() => target('--target', 'y', '--target', 'extra')).toThrow('--target is given twice');
  });
  it('collects an option that takes several texts', () => {
    expect(parse('--search', 'a=1', '--json', '--search=-b=2').options.search).toEqual(['a=1', '-b=2']);
  });
  it('takes a word in place of a number where the option knows it', () => {
    expect(parse('--width', 'auto').options.width).toBe('auto');
    expect(parse('--width', '7').options.width).toBe(7);
  });
  it.each([
    [['--width', 'wide'], 'a whole number from 1 to 99, or auto'],
    [['--length', 'auto'], 'at least 1'],
    [['--lenght', '3'], 'did you mean `--length`'],
    [['-x'], 'unknown option `-x`'],
    [['--length'], '--length needs a value'],
    [['--prompt', '--json'], 'fix: write --prompt VALUE, or --prompt=--json where that is the value.'],
    [['--missing', '--json'], 'fix: write --missing error.'],
    [['--length', '--json'], 'fix: write --length N.'],
    [['--length', '0'], 'at least 1'],
    [['--length', '1.5'], 'at least 1'],
    [['--seed', '-1'], 'at least 0'],
    [['--temperature', ''], 'needs a number'],
    [['--temperature', 'NaN'], 'needs a number'],
    [['--temperature', 'Infinity'], 'needs a number'],
    [['--missing', 'eror'], 'did you mean `error`'],
    [['--json=1'], 'takes no value'],
  ])('refuses %j', (args, message) => {
    expect(() => parse(...args)).toThrow(WrongUsage);
    expect(() => parse(...args)).toThrow(message);
  });
  it('knows -h', () => expect(parse('-h').options.help).toBe(true));
});

import { describe, expect, it } from 'vitest';
import { commandText, optionWords } from './command-words.js';
import { parseArguments } from './parse-arguments.js';

describe('commandText', () => {
  it('writes what parseArguments reads', () => {
    const specs = { units: { type: 'count', about: '' }, rate: { type: 'number', about: '' }, text: { type: 'text', about: '' }, search: { type: 'texts', about: '' }, json: { type: 'flag', about: '' }, quiet: { type: 'flag', about: '' } } as const;
    const line = { positionals: ['a b.csv'], options: { units: 7, rate: -1e-7, text: "it's", search: ['x=1..2:log', '-y=3'], json: true, quiet: false } };
    expect(parseArguments('x', [...line.positionals, ...optionWords(line.options)], specs)).toEqual(line);
    expect(commandText('train x', line.positionals, line.options)).toBe(`rondo train x 'a b.csv' --units 7 --rate=-1e-7 --text 'it'\\''s' --search x=1..2:log --search=-y=3 --json`);
  });
});

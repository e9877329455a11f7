import { expect, it } from 'vitest';
import { jsonMembers } from './json-members.js';

const members = (text: string): [string, string][] => [...jsonMembers(new TextEncoder().encode(text))];

it('the members of the first level are found, with short texts', () => {
  const long = 'x'.repeat(200);
  const value = {
    'a "quoted": name': 'b',
    inner: { a: 'c', d: ['e', { f: 'g' }] },
    list: ['h', 'i'],
    end: 'a backslash \\',
    long,
    [long]: 'left out',
    number: 3,
  };
  for (const space of [0, 2])
    expect(members(`\ufeff ${JSON.stringify(value, undefined, space)}`)).toEqual([
      ['a \\"quoted\\": name', 'b'],
      ['inner', ''],
      ['list', ''],
      ['end', 'a backslash \\\\'],
      ['long', ''],
      ['number', ''],
    ]);
});

it('what is no object, or ends within one, has those that there are', () => {
  expect(members('["a", { "b": "c" }]')).toEqual([]);
  expect(members('')).toEqual([]);
  expect(members('{ "a": "b", "c')).toEqual([['a', 'b']]);
});

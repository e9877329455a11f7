import { describe, expect, it } from 'vitest';
import { parallelPairs, type ReadPairsOptions, readPairs } from './read-pairs.js';

const pair = { source: 'ein Haus', target: 'a house' };
const read = (content: string, options: Partial<ReadPairsOptions> = {}) =>
  readPairs(content, { where: 'pairs.tsv', ...options });

describe('pairs of a file', () => {
  it.each<[string, string, Partial<ReadPairsOptions>]>([
    ['fields apart by a tab, quotes and further fields as they are', 'ein Haus\ta house\tCC-BY "2.0"\r\n', {}],
    ['a first line that names both', 'n\ttarget\tsource\n1\ta house\tein Haus\n', {}],
    ['names of their own', 'de\ten\nein Haus\ta house\n', { source: 'de', target: 'en' }],
    ['a table', 'source,target\nein Haus,a house\n', { where: 'pairs.csv' }],
    ['JSON objects', '{"de": "ein Haus", "en": "a house"}\n', { where: 'p.jsonl', source: 'de', target: 'en' }],
    ['a mark of byte order', '\ufeffein Haus\ta house\n\n', {}],
  ])('are read from %s', async (_, content, options) => {
    expect(await read(content, options)).toEqual([pair]);
  });

  it.each(['ein Haus\t\n', 'source,target\nein Haus,\n', '{"source": "ein Haus", "target": ""}\n'])(
    'have an empty side where the file has one: %j',
    async (content) => {
      const format = content.startsWith('{') ? 'jsonl' : content.startsWith('source') ? 'csv' : 'tsv';
      expect(await read(content, { format })).toEqual([{ ...pair, target: '' }]);
    },
  );

  it.each<[string, string, Partial<ReadPairsOptions>, RegExp]>([
    ['a line without a tab', 'a\tb\nc d\n', {}, /DATA_FORMAT.*pairs.tsv, line 2/],
    [
      'a line with a tab inside of a text',
      'a\tb\nc\td\te\n',
      {},
      /DATA_FORMAT.*pairs.tsv, line 2: the line has more tabs/,
    ],
    ['a column that is not named', 'text\ttranslation\na\tb\n', { source: 'text' }, /UNKNOWN_NAME.*`target`/],
    ['another format', '', { format: 'xml' as never }, /UNKNOWN_NAME.*format/],
  ])('are refused with %s', async (_, content, options, message) => {
    await expect(read(content, options)).rejects.toThrow(message);
  });
});

it('lines of two texts go together, and are refused where one has more', () => {
  const where = { source: 'a.de', target: 'a.en' };
  expect(parallelPairs('ein Haus\n', 'a house', where)).toEqual([pair]);
  expect(() => parallelPairs('eins\nzwei\n', 'one\n', where)).toThrow(
    /DATA_FORMAT.*a.en, line 2: the file ends after line 1[\s\S]*a.de has 2, a.en has 1[\s\S]*"eins" and "one"/,
  );
});

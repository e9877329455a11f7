import { describe, expect, it } from 'vitest';
import { detectTagScheme, spansOf, tagConstraints } from './tag-schemes.js';

const spans = (tags: string): string[] =>
  spansOf(tags.split(' ')).map(({ kind, start, end }) => `${kind} ${start}-${end}`);

describe('spans', () => {
  it.each([
    ['B-A I-A O B-A', ['A 0-2', 'A 3-4']],
    ['B-A B-A', ['A 0-1', 'A 1-2']],
    ['O I-A I-A O', ['A 1-3']],
    ['I-A I-B', ['A 0-1', 'B 1-2']],
    ['B-A I-B I-B', ['A 0-1', 'B 1-3']],
    ['I-A B-A I-A', ['A 0-1', 'A 1-3']],
    ['B-A I-A E-A S-A', ['A 0-3', 'A 3-4']],
    ['B-A E-A B-A E-A', ['A 0-2', 'A 2-4']],
    ['S-A S-A I-A', ['A 0-1', 'A 1-2', 'A 2-3']],
    ['E-A E-A', ['A 0-1', 'A 1-2']],
    ['B-A S-A', ['A 0-1', 'A 1-2']],
    ['B-A I-A S-A O', ['A 0-2', 'A 2-3']],
    ['I-A S-B B-B', ['A 0-1', 'B 1-2', 'B 2-3']],
    ['E-A I-A', ['A 0-1', 'A 1-2']],
    ['B-A E-A I-A E-A', ['A 0-2', 'A 2-4']],
    ['O E-A S-A', ['A 1-2', 'A 2-3']],
    ['B-A U-A', ['A 0-1', 'A 1-2']],
    ['B-A L-A U-B', ['A 0-2', 'B 2-3']],
    ['B-new-york I-new-york', ['new-york 0-2']],
    ['O O', []],
  ])('of %s', (tags, expected) => expect(spans(tags)).toEqual(expected));

  it('of a sentence without words are none', () => expect(spansOf([])).toEqual([]));
});

describe('the scheme of tags', () => {
  const detected = (...sentences: string[]): string | undefined =>
    detectTagScheme(sentences.map((tags) => tags.split(' ')));
  it('is found from the tags', () => {
    expect(detected('B-A I-A O', 'O')).toBe('bio');
    expect(detected('I-A I-A O', 'O I-A B-A')).toBe('iob1');
    expect(detected('B-A I-A E-A O S-B')).toBe('iobes');
    expect(detected('B-A L-A O U-B')).toBe('bilou');
    expect(detected('I-A O', 'O B-A')).toBe('bio');
    expect(detected('NOUN VERB O')).toBeUndefined();
    expect(detected('O O')).toBeUndefined();
    expect(detected('B-A B-B')).toBeUndefined();
    expect(detected('B-A L-A S-A O')).toBeUndefined();
  });

  // Rows: the tag before; columns: the tag after, in the same order. 1 is allowed.
  it.each([
    ['bio', 'O B-A I-A B-B I-B', ['11010', '11110', '11110', '11011', '11011'], '11010', '11111'],
    ['iob1', 'O I-A B-A I-B B-B', ['11010', '11110', '11110', '11011', '11011'], '11010', '11111'],
    [
      'iobes',
      'O B-A I-A E-A S-A I-B E-B',
      ['1100100', '0011000', '0011000', '1100100', '1100100', '0000011', '1100100'],
      '1100100',
      '1001101',
    ],
    [
      'bilou',
      'O B-A I-A L-A U-A I-B L-B',
      ['1100100', '0011000', '0011000', '1100100', '1100100', '0000011', '1100100'],
      '1100100',
      '1001101',
    ],
  ] as const)('%s says which tags may follow each other', (scheme, tags, next, start, end) => {
    const written = (allowed: readonly boolean[]): string => allowed.map(Number).join('');
    const found = tagConstraints(tags.split(' '), scheme);
    expect(found.next.map(written)).toEqual(next);
    expect([written(found.start), written(found.end)]).toEqual([start, end]);
  });

  it('refuses tags that it does not have', () => {
    expect(() => tagConstraints(['O', 'E-A'], 'bio')).toThrow('`E-A` is no tag of the scheme `bio`');
    expect(() => tagConstraints(['B-A', 'I-A'], 'bio')).toThrow('no tag `O`');
    expect(() => tagConstraints(['O'], 'bios' as 'bio')).toThrow('did you mean `bio`');
  });
});

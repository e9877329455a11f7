import { describe, expect, it } from 'vitest';
import { detectTagScheme, spansOf, tagConstraints } from './tag-schemes.js';

const spans = (tags: string): string[] => spansOf(tags.split(' ')).map(({ kind, start, end }) => `${kind} ${start}-${end}`);

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
    ['B-A L-A U-B', ['A 0-2', 'B 2-3']],
    ['B-new-york I-new-york', ['new-york 0-2']],
    ['O O', []],
  ])('of %s', (tags, expected) => expect(spans(tags)).toEqual(expected));

  it('of a sentence without words are none', () => expect(spansOf([])).toEqual([]));
});

describe('the scheme of tags', () => {
  const detected = (...sentences: string[]): string | undefined => detectTagScheme(sentences.map((tags) => tags.split(' ')));
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

  it('refuses tags that it does not have', () => {
    expect(() => tagConstraints(['O', 'E-A'], 'bio')).toThrow('`E-A` is no tag of the scheme `bio`');
    expect(() => tagConstraints(['B-A', 'I-A'], 'bio')).toThrow('no tag `O`');
    expect(() => tagConstraints(['O'], 'bios' as 'bio')).toThrow('did you mean `bio`');
  });
});

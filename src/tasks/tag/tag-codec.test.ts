import { describe, expect, it } from 'vitest';
import { padded } from './tag-batches.js';
import { TagCodec } from './tag-codec.js';

const sentences = [
  { words: ['abcdefghijk', 'Ab', '12'], tags: ['X', 'Y', 'X'] },
  { words: ['abcdefghijk', 'ab', '34'], tags: ['X', 'Y', 'Y'] },
];

describe('words as a tagger reads them', () => {
  it('show their first and their last characters where they are long', () => {
    const codec = TagCodec.fromSentences(sentences, { maxCharacters: 5 });
    const charactersOf = (word: string): string[] =>
      codec.characters.decode(codec.encode({ words: [word] }).characters[0]);
    expect(charactersOf('abcdefghijk')).toEqual(['a', 'b', 'c', 'j', 'k']);
    expect(charactersOf('abcde')).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('are looked up in lower case and with every digit as 0, unless that is switched off', () => {
    const ids = (options: object, ...words: string[]): number[] => [
      ...TagCodec.fromSentences(sentences, { minCount: 1, ...options }).encode({ words }).words,
    ];
    const [upper, lower, numbers, others] = ids({}, 'Ab', 'ab', '12', '34');
    expect([upper, numbers]).toEqual([lower, others]);
    expect(new Set(ids({ lower: false, digits: false }, 'Ab', 'ab', '12', '34')).size).toBe(4);
  });

  it('share one number where training showed them too seldom, and tags it never showed have none', () => {
    const codec = TagCodec.fromSentences(sentences, { digits: false });
    const { words, tags } = codec.encode({ words: ['12', 'never', 'ab'], tags: ['Z', 'X', 'Y'] });
    expect(words[0]).toBe(words[1]);
    expect(words[2]).not.toBe(words[0]);
    expect([...tags]).toEqual([-1, codec.tags.indexOf('X'), codec.tags.indexOf('Y')]);
    expect([codec.isUnknown('12'), codec.isUnknown('never')]).toEqual([false, true]);
  });

  it('that stand for padding and the unknown are not counted as words that training showed', () => {
    const odd = [...sentences, { words: ['ab', '\n', '\n\n'], tags: ['X', 'Y', 'Y'] }];
    const codec = TagCodec.fromSentences(odd, { minCount: 1 });
    expect(codec.toJSON()).toMatchObject({ numVectorWords: 0 });
    expect(TagCodec.fromJSON(codec.toJSON()).words.tokens).toEqual(codec.words.tokens);
  });

  it('share affixes and shape, of at least two words, with words that training never showed', () => {
    const names = [{ words: ['Kabul', 'Kabir', 'sabir', '77'], tags: ['X', 'X', 'Y', 'Y'] }];
    const codec = TagCodec.fromSentences(names, { longestAffix: 3 });
    // The shape, then a prefix and a suffix of each length; `-` where the word is shorter, `?` where only one word has
    // it.
    const read = (word: string): string[] =>
      [...codec.encode({ words: [word] }).affixes].map((id) => ['-', '?'][id] ?? codec.affixes.tokens[id]);
    expect(read('Kabaka')).toEqual(['wXx', 'pk', '?', 'pka', '?', 'pkab', '?']);
    expect(read('NADIR')).toEqual(['?', '?', 'sr', '?', 'sir', '?', '?']);
    expect(read('Ka')).toEqual(['wXx', 'pk', '?', 'pka', '?', '-', '-']);
    expect([codec.affixesPerWord, codec.affixes.tokens.includes('wx'), codec.affixes.tokens.includes('wd')]).toEqual([
      7,
      false,
      false,
    ]);
  });

  it('have no affixes where none are wanted, or in files that are older than these', () => {
    const codec = TagCodec.fromSentences(sentences, { longestAffix: 0 });
    const { affixes, longestAffix, ...older } = codec.toJSON() as Record<string, never>;
    expect([affixes, longestAffix]).toEqual([[], 0]);
    for (const same of [codec, TagCodec.fromJSON(older), TagCodec.fromJSON(codec.toJSON())]) {
      expect(same.affixesPerWord).toBe(0);
      const encoded = same.encode({ words: ['ab', '12'] });
      expect(encoded.affixes).toHaveLength(0);
      expect(padded([encoded]).x).toEqual(padded([codec.encode({ words: ['ab', '12'] })]).x);
    }
  });

  it('stand side by side as word, affixes and characters', () => {
    const codec = TagCodec.fromSentences(sentences, { longestAffix: 1 });
    const all = [codec.encode({ words: ['ab', '12', 'ab'] }), codec.encode({ words: ['12'] })];
    const { data, shape } = padded(all).x;
    expect(shape).toEqual([2, 3, 1 + 3 + 2]);
    const [first, second] = all;
    expect([...data.subarray(6, 12)]).toEqual([
      first.words[1],
      ...first.affixes.subarray(3, 6),
      ...first.characters[1],
    ]);
    expect([...data.subarray(18, 24)]).toEqual([second.words[0], ...second.affixes, ...second.characters[0]]);
    expect([...data.subarray(24)]).toEqual(Array.from({ length: 12 }, () => 0));
    expect(new Set(first.affixes).size).toBeGreaterThan(1);
  });
});

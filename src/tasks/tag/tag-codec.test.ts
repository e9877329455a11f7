import { describe, expect, it } from 'vitest';
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
});

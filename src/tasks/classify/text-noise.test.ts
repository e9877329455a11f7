import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphemesOf } from '../../data/graphemes.js';
import { wordSegmentsOf } from '../../data/word-segments.js';
import { Random } from '../../random.js';
import { textNoises, withNoise } from './text-noise.js';

const text = 'Nobody expected such an overwhelming, wonderful evening!';
const lettersOf = (words: string): string => graphemesOf(words).sort().join('');
const numWords = (words: string): number => wordSegmentsOf(words).filter(({ isWordLike }) => isWordLike).length;

describe('slips of a writer', () => {
  it('are the same for the same seed, and none at rate 0', () => {
    for (const noise of textNoises) {
      expect(withNoise(text, noise, 0.5, new Random(1))).toBe(withNoise(text, noise, 0.5, new Random(1)));
      expect(withNoise(text, noise, 0, new Random(1))).toBe(text);
      expect(withNoise(text, noise, 1, new Random(1))).not.toBe(text);
    }
  });

  it('swap, drop, double and mistype one letter a word', () => {
    const words = text.split(' ').length;
    expect(lettersOf(withNoise(text, 'swapped letters', 1, new Random(1)))).toBe(lettersOf(text));
    expect(withNoise(text, 'dropped letters', 1, new Random(1))).toHaveLength(text.length - words);
    expect(withNoise(text, 'doubled letters', 1, new Random(1))).toHaveLength(text.length + words);
    const mistyped = withNoise(text, 'neighbouring keys', 1, new Random(1));
    expect(mistyped).toHaveLength(text.length);
    expect([...mistyped].filter((letter, i) => letter !== text[i])).toHaveLength(words);
    expect(withNoise('Q', 'neighbouring keys', 1, new Random(1))).toMatch(/^[WA]$/);
  });

  it('swap neighbours, each word once', () => {
    expect(withNoise('one two three four five', 'swapped words', 1, new Random(1))).toBe('two one four three five');
  });

  it('hit the share of words that was asked for', () => {
    const long = Array.from({ length: 4000 }, (_, i) => `word${i}`).join(' ');
    const noisy = withNoise(long, 'doubled letters', 0.2, new Random(1));
    expect((noisy.length - long.length) / 4000).toBeCloseTo(0.2, 1);
    expect(numWords(withNoise(long, 'dropped words', 0.2, new Random(1))) / 4000).toBeCloseTo(0.8, 1);
  });

  it('leave signs, spaces, emoji, accents of two characters and one word', () => {
    expect(withNoise('好的，谢谢！', 'swapped words', 1, new Random(1))).toBe('谢谢，好的！');
    expect(withNoise('好的，谢谢！', 'neighbouring keys', 1, new Random(1))).toBe('好的，谢谢！');
    const unit = fc.constantFrom('e\u0301', 'a', 'b', ' ', '👩🏽‍🚀', '酒', '店', '!', '\n');
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 20 }), fc.constantFrom(...textNoises), (units, noise) => {
        const own = units.join('');
        const noisy = withNoise(own, noise, 1, new Random(2));
        if (numWords(own) > 0) expect(/[\p{L}\p{N}]/u.test(noisy)).toBe(true);
        expect(noisy.match(/👩🏽‍🚀|!|\s/gu)).toEqual(own.match(/👩🏽‍🚀|!|\s/gu));
        expect(graphemesOf(noisy).every((grapheme) => grapheme !== '\u0301')).toBe(true);
      }),
      { numRuns: 500, seed: 5 },
    );
  });
});

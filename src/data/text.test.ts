import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { charactersOf, graphemesOf, linesOf, wordsOf } from './text.js';

describe('characters', () => {
  test('are code points, never half of one', () => {
    expect(charactersOf('a𝄞é')).toEqual(['a', '𝄞', 'é']);
  });
});

describe('graphemes', () => {
  test('keep accents, emoji sequences, flags and two-part line ends whole', () => {
    expect(graphemesOf('e\u0301👩🏽‍🚀🇨🇭x\r\ny')).toEqual(['e\u0301', '👩🏽‍🚀', '🇨🇭', 'x', '\r\n', 'y']);
  });

  test('are those of the whole text although it is segmented in pieces', () => {
    const whole = new Intl.Segmenter('und', { granularity: 'grapheme' });
    const unit = fc.constantFrom(
      'a',
      ' ',
      '\n',
      '\r',
      'é',
      '\u0301',
      '世',
      'か',
      '\u3099',
      '각',
      '\u11a8',
      '\u1100',
      '\u1161',
      '👩',
      '🏽',
      '\u200d',
      '\ufe0f',
      '🇨',
      '🇭',
      '\u0600',
      'न',
      '\u094d',
      '\u0d4e',
      'ก',
      '\u0e33',
      '©',
      '\xad',
      '𑂽',
      '\ud83d',
      '\uff9e',
      '1',
      '\u20e3',
      'я',
      '\u0483',
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 14 }), (units) => {
        const text = units.join('');
        expect(graphemesOf(text)).toEqual(Array.from(whole.segment(text), ({ segment }) => segment));
      }),
      { numRuns: 10_000, seed: 3 },
    );
  });

  // Time that grew with the square of the length would be many minutes here.
  test('of a megabyte are found in one pass', () => {
    const text = 'Ein schöner Satz, 世界和平, नमस्ते दुनिया.\n'.repeat(24_000);
    expect(graphemesOf(text).join('').length).toBe(text.length);
  });
});

describe('lines', () => {
  test('end with LF, CRLF or CR, and the last end opens no further line', () => {
    expect(linesOf('a\nb\r\n\rc\n')).toEqual(['a', 'b', '', 'c']);
    expect(linesOf('a\n\n')).toEqual(['a', '']);
    expect(linesOf('')).toEqual([]);
  });
});

describe('words', () => {
  test('are letters and digits in any script, with signs as words of their own', () => {
    expect(wordsOf("Don’t go, Élodie's 2nd 👩🏽‍🚀!")).toEqual(['don’t', 'go', ',', "élodie's", '2nd', '👩🏽‍🚀', '!']);
    expect(wordsOf('нет — да')).toEqual(['нет', '—', 'да']);
  });

  test('keep their case, lose their signs or keep them attached when asked', () => {
    expect(wordsOf('Well, I "see".', { lower: false, punctuation: 'drop' })).toEqual(['Well', 'I', 'see']);
    expect(wordsOf('Well, I "see".', { punctuation: 'attach' })).toEqual(['well,', 'i', '"see".']);
  });

  test('are single characters in Chinese', () => {
    expect(wordsOf('我爱AI模型。')).toEqual(['我', '爱', 'ai', '模', '型', '。']);
  });

  test('leave nothing out but white space when signs are kept', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(wordsOf(text, { lower: false }).join('')).toBe(text.replace(/\s/gu, ''));
      }),
      { numRuns: 3000, seed: 5 },
    );
  });

  test('refuse a choice that does not exist', () => {
    expect(() => wordsOf('a', { punctuation: 'keep' as 'drop' })).toThrow(/UNKNOWN_NAME/);
  });
});

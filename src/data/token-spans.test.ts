import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordSpansOf, wordsOf } from './text.js';
import { type TokenKind, tokenSpansOf } from './token-spans.js';
import { wordSegmentsOf } from './word-segments.js';

const tokensOf = (text: string, tokens: TokenKind, lower = true): string[] =>
  tokenSpansOf(text, { tokens, lower, locale: 'und' }).map(({ token }) => token);

describe('tokens with their places', () => {
  it('are words, each sign and each Chinese character', () => {
    expect(tokensOf("I don't like 酒店, sorry!", 'words')).toEqual([
      'i',
      "don't",
      'like',
      '酒',
      '店',
      ',',
      'sorry',
      '!',
    ]);
    expect(tokensOf('Go NOW', 'words', false)).toEqual(['Go', 'NOW']);
  });

  it('are characters as a reader sees them, with white space as one', () => {
    expect(tokensOf('  Ab \n\t c👩🏽‍🚀e\u0301 ', 'characters')).toEqual(['a', 'b', ' ', 'c', '👩🏽‍🚀', 'é']);
  });

  it('are the words of the platform where nothing stands between them', () => {
    expect(tokensOf('这家酒店很好。', 'segments')).toEqual(['这', '家', '酒店', '很好', '。']);
    expect(wordSegmentsOf('good, bad').map(({ isWordLike }) => isWordLike)).toEqual([true, false, true]);
  });

  it('are the same for an accent typed as one character or as two', () => {
    expect(tokensOf('cafe\u0301', 'words')).toEqual(tokensOf('caf\u00e9', 'words'));
    expect(tokensOf('e\u0301', 'characters')).toEqual(tokensOf('\u00e9', 'characters'));
  });

  it('lie where they are written, in order, and cover all but white space', () => {
    const unit = fc.constantFrom(
      'a',
      'B',
      ' ',
      '\n',
      'é',
      'e\u0301',
      '世',
      '界',
      '👩🏽‍🚀',
      '🇨🇭',
      "'",
      '。',
      ',',
      '1',
      'İ',
      'ß',
      'ก',
      '\u0e33',
      '\ud83d',
    );
    fc.assert(
      fc.property(
        fc.array(unit, { maxLength: 20 }),
        fc.constantFrom('words', 'characters', 'segments' as const),
        (units, tokens) => {
          const text = units.join('');
          const spans = tokenSpansOf(text, { tokens: tokens as TokenKind, lower: false, locale: 'und' });
          let at = 0;
          let covered = '';
          for (const { token, start, end } of spans) {
            expect(start).toBeGreaterThanOrEqual(at);
            expect(end).toBeGreaterThan(start);
            const written = text.slice(start, end);
            expect(token).toBe(tokens === 'characters' && written.trim() === '' ? ' ' : written.normalize('NFC'));
            covered += written;
            at = end;
          }
          expect(covered.replace(/\s/gu, '')).toBe(text.replace(/\s/gu, ''));
        },
      ),
      { numRuns: 2000, seed: 11 },
    );
  });

  it('of words are those of wordsOf', () => {
    const text = "Don’t go, Élodie's 2nd 👩🏽‍🚀! нет — да 我爱AI。";
    expect(wordSpansOf(text).map(({ start, end }) => text.slice(start, end))).toEqual(wordsOf(text, { lower: false }));
  });

  // Time that grew with the square of the length would pass the limit of a test.
  it('of a long text without spaces are found in one pass', () => {
    const text = '这家酒店很好，服务也不错。'.repeat(3000);
    expect(tokensOf(text, 'segments').length).toBeGreaterThan(18_000);
    expect(tokensOf('x'.repeat(100_000), 'characters')).toHaveLength(100_000);
  });
});

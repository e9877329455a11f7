import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { alignmentLines, alignTokens } from './alignment.js';
import { characterErrorRate, wordErrorRate } from './error-rates.js';

describe('wordErrorRate', () => {
  it('counts substitutions, deletions and insertions over all sentences', () => {
    const said = ['the cat sat on mat', 'hello big world', 'good morning'];
    const right = ['the cat sat on the mat', 'hello word', 'good morning'];
    expect(wordErrorRate(said, right)).toEqual({
      rate: 3 / 10,
      numSubstitutions: 1,
      numDeletions: 1,
      numInsertions: 1,
      numEqual: 8,
      numReference: 10,
      numSentences: 3,
      exactMatchRate: 1 / 3,
      text: 'WER = 30.00 (S = 1 D = 1 I = 1 N = 10)',
    });
  });

  it('may be above 1, takes empty texts, and ignores case where it is told to', () => {
    expect(wordErrorRate(['a b c', 'x'], ['', 'y']).rate).toBe(4);
    expect(wordErrorRate([''], ['a b']).numDeletions).toBe(2);
    expect(wordErrorRate(['  A   cat '], ['a cat']).rate).toBe(1 / 2);
    expect(wordErrorRate(['  A   cat '], ['a cat'], { lowercase: true })).toMatchObject({ rate: 0, exactMatchRate: 1 });
  });

  it('refuses what cannot be compared', () => {
    expect(() => wordErrorRate(['a'], ['a', 'b'])).toThrow(/^\[SHAPE_MISMATCH\].*\n.*expected: 1.*\n.*received: 2\n/);
    expect(() => wordErrorRate([], [])).toThrow(/^\[DATA_FORMAT\].*no sentences/);
    expect(() => wordErrorRate(['a'], [' '])).toThrow(/^\[DATA_FORMAT\].*all references are empty/);
    expect(() => wordErrorRate(['a'], [['a']] as never)).toThrow(/^\[DATA_FORMAT\] wordErrorRate, sentence 1/);
    expect(() => wordErrorRate(['a'], ['a'], { lower: true } as never)).toThrow(/^\[UNKNOWN_NAME\].*`lower`/);
  });
});

describe('characterErrorRate', () => {
  it('counts code points, and the spaces between words', () => {
    expect(characterErrorRate(['kitten'], ['sitting'])).toMatchObject({
      rate: 3 / 7,
      numSubstitutions: 2,
      numDeletions: 1,
      numInsertions: 0,
      text: 'CER = 42.86 (S = 2 D = 1 I = 0 N = 7)',
    });
    expect(characterErrorRate(['𝒳y'], ['𝒴y']).rate).toBe(1 / 2);
    expect(characterErrorRate(['ab '], ['a b']).rate).toBe(1 / 3);
  });
});

describe('alignTokens', () => {
  /** The fewest edits, by the definition: from the ends, each of three steps tried. */
  function fewest(a: readonly string[], b: readonly string[]): number {
    if (a.length === 0 || b.length === 0) return a.length + b.length;
    const [x, y] = [a.slice(1), b.slice(1)];
    if (a[0] === b[0]) return fewest(x, y);
    return 1 + Math.min(fewest(x, y), fewest(x, b), fewest(a, y));
  }

  it('holds both sequences, with as few edits as there can be', () => {
    const random = new Random(5);
    for (let round = 0; round < 150; round++) {
      const draw = (): string[] => Array.from({ length: random.integer(7) }, () => 'abc'[random.integer(3)]);
      const [said, right] = [draw(), draw()];
      const pairs = alignTokens(said, right);
      expect(pairs.flatMap(({ hypothesis }) => hypothesis ?? [])).toEqual(said);
      expect(pairs.flatMap(({ reference }) => reference ?? [])).toEqual(right);
      for (const { edit, hypothesis, reference } of pairs) expect(edit === 'equal').toBe(hypothesis === reference);
      const count = (list: typeof pairs): number => list.filter(({ edit }) => edit !== 'equal').length;
      expect(count(pairs)).toBe(fewest(said, right));
      expect(count(alignTokens(right, said))).toBe(count(pairs));
    }
  });

  it('is shown as three lines', () => {
    const words = (text: string): string[] => text.split(' ');
    const pairs = alignTokens(words('das Boot sinkt so tief nie'), words('ein Boot das sinkt so tief'));
    expect(alignmentLines(pairs)).toEqual([
      'ein Boot das sinkt so tief ***',
      'das Boot *** sinkt so tief nie',
      'S        D                 I',
    ]);
    expect(alignmentLines([])).toEqual(['', '', '']);
  });
});

import { describe, expect, it } from 'vitest';
import { libraryVersion } from '../../io/library-version.js';
import { Random } from '../../random.js';
import { alignTokens } from './alignment.js';
import { shiftedEdits } from './shifted-edits.js';
import { ter } from './ter.js';
import { terWords } from './ter-tokenizer.js';

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

describe('ter', () => {
  // Sentences and figures of sacreBLEU's test/test_ter.py.
  it.each<[string[], string[], number]>([
    [['aaaa bbbb cccc dddd'], ['aaaa bbbb cccc dddd'], 0],
    [['dddd eeee ffff'], ['aaaa bbbb cccc'], 100],
    [[''], ['a'], 100],
    [['d e f g h a b c'], ['a b c d e f g h'], 100 / 8],
  ])('of %j and %j is what sacreBLEU computes', (said, right, score) => {
    expect(ter(said, right).score).toBe(score);
  });

  it('counts a move of several words as one edit (Snover et al. 2006, section 3)', () => {
    const said = 'THIS WEEK THE SAUDIS denied information published in the new york times';
    const right = 'SAUDI ARABIA denied THIS WEEK information published in the AMERICAN new york times';
    const { numEdits, referenceLength, score, text } = ter([said], [right]);
    // One move, two substitutions, one word missing: 4 of 13.
    expect([numEdits, referenceLength]).toEqual([4, 13]);
    expect(score).toBeCloseTo(400 / 13, 10);
    expect(text).toBe('TER = 30.77');
  });

  it('takes the reference with the fewest edits, over the mean of their lengths', () => {
    const { numEdits, referenceLength, signature } = ter(['a b c'], [['a b c d e', 'A B X']]);
    expect([numEdits, referenceLength]).toEqual([1, 4]);
    expect(signature).toBe(`nrefs:2|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:rondo-${libraryVersion}`);
    expect(ter(['a'], ['A'], { caseSensitive: true }).score).toBe(100);
  });

  it('refuses what it does not know', () => {
    expect(() => ter(['a', 'b'], ['a'])).toThrow(/^\[SHAPE_MISMATCH\] ter/);
    expect(() => ter(['a'], [''])).toThrow(/^\[DATA_FORMAT\] ter, sentence 1/);
    expect(() => ter(['a'], ['a'], { normalised: true } as never)).toThrow(/did you mean `normalized`/);
    expect(() => ter(['a'], ['a'], { normalized: 1 as never })).toThrow(/^\[USAGE\] ter: `normalized`/);
  });
});

describe('shiftedEdits', () => {
  it('needs no edit for the same words, as many as there are words for none, and never more than without moves', () => {
    const random = new Random(3);
    let numMoved = 0;
    for (let round = 0; round < 300; round++) {
      const draw = (): string[] => Array.from({ length: random.integer(9) }, () => 'abcdefg'[random.integer(7)]);
      const [a, b] = [draw(), draw()];
      const plain = alignTokens(a, b).filter(({ edit }) => edit !== 'equal').length;
      const edits = shiftedEdits(a, b);
      expect(edits).toBeLessThanOrEqual(plain);
      expect(edits).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      expect(shiftedEdits(a, a)).toBe(0);
      expect(shiftedEdits([], b)).toBe(b.length);
      if (edits < plain) numMoved++;
    }
    expect(numMoved).toBeGreaterThan(20);
  });

  it.each<[string, string, number]>([
    // To the front, to the end, and one place on.
    ['b c d e a', 'a b c d e', 1],
    ['e a b c d', 'a b c d e', 1],
    ['b a c', 'a b c', 1],
    // Two moves would do, but no single one of them helps: four words are substituted.
    ['g h x e f y a b', 'a b x e f y g h', 4],
    // Only what is wrong moves: the second `a b` stands where it should.
    ['a b c a b', 'c a b', 2],
  ])('turns %s into %s with %d', (said, right, edits) => {
    expect(shiftedEdits(words(said), words(right))).toBe(edits);
  });

  it('moves no run farther than 50 places, and no more than 10 words at once', () => {
    const filler = (count: number): string[] => Array.from({ length: count }, (_, i) => `w${i}`);
    expect(shiftedEdits(['a', ...filler(49)], [...filler(49), 'a'])).toBe(1);
    expect(shiftedEdits(['a', ...filler(60)], [...filler(60), 'a'])).toBe(2);
    const [ten, eleven] = [10, 11].map((count) => Array.from({ length: count }, (_, i) => `m${i}`));
    expect(shiftedEdits([...ten, ...filler(12)], [...filler(12), ...ten])).toBe(1);
    expect(shiftedEdits([...eleven, ...filler(12)], [...filler(12), ...eleven])).toBe(2);
  });

  // Words of one letter, with the edits that sacreBLEU 2.6.0 finds: drawn at random until one of its rules made a
  // difference (only what is wrong moves, and to where something is wrong; which of equal moves; how many are tried).
  it.each<[string, string, number]>([
    ['lcgjecaiajdjhcljiagdfbdjkgjdhbkgeihafjgeacdfjcfgd', 'kbgifkihidblabcccidefjiefffbedjlhcjibfagbgccfbj', 35],
    [
      'hhcbifbikccccfeblijecdcilafjkilldcegicalkdebkhgieihi',
      'agfcehakgjaalfjcjcceegjgcjbdhacifikhkklddfhkhdlgfijlkekdabi',
      40,
    ],
    ['jijgccegdjlahkglkfgicilaibekbelbcjkkl', 'hdgggcfhcjhdbgjigbkeedgliadihjaakjd', 27],
  ])('decides as sacreBLEU does for %s and %s', (said, right, edits) => {
    expect(shiftedEdits([...said], [...right])).toBe(edits);
  });

  it('finds its way where the lengths differ much', () => {
    const long = Array.from({ length: 400 }, (_, i) => `w${i}`);
    expect(shiftedEdits(['w399'], long)).toBe(399);
    expect(shiftedEdits(long, ['w0', 'w1'])).toBe(398);
  });
});

describe('the words of TER', () => {
  const plain = { normalized: false, punctuation: true, asianSupport: false, caseSensitive: false };

  // Texts and figures of sacreBLEU's test/test_tokenizer_ter.py, but for the last three.
  it.each<[string, Partial<typeof plain>, string]>([
    ['A B C D.', {}, 'a b c d.'],
    ['', {}, ''],
    ['A ; B ) C : D.', { punctuation: false }, 'a b c d'],
    ['a b (c) d.', { normalized: true }, 'a b ( c ) d .'],
    ["Jim's car.", { normalized: true }, "jim 's car ."],
    ['4.2', { normalized: true }, '4.2'],
    ['美众院公布对特', { normalized: true, asianSupport: true }, '美 众 院 公 布 对 特'],
    ['りの拳銃を持', { normalized: true, asianSupport: true }, 'りの 拳 銃 を 持'],
    ['你好，世界。', { punctuation: false, asianSupport: true }, '你好世界'],
    ['Tom &amp; Jerry', { normalized: true, caseSensitive: true }, 'Tom & Jerry'],
    ['再见！', { normalized: true, asianSupport: true }, '再 见 ！'],
  ])('of %j with %o', (text, options, expected) => {
    expect(terWords(text, { ...plain, ...options }).join(' ')).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { libraryVersion } from '../../io/library-version.js';
import { type ChrFOptions, chrF } from './chrf.js';

const expectScore = (hypotheses: string[], references: string[], options: ChrFOptions, score: number): void =>
  expect(Math.abs(chrF(hypotheses, references, options).score - score)).toBeLessThan(1e-4);

/** Sentences and figures of sacreBLEU's test/test_chrf.py, whose corpora use beta 3. */
const risk = [
  'risk assessment must be made of those who are qualified and expertise in the sector - these are the scientists .',
  'risk assessment has to be undertaken by those who are qualified and expert in that area - that is the scientists .',
];
const obama = [
  'Die Beziehung zwischen Obama und Netanjahu ist nicht gerade freundlich.',
  'Das Verhältnis zwischen Obama und Netanyahu ist nicht gerade freundschaftlich.',
];

describe('chrF', () => {
  it.each<[string[], string[], number]>([
    [['abcdefg'], ['hijklmnop'], 0],
    [['a'], ['b'], 0],
    [[''], ['reference'], 0],
    [['aa'], ['ab'], 8.3333],
    [['a', 'b'], ['a', 'c'], 8.3333],
    [['a'], ['a'], 16.6667],
    [['a b c'], ['a b c'], 50],
    [['a b c'], ['abc'], 50],
    [[` ${risk[0]}`], [risk[1]], 63.36173],
    [[' Die    Beziehung zwischen  Obama und Netanjahu ist nicht gerade  freundlich. '], [obama[1]], 64.1302698],
  ])('of %j and %j, averaged over all orders, is what sacreBLEU computes', (said, right, score) => {
    expectScore(said, right, { beta: 3, epsSmoothing: true }, score);
  });

  it.each<[string[], string[], number]>([
    [['a'], ['a'], 100],
    [[''], ['reference'], 0],
    [['a b c'], ['abc'], 100],
    [['a', 'b'], ['a', 'c'], 50],
    [['aa'], ['ab'], 25],
  ])('of %j and %j, over the orders that there are, is what sacreBLEU computes', (said, right, score) => {
    expectScore(said, right, { beta: 3 }, score);
  });

  it('with white space, and of sentences with beta 2, is what sacreBLEU computes', () => {
    expectScore([obama[0]], [obama[1]], { beta: 3, whitespace: true }, 67.3481606);
    expectScore([risk[0]], [risk[1]], { beta: 3, whitespace: true }, 65.2414427);
    const czech: [string, string, number][] = [
      [
        'Nebo prostě nemají vybavení, které by jim pomohlo, uvedli lékaři.',
        'A někdy nemáme ani potřebný materiál, abychom jim pomohli, popsali lékaři.',
        31.22557079,
      ],
      [
        'Lapali po dechu, jejich životy skončily dřív, než skutečně začaly.',
        'Lapali po dechu a pak jejich život skončil - dřív, než skutečně mohl začít, připomněli.',
        57.15704367,
      ],
    ];
    for (const [said, right, score] of czech) expectScore([said], [right], { epsSmoothing: true }, score);
  });

  it('with words counts a sign at the end of a word, or else at its beginning, as a word', () => {
    // Words `(hi` and `)` of the one, `hi` and `)` of the other: characters 3/4 and 2/3 ... of one order, words 1/2.
    const options = { charOrder: 1, wordOrder: 1, beta: 1 };
    const [p, r] = [(3 / 4 + 1 / 2) / 2, (3 / 3 + 1 / 2) / 2];
    expect(chrF(['(hi)'], ['hi)'], options).score).toBeCloseTo((100 * 2 * p * r) / (p + r), 10);
    expect(chrF(['"hi'], ['" hi'], options).score).toBeCloseTo(100, 10);
  });

  it('takes of several references the one with the best score, and names what was computed', () => {
    const { score, name, text, signature } = chrF(['a cat'], [['a dog', 'a cat', '']], { wordOrder: 2 });
    expect([score, name, text]).toEqual([100, 'chrF2++', 'chrF2++ = 100.00']);
    expect(signature).toBe(`nrefs:2|case:mixed|eff:yes|nc:6|nw:2|space:no|version:rondo-${libraryVersion}`);
    expect(chrF(['A CAT'], ['a cat'], { lowercase: true }).text).toBe('chrF2 = 100.00');
    expect(chrF(['A CAT'], ['a cat']).score).toBe(0);
  });

  it('refuses what it does not know', () => {
    expect(() => chrF(['a', 'b'], ['a'])).toThrow(/^\[SHAPE_MISMATCH\] chrF/);
    expect(() => chrF([], [])).toThrow(/^\[DATA_FORMAT\] chrF/);
    expect(() => chrF(['a'], ['a'], { charOrder: 0 })).toThrow(/^\[OUT_OF_RANGE\].*`charOrder`/);
    expect(() => chrF(['a'], ['a'], { beta: 0 })).toThrow(/^\[OUT_OF_RANGE\].*`beta`/);
    expect(() => chrF(['a'], ['a'], { worOrder: 2 } as never)).toThrow(/did you mean `wordOrder`/);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytePairs } from './byte-pairs.js';
import { learnMerges, type Merge } from './learn-merges.js';
import { piecesOf } from './pieces.js';

/** The definition, counting everything again for each pair. */
function slowMerges(text: string, numTokens: number): Merge[] {
  const pieces = piecesOf(text).map((piece) => Array.from(new TextEncoder().encode(piece)));
  const merges: Merge[] = [];
  while (256 + merges.length < numTokens) {
    const counts = new Map<string, number>();
    for (const tokens of pieces)
      for (let i = 0; i + 1 < tokens.length; i++)
        counts.set(`${tokens[i]},${tokens[i + 1]}`, (counts.get(`${tokens[i]},${tokens[i + 1]}`) ?? 0) + 1);
    const ids = (key: string): Merge => key.split(',').map(Number) as unknown as Merge;
    const [best] = [...counts]
      .filter(([, count]) => count > 1)
      .sort(([a, countA], [b, countB]) => countB - countA || ids(a)[0] - ids(b)[0] || ids(a)[1] - ids(b)[1]);
    if (best === undefined) break;
    const [left, right] = ids(best[0]);
    for (const tokens of pieces)
      for (let i = 0; i + 1 < tokens.length; i++)
        if (tokens[i] === left && tokens[i + 1] === right) tokens.splice(i, 2, 256 + merges.length);
    merges.push([left, right]);
  }
  return merges;
}

const sample =
  'the cat sat on the mat; the rat sat, too. aaaa aaaaaaa aa 床前明月光，疑是地上霜。 naïve e\u0301 👩‍👩‍👧‍👦 🇩🇪🎉🎉🎉\n' +
  '\n  1234567\t\r\n';

describe('BytePairs', () => {
  it('are those of the definition', () => {
    expect(learnMerges(sample, 300)).toEqual(slowMerges(sample, 300));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'aa', 'ab', ' ', 'é', '日', '1', '.'), { maxLength: 60 }),
        (parts) => {
          expect(learnMerges(parts.join(''), 290)).toEqual(slowMerges(parts.join(''), 290));
        },
      ),
      { numRuns: 60 },
    );
  });
  it('cut a text by the pairs in the order in which they were learned', () => {
    const pairs = BytePairs.learn(sample.repeat(3), 330);
    // The definition: one learned pair after the other, wherever it stands.
    const slowTokens = (text: string): number[] =>
      piecesOf(text).flatMap((piece) => {
        const tokens = Array.from(new TextEncoder().encode(piece));
        pairs.merges.forEach(([left, right], rank) => {
          for (let i = 0; i + 1 < tokens.length; i++)
            if (tokens[i] === left && tokens[i + 1] === right) tokens.splice(i, 2, 256 + rank);
        });
        return tokens;
      });
    for (const text of [sample, 'aaaa aaaaaa aa aaa', 'that hat on the oat; thee', '月光霜光月'])
      expect([...pairs.encode(text)]).toEqual(slowTokens(text));
    // `a b` was learned before `b c`, and `b c` before `c d`: a pair that begins later may have been learned earlier.
    const chain = new BytePairs([
      [98, 99],
      [97, 98],
      [99, 100],
    ]);
    expect([...chain.encode('abcd')]).toEqual([97, 256, 100]);
    expect([...chain.encode('abd cd')].filter((token) => token >= 256)).toEqual([257, 258]);
  });
  it('give every text back exactly, of any characters', () => {
    const pairs = BytePairs.learn(sample.repeat(3), 400);
    const bytes = new BytePairs();
    for (const text of [sample, '', ' ', '\ufeffbom', '\u0000', '\ufffd', 'पढ़ना', 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A'])
      for (const codec of [pairs, bytes]) expect(codec.decode(codec.encode(text))).toBe(text);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(pairs.decode(pairs.encode(text))).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
  it('cut a text into pieces that are the text', () => {
    expect(piecesOf("It's  12345 €5!\n end")).toEqual([
      'It',
      "'",
      's',
      ' ',
      ' 123',
      '45',
      ' €',
      '5',
      '!',
      '\n',
      ' end',
    ]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(piecesOf(text).join('')).toBe(text);
      }),
    );
  });
  it('shorten a text they were learned from', () => {
    const pairs = BytePairs.learn(sample.repeat(3), 400);
    expect(pairs.size).toBeGreaterThan(300);
    expect(pairs.encode(sample).length).toBeLessThan(new BytePairs().encode(sample).length / 2);
  });
  it('survive JSON, and are refused where they are damaged', () => {
    const pairs = BytePairs.learn(sample, 300);
    expect([...BytePairs.fromJSON(JSON.parse(JSON.stringify(pairs))).encode(sample)]).toEqual([
      ...pairs.encode(sample),
    ]);
    for (const damaged of [{ merges: [1] }, { merges: [1, 256] }, { merges: [1, -1] }, {}, []])
      expect(() => BytePairs.fromJSON(damaged)).toThrow('[FILE_FORMAT]');
    expect(() => new BytePairs([[256, 1]])).toThrow('[OUT_OF_RANGE]');
    expect(() => BytePairs.learn('a', 255)).toThrow('[OUT_OF_RANGE]');
    expect(() => pairs.decode([9999])).toThrow('[OUT_OF_RANGE]');
  });
});

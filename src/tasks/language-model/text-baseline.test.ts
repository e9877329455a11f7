import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { textBaseline } from './text-baseline.js';

describe('the baselines of a language model', () => {
  it('follow Witten and Bell', () => {
    // 0 1 0 1 2 of 4 tokens: counts 2 2 1, three different ones in five.
    const { frequencies, ngram, numTokens } = textBaseline(
      Int32Array.of(0, 1, 0, 1, 2),
      [Int32Array.of(0, 1), Int32Array.of(3, 0, 2)],
      4,
      2,
    );
    const alone = (count: number): number => (count + 3 * 0.25) / 8;
    expect(numTokens).toBe(3);
    expect(frequencies).toBeCloseTo(-(Math.log(alone(2)) + Math.log(alone(2)) + Math.log(alone(1))) / 3, 12);
    // After 0 came 1 twice and nothing else; 3 was never seen, so what follows it is as likely as alone.
    const after0 = (count: number, token: number): number => (count + alone(token)) / 3;
    expect(ngram).toBeCloseTo(-(Math.log(after0(2, 2)) + Math.log(alone(2)) + Math.log(after0(0, 1))) / 3, 12);
  });

  it('are distributions over all tokens, whatever stands before', () => {
    const random = new Random(5);
    const learned = Int32Array.from({ length: 400 }, () => Math.floor(random.uniform() * 5));
    for (const context of [[0], [1, 2], [4, 4, 3], [6, 0], [0, 6, 1]])
      for (const name of ['frequencies', 'ngram'] as const) {
        const probabilities = Array.from({ length: 7 }, (_, token) => {
          const lossOf = (tokens: number[]): number => {
            const own = textBaseline(learned, [Int32Array.from(tokens)], 7, 3);
            return tokens.length < 2 ? 0 : own[name] * own.numTokens;
          };
          return Math.exp(-(lossOf([...context, token]) - lossOf(context)));
        });
        expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 10);
      }
  });

  it('know what comes again, and of noise nothing', () => {
    const periodic = Int32Array.from({ length: 600 }, (_, i) => i % 6);
    const known = textBaseline(periodic, [periodic.subarray(0, 120)], 6, 3);
    expect(known.frequencies).toBeCloseTo(Math.log(6), 3);
    expect(known.ngram).toBeLessThan(0.03);
    const random = new Random(3);
    const noise = Int32Array.from({ length: 6000 }, () => Math.floor(random.uniform() * 8));
    const unknown = textBaseline(noise.subarray(0, 5400), [noise.subarray(5400)], 8, 5);
    expect(unknown.frequencies).toBeCloseTo(Math.log(8), 1);
    expect(unknown.ngram).toBeGreaterThan(unknown.frequencies);
  });
});

import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { type SamplingOptions, sampleToken } from './sample-token.js';

const logits = [1.5, -0.5, 0.25, 3, -2];

function shares(options: SamplingOptions, never = new Set<number>(), draws = 40_000): number[] {
  const random = new Random(5);
  const counts = logits.map(() => 0);
  for (let i = 0; i < draws; i++) counts[sampleToken(logits, random, options, never)] += 1;
  return counts.map((count) => count / draws);
}

function softmax(values: readonly number[]): number[] {
  const powers = values.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

describe('sampleToken', () => {
  // 40,000 draws: a share's standard error is at most 0.0025; four of them.
  const near = (found: readonly number[], wanted: readonly number[]): void =>
    found.forEach((share, i) => expect(Math.abs(share - wanted[i])).toBeLessThan(0.01));

  it('draws as the softmax says', () => near(shares({}), softmax(logits)));
  it('divides the logits by the temperature', () =>
    near(shares({ temperature: 2 }), softmax(logits.map((value) => value / 2))));
  it('takes the likeliest at temperature 0', () => expect(shares({ temperature: 0 })[3]).toBe(1));
  it('keeps the topK likeliest and their proportions', () => {
    const kept = softmax([logits[3], logits[0]]);
    near(shares({ topK: 2 }), [kept[1], 0, 0, kept[0], 0]);
  });
  it('keeps the fewest tokens that reach topP', () => {
    // Probabilities sorted: 0.735, 0.164, 0.047, ...: 0.8 needs two, 0.73 one.
    const kept = softmax([logits[3], logits[0]]);
    near(shares({ topP: 0.8 }), [kept[1], 0, 0, kept[0], 0]);
    expect(shares({ topP: 0.73 })[3]).toBe(1);
  });
  it('applies the temperature before topP and minP', () => {
    const drawn = (options: SamplingOptions): number[] =>
      shares(options, undefined, 4000).flatMap((share, i) => (share > 0 ? [i] : []));
    // Probabilities at temperature 1: 0.735, 0.164, 0.047, 0.022, 0.005; at 3: 0.379, 0.230, 0.152, 0.118, 0.072; at
    // 0.5: 0.947, 0.047, ...
    expect(drawn({ topP: 0.7 })).toEqual([3]);
    expect(drawn({ topP: 0.7, temperature: 3 })).toEqual([0, 2, 3]);
    expect(drawn({ topP: 0.8 })).toEqual([0, 3]);
    expect(drawn({ topP: 0.8, temperature: 0.5 })).toEqual([3]);
    expect(drawn({ minP: 0.3 })).toEqual([3]);
    expect(drawn({ minP: 0.3, temperature: 3 })).toEqual([0, 1, 2, 3]);
  });
  it('applies topP to what topK left', () => {
    // Of the two likeliest, 0.735 and 0.164, the first has 82 %.
    expect(shares({ topK: 2, topP: 0.8 }, undefined, 4000)[3]).toBe(1);
  });
  it('never draws what is forbidden', () => {
    const found = shares({}, new Set([3]));
    expect(found[3]).toBe(0);
    near(found, [...softmax([1.5, -0.5, 0.25, -2]).slice(0, 3), 0, softmax([1.5, -0.5, 0.25, -2])[3]]);
  });
  it('survives logits of +-500', () => {
    expect(sampleToken([500, -500, 499], new Random(1), { topK: 1 })).toBe(0);
  });
  it('takes one draw whatever the options, so that runs stay comparable', () => {
    const random = new Random(3);
    const other = new Random(3);
    sampleToken(logits, random, { temperature: 0 });
    sampleToken(logits, other, { topK: 2, topP: 0.5 });
    expect(random.state).toEqual(other.state);
  });
  it('refuses impossible options and logits', () => {
    const draw = (options: SamplingOptions) => () => sampleToken(logits, new Random(0), options);
    expect(draw({ temperature: -1 })).toThrow('[OUT_OF_RANGE]');
    expect(draw({ topK: 0 })).toThrow('[OUT_OF_RANGE]');
    expect(draw({ topP: 0 })).toThrow('[OUT_OF_RANGE]');
    expect(draw({ topP: 1.01 })).toThrow('[OUT_OF_RANGE]');
    expect(draw({ topk: 3 } as SamplingOptions)).toThrow('did you mean `topK`');
    expect(() => sampleToken([1, NaN], new Random(0))).toThrow('[NOT_FINITE]');
  });
});

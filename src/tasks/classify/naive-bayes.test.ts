import { describe, expect, it } from 'vitest';
import { classifierBaseline } from './classifier-baseline.js';
import { NaiveBayes } from './naive-bayes.js';

const tokens = (texts: readonly string[]): string[][] => texts.map((text) => text.split(' '));

describe('naive Bayes', () => {
  it('weighs what each class shows more often, and counts a repeated word once', () => {
    const bayes = new NaiveBayes(
      1,
      2,
      tokens(['good good film', 'good plot', 'bad film', 'bad plot', 'dull']),
      [0, 0, 1, 1, 1],
    );
    expect(tokens(['good good', 'bad', 'film', 'never seen']).map((own) => bayes.predict(own))).toEqual([0, 1, 1, 1]);
    // log P: film is in one of two texts of class 0 and one of three of class 1; by hand, with a = 1 and V = 5.
    const [zero, one] = [Math.log((2 / 5) * (2 / 9)), Math.log((3 / 5) * (2 / 10))];
    expect(one).toBeGreaterThan(zero);
  });

  it('reads pairs, and the ends of a text', () => {
    const texts = tokens(['not good', 'good', 'not bad', 'bad']);
    const bayes = new NaiveBayes(2, 2, texts, [1, 0, 0, 1]).tune(texts, [1, 0, 0, 1]);
    expect(texts.map((own) => bayes.predict(own))).toEqual([1, 0, 0, 1]);
  });

  it('is right as often as the baseline of a classifier says, beside the commonest class', () => {
    const part = (texts: readonly string[], classes: number[]) => ({
      tokens: tokens(texts),
      classes: Int32Array.from(classes),
    });
    const train = part(['a x', 'a y', 'b x', 'a z', 'b q'], [0, 0, 1, 0, 1]);
    const measured = part(['b', 'b', 'a', 'b w'], [1, 1, 0, 0]);
    expect(classifierBaseline('words', 2, { train, validation: train, measured })).toEqual({
      majority: 0.5,
      naiveBayes: 0.75,
      numDistinct: 3,
    });
  });
});

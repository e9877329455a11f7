import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { calibrationError, fitTemperature, likeliest, probabilitiesOf, temperatureBounds } from './calibration.js';

/** Logits whose truth is drawn from their softmax at a temperature. */
function drawn(numRows: number, temperature: number): { logits: Float64Array; truth: number[] } {
  const random = new Random(3);
  const logits = Float64Array.from({ length: numRows * 3 }, () => 4 * random.normal());
  const p = probabilitiesOf(logits, 3, temperature);
  const truth = Array.from({ length: numRows }, (_, row) => {
    const at = random.uniform();
    return at < p[row * 3] ? 0 : at < p[row * 3] + p[row * 3 + 1] ? 1 : 2;
  });
  return { logits, truth };
}

/** Of the texts, and one more whose class is unknown. */
function crossEntropy(logits: Float64Array, truth: readonly number[], temperature: number): number {
  const p = probabilitiesOf(logits, 3, temperature);
  const spread = 1 / (truth.length + 2);
  const target = (label: number, k: number): number => (label === k ? 1 - spread : 0) + spread / 3;
  return (
    -truth.reduce(
      (sum, label, row) => sum + [0, 1, 2].reduce((own, k) => own + target(label, k) * Math.log(p[row * 3 + k]), 0),
      0,
    ) / truth.length
  );
}

describe('probabilities', () => {
  it('are a softmax that no logit overflows', () => {
    expect([...probabilitiesOf([500, 500, -500, 0, Math.log(3), 0], 3)].map((p) => Number(p.toFixed(12)))).toEqual([
      0.5, 0.5, 0, 0.2, 0.6, 0.2,
    ]);
    expect(probabilitiesOf([0, Math.log(9)], 2, 2)[1]).toBeCloseTo(0.75, 12);
  });
});

describe('the temperature', () => {
  it.each([0.4, 1, 2.5])('is found where it is %d', (temperature) => {
    const { logits, truth } = drawn(5000, temperature);
    const found = fitTemperature(logits, truth, 3);
    expect(Math.abs(found / temperature - 1)).toBeLessThan(0.06);
    for (const other of [0.98, 1.02])
      expect(crossEntropy(logits, truth, found * other)).toBeGreaterThan(crossEntropy(logits, truth, found));
  });

  it('is surer the more texts are right, where all are', () => {
    // One text more of an unknown class: of 2 texts, the truth has 1 - 1/4 + 1/8.
    expect(probabilitiesOf([5, 0], 2, fitTemperature([5, 0, 0, 5], [0, 1], 2))[0]).toBeCloseTo(0.875, 9);
    const many = Array.from({ length: 50 }, () => [5, 0, 0, 5]).flat();
    expect(
      probabilitiesOf(
        [5, 0],
        2,
        fitTemperature(
          many,
          Array.from({ length: 100 }, (_, i) => i % 2),
          2,
        ),
      )[0],
    ).toBeCloseTo(1 - 0.5 / 102, 9);
  });

  it('makes all classes as likely where the logits say no more than guessing', () => {
    const temperature = fitTemperature([5, 0, 0, 5], [1, 0], 2);
    expect(temperature).toBe(temperatureBounds[1]);
    expect(probabilitiesOf([5, 0], 2, temperature)[0]).toBeCloseTo(0.5, 2);
  });

  it('is 1 where nothing determines it: no text, or logits that are all equal', () => {
    expect(fitTemperature([], [], 2)).toBe(1);
    expect(fitTemperature([3, 3, 3, 3], [0, 1], 2)).toBe(1);
  });

  it('makes probabilities mean what they say, and leaves the decisions', () => {
    const { logits, truth } = drawn(5000, 3);
    const [before, after] = [1, fitTemperature(logits, truth, 3)].map((t) => probabilitiesOf(logits, 3, t));
    expect(calibrationError(before, truth, 3)).toBeGreaterThan(0.1);
    expect(calibrationError(after, truth, 3)).toBeLessThan(0.03);
    for (let row = 0; row < truth.length; row++) expect(likeliest(after, row, 3)).toBe(likeliest(before, row, 3));
  });
});

describe('the expected calibration error', () => {
  it('is the mean distance of accuracy and probability, bin by bin', () => {
    // With 5 bins: 0.9 and 1 in the last (one of two right), 0.7 in the fourth (right), 0.6 at the upper end of the
    // third (wrong).
    const probabilities = [0.9, 0.1, 1, 0, 0.7, 0.3, 0.6, 0.4];
    expect(calibrationError(probabilities, [0, 1, 0, 1], 2, 5)).toBeCloseTo(
      (Math.abs(1.9 - 1) + Math.abs(0.7 - 1) + Math.abs(0.6 - 0)) / 4,
      12,
    );
  });
});

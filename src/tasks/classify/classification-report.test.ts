import { describe, expect, it } from 'vitest';
import { classificationReport } from './classification-report.js';

describe('a classification report', () => {
  // Truth a a a b b c, predicted a a b b a a; d neither occurs nor is predicted.
  const truth = [0, 0, 0, 1, 1, 2];
  const predicted = [0, 0, 1, 1, 0, 0];
  const probabilities = predicted.flatMap((label) => [0, 1, 2, 3].map((k) => (k === label ? 0.7 : 0.1)));
  const report = classificationReport(['a', 'b', 'c', 'd'], truth, probabilities);

  it('counts by class', () => {
    expect(report.confusion).toEqual([
      [2, 1, 0, 0],
      [1, 1, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    expect(report.classes).toEqual([
      { label: 'a', precision: 0.5, recall: 2 / 3, f1: 4 / 7, support: 3 },
      { label: 'b', precision: 0.5, recall: 0.5, f1: 0.5, support: 2 },
      { label: 'c', precision: 0, recall: 0, f1: 0, support: 1 },
      { label: 'd', precision: 0, recall: 0, f1: 0, support: 0 },
    ]);
  });

  it('sums up over texts and over the classes that occur', () => {
    expect(report).toMatchObject({ numTexts: 6, accuracy: 0.5, microF1: 0.5 });
    expect(report.macroF1).toBeCloseTo((4 / 7 + 0.5) / 3, 12);
    expect(report.loss).toBeCloseTo(-(3 * Math.log(0.7) + 3 * Math.log(0.1)) / 6, 12);
    expect(report.calibrationError).toBeCloseTo(0.2, 12);
  });

  it('has no score of nothing', () => {
    expect(classificationReport(['a', 'b'], [], [])).toMatchObject({
      numTexts: 0,
      accuracy: 0,
      macroF1: 0,
      loss: 0,
      calibrationError: 0,
    });
  });
});

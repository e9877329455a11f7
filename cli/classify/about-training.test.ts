import { describe, expect, it } from 'vitest';
import type { Classifier, ClassifierReport } from '../../src/index.js';
import { comparedWith, measuredVerdict } from './about-training.js';

describe('a classifier beside what is right without a network', () => {
  const chance = (accuracy: number, naiveBayes: number, numDistinct: number): string | undefined =>
    / Of [\d,]+ different texts?, that difference is within chance\./.exec(
      comparedWith({ majority: 0.5, naiveBayes, numDistinct }, accuracy, 'words').line,
    )?.[0];

  it('differs by chance alone where few texts were measured', () => {
    expect(chance(0.9, 0.8, 40)).toBe(' Of 40 different texts, that difference is within chance.');
    expect(chance(0.8, 0.9, 40)).toBe(' Of 40 different texts, that difference is within chance.');
    expect(chance(0.9, 0.8, 4000)).toBeUndefined();
    expect(chance(0.8, 0.9, 4000)).toBeUndefined();
    // All right against none of one text, of two and of ten.
    expect(chance(1, 0.5, 1)).toBe(' Of 1 different text, that difference is within chance.');
    expect(comparedWith({ majority: 0, naiveBayes: 0, numDistinct: 2 }, 1, 'words').line).toContain('within chance');
    expect(comparedWith({ majority: 0, naiveBayes: 0, numDistinct: 10 }, 1, 'words').line).not.toContain('chance');
  });

  it('is at the edge where the interval of Agresti and Caffo ends', () => {
    // 95 % of 0.9 - 0.8: p = 91 / 102, q = 81 / 102, 1.96 sqrt((p (1 - p) + q (1 - q)) / 102) = 0.0989 above 0.0980.
    expect(chance(0.9, 0.8, 100)).toBeDefined();
    expect(chance(0.9, 0.8, 103)).toBeUndefined();
  });

  it('names the better of the two, and the commonest class alone where naive Bayes is not known', () => {
    const line = (majority: number, naiveBayes: number | null): string =>
      comparedWith({ majority, naiveBayes, numDistinct: 4000 }, 0.6, 'words').line;
    expect(line(0.6, 0.5)).toMatch(/^Always saying the commonest class is as good, and cheaper/);
    expect(line(0.5, 0.6)).toMatch(/^Counting words is as good, and cheaper/);
    expect(line(0.7, 0.5)).toMatch(/^The model does not beat always saying the commonest class/);
    expect(line(0.7, null)).toMatch(/^The model does not beat always saying.* \(always the commonest class 70\.0 %\)/);
    expect(line(0.5, null)).toBe('Right without a network: always the commonest class 50.0 %.');
  });

  it('says so again where it is measured: of other texts what training found', () => {
    const options = { tokens: 'words' };
    const trained = { majority: 0.5, naiveBayes: 1, numDistinct: 36, accuracy: 0.03, fingerprint: 0 };
    const verdict = (naiveBayes: number | null, baseline?: typeof trained): string | undefined =>
      measuredVerdict(
        { options, baseline } as unknown as Classifier,
        {
          accuracy: 0.9,
          baseline: { majority: 0.4, naiveBayes, numDistinct: 400 },
        } as unknown as ClassifierReport,
      ).verdict;
    expect(verdict(null)).toBeUndefined();
    expect(verdict(0.5, trained)).toBeUndefined();
    expect(verdict(0.95, trained)).toMatch(/^The model does not beat counting words/);
    expect(verdict(null, trained)).toMatch(/^On the texts that training measured: The model does not beat counting/);
  });

  it('says so beside a better model, one that is no better, and none of one that is as good', () => {
    const few = { majority: 0.5, naiveBayes: 0.8, numDistinct: 10 };
    expect(comparedWith(few, 0.9, 'words')).toMatchObject({ beaten: true });
    expect(comparedWith(few, 0.7, 'words')).toMatchObject({ beaten: false });
    expect(comparedWith(few, 0.8, 'words').line).not.toContain('chance');
  });
});

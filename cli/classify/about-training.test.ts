import { describe, expect, it } from 'vitest';
import { comparedWith } from './about-training.js';

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

  it('says so beside a better model, one that is no better, and none of one that is as good', () => {
    const few = { majority: 0.5, naiveBayes: 0.8, numDistinct: 10 };
    expect(comparedWith(few, 0.9, 'words')).toMatchObject({ beaten: true });
    expect(comparedWith(few, 0.7, 'words')).toMatchObject({ beaten: false });
    expect(comparedWith(few, 0.8, 'words').line).not.toContain('chance');
  });
});

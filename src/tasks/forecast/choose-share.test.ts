import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { shareOf } from './choose-share.js';

/** Blocks of seven errors near 1, of which shares of 0.25, 0.5, 0.75 and 1 take so much away on average. */
function blocks(numBlocks: number, gains: readonly number[], deviation: number): Parameters<typeof shareOf>[0] {
  const random = new Random(2);
  return Array.from({ length: numBlocks }, () => {
    const chance = deviation * random.normal();
    return { count: 7, base: 7, shared: gains.map((gain, k) => 7 * (1 - gain - ((k + 1) / 4) * chance)) };
  });
}

describe('the share of a network', () => {
  it('is that of the largest gain where gains are alike in every block', () => {
    expect(shareOf(blocks(6, [0.05, 0.11, 0.13, 0.1], 0.001)).share).toBe(0.75);
    expect(shareOf(blocks(6, [0.05, 0.11, 0.13, 0.1], 0.001)).model).toBeCloseTo(0.87, 2);
  });
  it('is smaller where a larger one gains more, and less surely', () => {
    expect(shareOf(blocks(40, [0.1, 0.11, 0.12, 0.13], 0.2)).share).toBe(0.25);
  });
  it('is none where as large a gain stands on few blocks, or is small', () => {
    expect(shareOf(blocks(30, [0.05, 0.1, 0.12, 0.13], 0.1)).share).toBeGreaterThan(0);
    for (const few of [
      blocks(5, [0.05, 0.1, 0.12, 0.13], 0.1),
      blocks(3, [0.05, 0.1, 0.12, 0.13], 0.001),
      blocks(30, [0.01, 0.015, 0.015, 0.01], 0.001),
    ]) {
      expect(shareOf(few)).toMatchObject({ share: 0, base: 1, model: 1 });
    }
    expect(shareOf([])).toEqual({ share: 0, base: 0, model: 0 });
  });
});

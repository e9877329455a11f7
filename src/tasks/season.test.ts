import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { autocorrelation, findSeason } from './season.js';

function series(length: number, value: (i: number, random: Random) => number): Float64Array {
  const random = new Random(9);
  return Float64Array.from({ length }, (_, i) => value(i, random));
}

describe('findSeason', () => {
  it('finds a sine under noise and a trend', () => {
    for (const season of [7, 12, 24, 52]) {
      expect(findSeason(series(season * 20, (i, random) => 3 * Math.sin((2 * Math.PI * i) / season) + 0.05 * i + random.normal()))).toBe(season);
    }
  });
  it('finds a daily season under a wander that is larger', () => {
    let level = 0;
    expect(findSeason(series(2000, (i, random) => (level = 0.99 * level + random.normal()) + 4 * Math.sin((2 * Math.PI * i) / 24)))).toBe(24);
  });
  it('says 1 for noise, for a straight line and for a constant', () => {
    expect(findSeason(series(500, (_, random) => random.normal() * 1e-3))).toBeLessThan(400);
    expect(findSeason(series(300, (i) => 2 * i))).toBe(1);
    expect(findSeason(series(300, () => 4))).toBe(1);
    expect(findSeason(series(3, (i) => i))).toBe(1);
  });
});

describe('autocorrelation', () => {
  it('agrees with the definition on a short series', () => {
    // Mean 2; deviations -1, 0, 1, -1, 1 and their products one apart.
    const found = autocorrelation([1, 2, 3, 1, 3], 2);
    expect(found[0]).toBeCloseTo(1, 15);
    expect(found[1]).toBeCloseTo((0 + 0 - 1 - 1) / 4, 15);
    expect(found[2]).toBeCloseTo((-1 + 0 + 1) / 4, 15);
  });
});

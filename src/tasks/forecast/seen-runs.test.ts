import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { endOfSeen, seenRuns } from './seen-runs.js';

const random = new Random(4);
const all = Float64Array.from({ length: 700 }, () => Math.round(1000 * random.normal()));
const numSeen = 600;
const seen = seenRuns(all.subarray(0, numSeen), undefined);

describe('rows that training has seen', () => {
  it('are found in the beginning of their file, and in a file that begins or ends later', () => {
    expect(endOfSeen(seen, numSeen, all.subarray(0, 560))).toBe(600);
    expect(endOfSeen(seen, numSeen, all)).toBe(600);
    expect(endOfSeen(seen, numSeen, all.subarray(130))).toBe(470);
  });

  it('are found where one value was corrected', () => {
    const corrected = all.map((value, row) => (row === 300 ? value + 1 : value));
    expect(endOfSeen(seen, numSeen, corrected)).toBe(600);
  });

  it('are not those of another series, nor of what follows', () => {
    expect(
      endOfSeen(
        seen,
        numSeen,
        all.map((value) => value + 1),
      ),
    ).toBeUndefined();
    expect(endOfSeen(seen, numSeen, all.subarray(600))).toBeUndefined();
    expect(endOfSeen(seen, numSeen, all.subarray(0, 3))).toBeUndefined();
  });

  it('end where they did in a pattern that repeats', () => {
    const pattern = Float64Array.from({ length: 90 }, (_, row) => row % 9);
    expect(endOfSeen(seenRuns(pattern.subarray(0, 70), undefined), 70, pattern)).toBe(70);
  });
});

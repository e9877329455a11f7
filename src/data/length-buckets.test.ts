import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { bucketsByLength, shuffledBuckets } from './length-buckets.js';

const lengths = Array.from({ length: 413 }, (_, i) => (i * 37) % 29);
const listed = (batches: readonly Int32Array[]): number[][] => batches.map((batch) => [...batch]);
const longestOf = (batch: Int32Array): number => Math.max(...Array.from(batch, (place) => lengths[place]));
const paddingShare = (batches: readonly Int32Array[]): number => {
  const size = batches.reduce((sum, batch) => sum + batch.length * longestOf(batch), 0);
  return 1 - lengths.reduce((sum, length) => sum + length, 0) / size;
};

describe('buckets by length', () => {
  it('refuse sizes that give no batches', () => {
    const random = new Random(1);
    for (const batchSize of [0, NaN, 2.5]) {
      expect(() => bucketsByLength(lengths, { batchSize })).toThrow(/OUT_OF_RANGE.*bucketsByLength.*batchSize/);
      expect(() => shuffledBuckets(lengths, { batchSize, random })).toThrow(/OUT_OF_RANGE.*shuffledBuckets.*batchSize/);
    }
    expect(() => bucketsByLength(lengths, { batchsize: 3 } as never)).toThrow(/UNKNOWN_NAME.*did you mean `batchSize`/);
  });

  it('hold every sequence once, the shortest first, equal ones in their order', () => {
    const places = listed(bucketsByLength(lengths, { batchSize: 9 })).flat();
    const inOrder = [...lengths.keys()].sort((a, b) => lengths[a] - lengths[b] || a - b);
    expect(places).toEqual(inOrder);
  });

  it('are as large as the limits allow, and a sequence beyond them is alone', () => {
    const limits = { batchSize: 9, mostSteps: 50 };
    const batches = bucketsByLength(lengths, limits);
    for (const [i, batch] of batches.entries()) {
      expect(batch.length).toBeLessThanOrEqual(9);
      expect(batch.length * longestOf(batch)).toBeLessThanOrEqual(50);
      const next = batches[i + 1]?.[0];
      if (next !== undefined && batch.length < 9) expect((batch.length + 1) * lengths[next]).toBeGreaterThan(50);
    }
    expect(listed(bucketsByLength([70, 3, 60], limits))).toEqual([[1], [2], [0]]);
    // Nothing but padding still takes a step.
    expect(listed(bucketsByLength([0, 0, 0], { batchSize: 9, mostSteps: 2 }))).toEqual([[0, 1], [2]]);
    expect(bucketsByLength([], limits)).toEqual([]);
  });
});

describe('the buckets of an epoch', () => {
  const epoch = (seed: number, batchesPerPool?: number): Int32Array[] =>
    shuffledBuckets(lengths, { batchSize: 6, random: new Random(seed), batchesPerPool });

  it('hold every sequence once, in an order that the seed decides', () => {
    expect(epoch(1)).toHaveLength(Math.ceil(413 / 6));
    expect(
      listed(epoch(1))
        .flat()
        .sort((a, b) => a - b),
    ).toEqual([...lengths.keys()]);
    expect(listed(epoch(1))).toEqual(listed(epoch(1)));
    expect(listed(epoch(1))).not.toEqual(listed(epoch(2)));
  });

  it('have little padding, the less of it the more batches are sorted together', () => {
    const unsorted = shuffledBuckets(new Array(413).fill(1), { batchSize: 6, random: new Random(1) });
    expect(paddingShare(unsorted)).toBeGreaterThan(0.4);
    expect(paddingShare(epoch(1, 5))).toBeLessThan(0.3);
    expect(paddingShare(epoch(1))).toBeLessThan(0.1);
    expect(paddingShare(epoch(1))).toBeLessThan(paddingShare(epoch(1, 5)));
  });

  it('do not go from short to long', () => {
    const longest = epoch(3).map(longestOf);
    expect(longest).not.toEqual([...longest].sort((a, b) => a - b));
  });
});

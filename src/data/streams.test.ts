import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenStreams } from './streams.js';

const count = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i);

describe('TokenStreams', () => {
  test('cuts the text into parallel streams of windows', () => {
    const streams = new TokenStreams(count(18), { batchSize: 2, timesteps: 3 });
    expect(streams.length).toBe(2);
    expect([...streams]).toEqual([
      {
        input: { data: Int32Array.of(0, 1, 2, 8, 9, 10), shape: [2, 3] },
        target: { data: Int32Array.of(1, 2, 3, 9, 10, 11), shape: [2, 3] },
      },
      {
        input: { data: Int32Array.of(3, 4, 5, 11, 12, 13), shape: [2, 3] },
        target: { data: Int32Array.of(4, 5, 6, 12, 13, 14), shape: [2, 3] },
      },
    ]);
    expect(streams.unusedTokens).toBe(5);
  });

  test('goes on in every row where the window before ended, and reads each token once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 60 }),
        (batchSize, timesteps, more) => {
          const tokens = count(batchSize * timesteps + 1 + more);
          const streams = new TokenStreams(tokens, { batchSize, timesteps });
          const targets: number[] = [];
          let ends: number[] | undefined;
          for (const { input, target } of streams) {
            expect(target.data).toEqual(input.data.map((token) => token + 1));
            const begins = Array.from({ length: batchSize }, (_, b) => input.data[b * timesteps]);
            if (ends !== undefined) expect(begins).toEqual(ends);
            ends = Array.from({ length: batchSize }, (_, b) => target.data[(b + 1) * timesteps - 1]);
            targets.push(...target.data);
          }
          expect(new Set(targets).size).toBe(targets.length);
          expect(targets.length + streams.unusedTokens).toBe(tokens.length - 1);
          expect(Math.max(...targets)).toBeLessThan(tokens.length);
        },
      ),
      { seed: 9, numRuns: 300 },
    );
  });

  test('uses the whole text when it fits exactly', () => {
    expect(new TokenStreams(count(13), { batchSize: 3, timesteps: 2 }).unusedTokens).toBe(0);
  });

  test('says the numbers when the text is too short', () => {
    expect(() => new TokenStreams(count(12), { batchSize: 3, timesteps: 4 })).toThrow(
      /at least 13 tokens[^]*12 tokens[^]*batchSize of at most 2/,
    );
    expect(() => new TokenStreams(count(0), { batchSize: 1, timesteps: 1 })).toThrow(/0 tokens/);
    expect(() => new TokenStreams(count(9), { batchSize: 0, timesteps: 1 })).toThrow(/OUT_OF_RANGE/);
    expect(() => new TokenStreams(count(9), { batchSize: 1, timesteps: 4 }).window(2)).toThrow(/from 0 to 1/);
  });
});

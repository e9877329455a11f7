import { describe, expect, test } from 'vitest';
import { Random } from '../random.js';
import { splitInOrder, splitShuffled } from './split.js';

describe('splitInOrder', () => {
  test('keeps the order of time: train, validation, test', () => {
    expect(splitInOrder(10, { validation: 0.2, test: { count: 3 } })).toEqual({
      train: Int32Array.of(0, 1, 2, 3, 4),
      validation: Int32Array.of(5, 6),
      test: Int32Array.of(7, 8, 9),
    });
    expect(splitInOrder(3, {}).train).toEqual(Int32Array.of(0, 1, 2));
  });

  test('takes the number of items nearest to a fraction', () => {
    // 0.29 * 100 is 28.999999999999996 in binary.
    expect(splitInOrder(100, { test: 0.29 }).test.length).toBe(29);
  });
});

describe('splitShuffled', () => {
  test('puts every item into one part', () => {
    const { train, validation, test: held } = splitShuffled(23, { validation: 0.2, test: 0.3 }, new Random(1));
    expect([train.length, validation.length, held.length]).toEqual([11, 5, 7]);
    expect([...train, ...validation, ...held].sort((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, i) => i));
    expect([...train]).not.toEqual([...train].sort((a, b) => a - b));
  });

  test('depends on the seed alone, and the test part not on the validation share', () => {
    const parts = (seed: number, validation: number) => splitShuffled(50, { validation, test: 0.2 }, new Random(seed));
    expect(parts(4, 0.1)).toEqual(parts(4, 0.1));
    expect(parts(4, 0.3).test).toEqual(parts(4, 0.1).test);
    expect(parts(5, 0.1).test).not.toEqual(parts(4, 0.1).test);
  });
});

describe('a split', () => {
  test.each([
    ['a fraction that rounds to nothing', 4, { validation: 0.1 }, /the validation part would be empty/],
    ['a fraction above 1', 10, { test: 1.5 }, /`test` is out of range/],
    ['a number of items that is written as a fraction', 10, { test: 3 }, /write { count: n }/],
    ['a negative count', 10, { test: { count: -1 } }, /OUT_OF_RANGE/],
    [
      'parts that leave nothing to train on',
      10,
      { validation: 0.5, test: 0.5 },
      /5 for validation and 5 for test, of 10/,
    ],
    ['no data', 0, {}, /nothing is left to train on/],
    ['a part that does not exist', 10, { tset: 0.5 } as object, /did you mean `test`/],
  ])('is refused for %s', (_, length, shares, said) => {
    expect(() => splitInOrder(length, shares)).toThrow(said);
    expect(() => splitShuffled(length, shares, new Random(0))).toThrow(said);
  });
});

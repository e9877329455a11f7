import { RondoError, refuseUnknownOptions } from '../errors.js';
import type { Random } from '../random.js';

/** A part of the data: a fraction of the whole (0.2), or a number of items ({ count: 50 }). */
export type Share = number | { count: number };

export interface SplitShares {
  /** None by default. */
  validation?: Share | undefined;
  /** None by default. */
  test?: Share | undefined;
}

/** Positions of the items of each part; the parts share no item, and together they are all items. */
export interface Split {
  train: Int32Array;
  validation: Int32Array;
  test: Int32Array;
}

/**
 * Cuts a series in the order of time: training first, then validation, then test, so that nothing is learned from the
 * future. Split the rows of a series before cutting windows; windows that are split later overlap across the border.
 *
 * A fraction takes the whole number of items nearest to it, halves rounded up.
 *
 * @throws OUT_OF_RANGE when a part that is asked for, or the training part, would be empty.
 */
export function splitInOrder(length: number, shares: SplitShares): Split {
  const { train, validation, test } = sizesOf('splitInOrder', length, shares);
  const all = Int32Array.from({ length }, (_, i) => i);
  return {
    train: all.slice(0, train),
    validation: all.slice(train, train + validation),
    test: all.slice(train + validation, train + validation + test),
  };
}

/**
 * Cuts items into parts at random; the same seed gives the same parts. For items that are independent of each other:
 * use {@link splitInOrder} for a series.
 *
 * @throws OUT_OF_RANGE as {@link splitInOrder}.
 */
export function splitShuffled(length: number, shares: SplitShares, random: Random): Split {
  const sizes = sizesOf('splitShuffled', length, shares);
  const all = random.shuffle(Int32Array.from({ length }, (_, i) => i));
  // The test part comes first, so that it stays the same when the validation share changes.
  return {
    test: all.slice(0, sizes.test),
    validation: all.slice(sizes.test, sizes.test + sizes.validation),
    train: all.slice(sizes.test + sizes.validation),
  };
}

function sizesOf(
  where: string,
  length: number,
  shares: SplitShares,
): { train: number; validation: number; test: number } {
  refuseUnknownOptions(where, shares, ['validation', 'test']);
  const validation = sizeOf(where, 'validation', length, shares.validation);
  const test = sizeOf(where, 'test', length, shares.test);
  const train = length - validation - test;
  if (train < 1) {
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'nothing is left to train on.',
      expected: `validation and test together below ${length} items`,
      received: `${validation} for validation and ${test} for test, of ${length}`,
      fix: 'make the parts smaller, or give more data.',
    });
  }
  return { train, validation, test };
}

function sizeOf(where: string, part: string, length: number, share: Share | undefined): number {
  if (share === undefined || share === 0) return 0;
  const isFraction = typeof share === 'number';
  const size = isFraction ? Math.round(share * length) : share.count;
  const isPossible = isFraction ? share > 0 && share < 1 : Number.isInteger(size) && size >= 0;
  if (isPossible && (size > 0 || !isFraction)) return size;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: isPossible ? `the ${part} part would be empty.` : `\`${part}\` is out of range.`,
    expected: 'a fraction between 0 and 1, or { count: a whole number }',
    received: isFraction ? `${share} of ${length} items` : `{ count: ${share.count} }`,
    fix: isPossible
      ? `use a fraction of at least ${(0.5 / length).toPrecision(2)}, or { count: 1 }.`
      : `write { count: n } for a number of items.`,
  });
}

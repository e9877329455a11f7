import { refuseUnknownOptions, requireCount } from '../errors.js';
import type { Random } from '../random.js';

/** How much is computed at once. */
export interface BatchLimits {
  /** Most sequences of a batch. */
  readonly batchSize: number;
  /** Most time steps of a batch, padding included, unless one sequence alone is longer. Default: no limit. */
  readonly mostSteps?: number | undefined;
}

/**
 * Bucketing by length: the places of sequences, the shortest first, in batches of neighbours, so that little of a batch
 * is padding. Sequences of equal length keep their order.
 *
 * @param lengths of the sequences, in time steps. @throws OUT_OF_RANGE, UNKNOWN_NAME
 */
export function bucketsByLength(lengths: ArrayLike<number>, limits: BatchLimits): Int32Array[] {
  const where = 'bucketsByLength';
  refuseUnknownOptions(where, limits, ['batchSize', 'mostSteps']);
  const { batchSize, mostSteps = Infinity } = limits;
  requireCount(where, 'batchSize', batchSize);
  const order = sortedByLength(
    Int32Array.from(lengths, (_, place) => place),
    lengths,
  );
  const batches: Int32Array[] = [];
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (
      end < order.length &&
      end - start < batchSize &&
      (end + 1 - start) * Math.max(1, lengths[order[end]]) <= mostSteps
    )
      end++;
    batches.push(order.subarray(start, end));
    start = end;
  }
  return batches;
}

/** How the batches of an epoch are drawn. */
export interface ShuffledBuckets {
  readonly batchSize: number;
  readonly random: Random;
  /**
   * Batches whose sequences are sorted by length together: enough of them leave little padding, few enough leave an
   * epoch in random order. Default 50.
   */
  readonly batchesPerPool?: number | undefined;
}

/**
 * The batches of an epoch, `ceil(sequences / batchSize)` of them: the places of all sequences in a new order, but of
 * about equal length within a batch; the batches in a new order too.
 *
 * @param lengths of the sequences, in time steps. @throws OUT_OF_RANGE, UNKNOWN_NAME
 */
export function shuffledBuckets(lengths: ArrayLike<number>, options: ShuffledBuckets): Int32Array[] {
  const where = 'shuffledBuckets';
  refuseUnknownOptions(where, options, ['batchSize', 'random', 'batchesPerPool']);
  const { batchSize, random, batchesPerPool = 50 } = options;
  requireCount(where, 'batchSize', batchSize);
  requireCount(where, 'batchesPerPool', batchesPerPool);
  const order = random.shuffle(Int32Array.from(lengths, (_, place) => place));
  const batches: Int32Array[] = [];
  for (let start = 0; start < order.length; start += batchesPerPool * batchSize) {
    const pool = sortedByLength(order.subarray(start, start + batchesPerPool * batchSize), lengths);
    for (let at = 0; at < pool.length; at += batchSize) batches.push(pool.subarray(at, at + batchSize));
  }
  return random.shuffle(batches);
}

function sortedByLength(places: Int32Array, lengths: ArrayLike<number>): Int32Array {
  return places.sort((a, b) => lengths[a] - lengths[b]);
}

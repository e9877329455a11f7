import { BoundedCache } from './bounded-cache.js';

/**
 * Where the steps of a padded batch lie when only the steps that count are kept, one time step after the other and the
 * longest sequences first, so that each step works on the first rows of the batch. Index -1 stands for "nothing there".
 */
export interface Packing {
  /** By step: how many sequences are still running. */
  readonly activeRows: Int32Array;
  /** N: packed rows in all. */
  readonly numRows: number;
  /** By packed row: its place in `[batch * time]`. */
  readonly sourceOf: Int32Array;
  /** By place in `[batch * time]`: its packed row, -1 where masked. */
  readonly packedAt: Int32Array;
  /**
   * By place of the output sequence: the packed row whose output stands there (a masked step repeats the one before).
   */
  readonly outputAt: Int32Array;
  /** By packed row: the place of the output sequence that shows it; undefined where masked steps repeat a row. */
  readonly placeOf: Int32Array | undefined;
  /** By sorted row: its sequence in the batch. */
  readonly order: Int32Array;
  /** By sequence: its sorted row. */
  readonly rankOf: Int32Array;
  /** By sequence: the packed row of its last step, -1 where it has none. */
  readonly lastOf: Int32Array;
  /** By sequence: the row of its final state in a states buffer (`[batch + N]`, initial states first). */
  readonly finalStateOf: Int32Array;
}

export interface PackingOptions {
  /** Reads time backwards. */
  reverse: boolean;
  /** Where outputs stand: at the time they belong to, or in the order they were computed. */
  outputOrder: 'time' | 'computed';
}

/** 8 MiB of packings of batches without a mask, which depend on their shape alone. */
const unmasked = new BoundedCache<Packing>(1 << 21, ({ numRows, order }) => 4 * (numRows + order.length));

/**
 * Works out the packing of a batch; not to be written, since that of an unmasked one is remembered.
 *
 * @param mask `[batch * time]`, 0 where a step does not count; undefined where all do.
 */
export function packSequences(
  batch: number,
  time: number,
  mask: ArrayLike<number> | undefined,
  options: PackingOptions,
): Packing {
  if (mask !== undefined) return makePacking(batch, time, mask, options);
  return unmasked.get(`${batch} ${time} ${options.reverse} ${options.outputOrder}`, () =>
    makePacking(batch, time, undefined, options),
  );
}

function makePacking(
  batch: number,
  time: number,
  mask: ArrayLike<number> | undefined,
  { reverse, outputOrder }: PackingOptions,
): Packing {
  const timeAt = (position: number): number => (reverse ? time - 1 - position : position);
  const counts = (sequence: number, position: number): boolean =>
    mask === undefined || mask[sequence * time + timeAt(position)] !== 0;
  const lengths = new Int32Array(batch).fill(mask === undefined ? time : 0);
  if (mask !== undefined) for (let b = 0; b < batch; b++) for (let p = 0; p < time; p++) if (counts(b, p)) lengths[b]++;
  const order = Int32Array.from({ length: batch }, (_, b) => b);
  if (mask !== undefined) order.sort((a, b) => lengths[b] - lengths[a] || a - b);
  const rankOf = new Int32Array(batch);
  order.forEach((sequence, rank) => (rankOf[sequence] = rank));

  const steps = batch === 0 ? 0 : lengths[order[0]];
  const activeRows = new Int32Array(steps);
  const firstRow = new Int32Array(steps);
  let numRows = 0;
  for (let t = 0, active = batch; t < steps; t++) {
    while (active > 0 && lengths[order[active - 1]] <= t) active--;
    activeRows[t] = active;
    firstRow[t] = numRows;
    numRows += active;
  }

  const sourceOf = new Int32Array(numRows);
  const packedAt = new Int32Array(batch * time).fill(-1);
  const outputAt = new Int32Array(batch * time).fill(-1);
  const lastOf = new Int32Array(batch).fill(-1);
  const finalStateOf = new Int32Array(batch);
  for (let b = 0; b < batch; b++) {
    let step = 0;
    let last = -1;
    for (let p = 0; p < time; p++) {
      const place = b * time + timeAt(p);
      if (counts(b, p)) {
        last = firstRow[step] + rankOf[b];
        sourceOf[last] = place;
        packedAt[place] = last;
        step++;
      }
      outputAt[outputOrder === 'time' ? place : b * time + p] = last;
    }
    lastOf[b] = last;
    finalStateOf[b] = last < 0 ? rankOf[b] : batch + last;
  }
  const placeOf = numRows === batch * time ? inverseOf(outputAt) : undefined;
  return { activeRows, numRows, sourceOf, packedAt, outputAt, placeOf, order, rankOf, lastOf, finalStateOf };
}

function inverseOf(outputAt: Int32Array): Int32Array {
  const inverse = new Int32Array(outputAt.length);
  outputAt.forEach((row, place) => (inverse[row] = place));
  return inverse;
}

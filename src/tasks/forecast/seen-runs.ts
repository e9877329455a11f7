import { isCount, isFiniteNumber, listOf, objectWith, orNull } from '../../data/saved-fields.js';
import { fingerprintOf } from '../fingerprint.js';

/**
 * What tells which rows of a file training has seen, though the file begins, ends or was corrected elsewhere; plain
 * JSON.
 */
export interface SeenRuns {
  /** Milliseconds since 1970 of the last row that was seen; null without times. */
  readonly lastTime: number | null;
  /** Fingerprints of short runs of the target's values, evenly over the rows that were seen. */
  readonly runs: readonly number[];
}

export const isSeenRuns = objectWith<SeenRuns>({ lastTime: orNull(isFiniteNumber), runs: listOf(isCount) });

/** Rows of a run. */
const runLength = 8;
/** Runs that are kept of a series. */
const mostRuns = 32;
/**
 * A file holds what was seen where at least this share of the runs within its reach are in it, all moved by as much.
 */
const leastShare = 0.3;

export function seenRuns(target: Float64Array, lastTime: number | undefined): SeenRuns {
  const places = Math.max(0, target.length - runLength + 1);
  const count = Math.min(mostRuns, places);
  const runs = Array.from({ length: count }, (_, i) => runAt(target, rowOfRun(i, count, target.length)));
  return { lastTime: lastTime ?? null, runs };
}

/**
 * Row of a file at which the rows that were seen end, found by the values alone: beyond its end where it holds none
 * that is new. Undefined where the file does not hold what was seen.
 */
export function endOfSeen({ runs }: SeenRuns, numSeenRows: number, target: Float64Array): number | undefined {
  const rowsOf = new Map<number, number[]>();
  runs.forEach((run, i) => rowsOf.set(run, [...(rowsOf.get(run) ?? []), rowOfRun(i, runs.length, numSeenRows)]));
  const votes = new Map<number, number>();
  const lastPlace = target.length - runLength;
  for (let row = 0; row <= lastPlace; row++) {
    for (const before of rowsOf.get(runAt(target, row)) ?? [])
      votes.set(row - before, (votes.get(row - before) ?? 0) + 1);
  }
  let [best, most] = [NaN, 0];
  for (const [offset, count] of votes) {
    // Where a pattern repeats, several fit: the one that moves least is meant.
    if (count > most || (count === most && Math.abs(offset) < Math.abs(best))) [best, most] = [offset, count];
  }
  const isWithin = (row: number): boolean => row >= 0 && row <= lastPlace;
  const numWithin = runs.filter((_, i) => isWithin(rowOfRun(i, runs.length, numSeenRows) + best)).length;
  return most > 0 && most >= leastShare * numWithin && numSeenRows + best > 0 ? numSeenRows + best : undefined;
}

function rowOfRun(index: number, count: number, numRows: number): number {
  return count === 1 ? 0 : Math.floor((index * (numRows - runLength)) / (count - 1));
}

function runAt(target: Float64Array, row: number): number {
  return fingerprintOf(target.subarray(row, row + runLength));
}

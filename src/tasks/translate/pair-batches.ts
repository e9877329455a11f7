import { bucketsByLength } from '../../data/length-buckets.js';
import type { Random } from '../../random.js';
import type { DatasetBatch } from '../../training/dataset.js';
import { specialIds } from './sentence-codec.js';

/** A pair as ids, without special ones. */
export interface EncodedPair {
  readonly source: Int32Array;
  readonly target: Int32Array;
}

/** Ids, `[rows, time]`. */
export type PaddedIds = ReturnType<typeof paddedIds>;

/** Pairs side by side: what is read of both sides, and what is to be said. */
export interface PairBatch extends DatasetBatch {
  readonly x: { readonly source: PaddedIds; readonly target: PaddedIds };
  readonly y: PaddedIds;
}

/** How much is computed at once. */
export interface PairLimits {
  readonly batchSize: number;
  /** Most tokens of a batch on its longer side, padding included. */
  readonly batchTokens: number;
}

/** Steps of a pair: what its longer side takes, with the id that ends it. */
function stepsOf({ source, target }: EncodedPair): number {
  return Math.max(source.length, target.length) + 1;
}

/** Steps of all pairs. */
export function numTokensOf(pairs: readonly EncodedPair[]): number {
  return pairs.reduce((sum, pair) => sum + stepsOf(pair), 0);
}

/** Batches of pairs of like length, the shortest first. */
export function* batchesInOrder(pairs: readonly EncodedPair[], limits: PairLimits): Generator<PairBatch> {
  for (const places of placesOf(pairs, limits)) yield batchOf(Array.from(places, (place) => pairs[place]));
}

/** The batches of an epoch: pairs of like length in a new order each time. */
export function* epochBatches(pairs: readonly EncodedPair[], limits: PairLimits, random: Random): Generator<PairBatch> {
  const order = random.shuffle(Int32Array.from(pairs, (_, place) => place));
  const mixed = Array.from(order, (place) => pairs[place]);
  for (const places of random.shuffle(placesOf(mixed, limits)))
    yield batchOf(Array.from(places, (place) => mixed[place]));
}

/** How many batches an epoch has: lengths alone decide. */
export function numBatchesOf(pairs: readonly EncodedPair[], limits: PairLimits): number {
  return placesOf(pairs, limits).length;
}

function placesOf(pairs: readonly EncodedPair[], { batchSize, batchTokens }: PairLimits): Int32Array[] {
  return bucketsByLength(pairs.map(stepsOf), { batchSize, mostSteps: batchTokens });
}

/** Sources with an end, targets with a beginning as what is read and with an end as what is to be said. */
function batchOf(pairs: readonly EncodedPair[]): PairBatch {
  const { begin, end } = specialIds;
  return {
    x: {
      source: paddedIds(pairs.map(({ source }) => [...source, end])),
      target: paddedIds(pairs.map(({ target }) => [begin, ...target])),
    },
    y: paddedIds(pairs.map(({ target }) => [...target, end])),
  };
}

/** Rows side by side, `[rows, longest]`, padded at the end. */
export function paddedIds(rows: readonly ArrayLike<number>[]): { data: Int32Array; shape: [number, number] } {
  const time = rows.reduce((most, { length }) => Math.max(most, length), 1);
  const data = new Int32Array(rows.length * time);
  rows.forEach((row, r) => void data.set(row, r * time));
  return { data, shape: [rows.length, time] };
}

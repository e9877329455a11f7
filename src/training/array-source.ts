import { Random } from '../random.js';
import type { Batch, BatchIterator, BatchSource } from './batch.js';
import type { HostArray, TypedNumbers } from './host-data.js';
import { gatherRows, sliceRows } from './rows.js';

export interface ArraySourceOptions {
  batchSize: number;
  /** Whether each epoch has an order of its own. */
  shuffle: boolean;
}

/** Batches of rows of arrays in memory; the last one holds what is left. */
export class ArraySource implements BatchSource {
  readonly numBatches: number;
  readonly numRows: number;

  readonly #all: Batch;
  readonly #options: ArraySourceOptions;

  constructor(all: Batch, options: ArraySourceOptions) {
    this.#all = all;
    this.#options = options;
    this.numRows = all.numRows;
    this.numBatches = Math.ceil(all.numRows / options.batchSize);
  }

  open(_epoch: number, seed: number, skip: number): BatchIterator {
    const all = this.#all;
    const { numRows } = this;
    const { batchSize, shuffle } = this.#options;
    const order = shuffle
      ? new Random(seed, 'shuffle').shuffle(Int32Array.from({ length: numRows }, (_, row) => row))
      : undefined;
    const staging = new Map<HostArray, TypedNumbers>();
    let start = skip * batchSize;
    return {
      next: () => {
        if (start >= numRows) return undefined;
        const from = start;
        const end = Math.min(numRows, from + batchSize);
        start = end;
        const rows = (array: HostArray): HostArray => {
          if (order === undefined) return sliceRows(array, from, end);
          const gathered = gatherRows(array, order, from, end, staging.get(array));
          if (!staging.has(array)) staging.set(array, gathered.data);
          return gathered;
        };
        return batchOf(all, rows, end - from);
      },
      close: () => undefined,
    };
  }
}

/** Rows `start` to before `end` of a batch. */
export function sliceBatch(batch: Batch, start: number, end: number): Batch {
  return batchOf(batch, (array) => sliceRows(array, start, end), end - start);
}

function batchOf(batch: Batch, rows: (array: HostArray) => HostArray, numRows: number): Batch {
  return {
    inputs: batch.inputs.map(rows),
    targets: batch.targets.map(rows),
    sampleWeights: batch.sampleWeights.map((weights) => weights && rows(weights)),
    numRows,
  };
}

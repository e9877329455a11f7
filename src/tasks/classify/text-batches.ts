import { padSequences } from '../../data/pad-sequences.js';
import type { Random } from '../../random.js';
import type { DatasetBatch } from '../../training/dataset.js';
import { type TextSide, unknownId } from './token-encoder.js';

/**
 * Batches that are sorted by length together: enough for little padding, few enough that an epoch stays in random
 * order.
 */
const batchesPerPool = 50;

export interface TextBatchesOptions {
  readonly numClasses: number;
  readonly batchSize: number;
  readonly padding: TextSide;
  /** How much a text counts, by class. */
  readonly classWeights: Float32Array | undefined;
}

/** Rows of token ids with their classes, batch by batch, each as long as its longest row. */
export class TextBatches {
  readonly length: number;

  readonly #rows: readonly Int32Array[];
  readonly #classes: Int32Array;
  readonly #options: TextBatchesOptions;

  constructor(rows: readonly Int32Array[], classes: Int32Array, options: TextBatchesOptions) {
    this.#rows = rows;
    this.#classes = classes;
    this.#options = options;
    this.length = Math.ceil(rows.length / options.batchSize);
  }

  /**
   * All rows in a new order: texts of similar length together, the batches shuffled.
   *
   * @param tokenDropout share of the tokens that become the unknown token.
   */
  *shuffled(random: Random, tokenDropout: number): Generator<DatasetBatch> {
    const rows = this.#rows;
    const { batchSize } = this.#options;
    const order = random.shuffle(Int32Array.from(rows, (_, i) => i));
    const batches: Int32Array[] = [];
    for (let start = 0; start < order.length; start += batchesPerPool * batchSize) {
      const pool = order
        .slice(start, start + batchesPerPool * batchSize)
        .sort((a, b) => rows[a].length - rows[b].length);
      for (let at = 0; at < pool.length; at += batchSize) batches.push(pool.subarray(at, at + batchSize));
    }
    for (const batch of random.shuffle(batches))
      yield this.#batch(batch, (row) =>
        tokenDropout === 0 ? row : row.map((id) => (random.uniform() < tokenDropout ? unknownId : id)),
      );
  }

  /** All rows, the shortest first. */
  *byLength(batchSize = this.#options.batchSize): Generator<DatasetBatch> {
    const rows = this.#rows;
    const order = Int32Array.from(rows, (_, i) => i).sort((a, b) => rows[a].length - rows[b].length);
    for (let at = 0; at < order.length; at += batchSize)
      yield this.#batch(order.subarray(at, at + batchSize), (row) => row);
  }

  #batch(order: Int32Array, change: (row: Int32Array) => Int32Array): DatasetBatch {
    const { numClasses, padding, classWeights } = this.#options;
    const targets = new Float32Array(order.length * numClasses);
    order.forEach((row, i) => (targets[i * numClasses + this.#classes[row]] = 1));
    return {
      x: padSequences(
        Array.from(order, (row) => change(this.#rows[row])),
        { padding },
      ),
      y: { data: targets, shape: [order.length, numClasses] },
      sampleWeight: classWeights && Float32Array.from(order, (row) => classWeights[this.#classes[row]]),
    };
  }
}

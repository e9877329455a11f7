import { bucketsByLength, shuffledBuckets } from '../../data/length-buckets.js';
import { padSequences } from '../../data/pad-sequences.js';
import type { Random } from '../../random.js';
import type { DatasetBatch } from '../../training/dataset.js';
import type { TextSide } from './token-encoder.js';

export interface TextBatchesOptions {
  readonly numClasses: number;
  readonly batchSize: number;
  readonly padding: TextSide;
  /** Takes the place of tokens that are dropped. */
  readonly unknownId: number;
  /** How much a text counts, by class. */
  readonly classWeights: Float32Array | undefined;
}

/** Rows of token ids with their classes, batch by batch, each as long as its longest row. */
export class TextBatches {
  readonly length: number;

  readonly #rows: readonly Int32Array[];
  readonly #lengths: Int32Array;
  readonly #classes: Int32Array;
  readonly #options: TextBatchesOptions;

  constructor(rows: readonly Int32Array[], classes: Int32Array, options: TextBatchesOptions) {
    this.#rows = rows;
    this.#lengths = Int32Array.from(rows, ({ length }) => length);
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
    const { batchSize, unknownId } = this.#options;
    for (const batch of shuffledBuckets(this.#lengths, { batchSize, random }))
      yield this.#batch(batch, (row) =>
        tokenDropout === 0 ? row : row.map((id) => (random.uniform() < tokenDropout ? unknownId : id)),
      );
  }

  /** All rows, the shortest first. */
  *byLength(): Generator<DatasetBatch> {
    const { batchSize } = this.#options;
    for (const batch of bucketsByLength(this.#lengths, { batchSize })) yield this.#batch(batch, (row) => row);
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

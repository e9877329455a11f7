import { RondoError } from '../errors.js';
import type { Batch, BatchIterator, BatchSource } from './batch.js';

/** The batches of a source, epoch after epoch. */
export class EndlessBatches {
  #epoch = 0;
  #iterator: BatchIterator | undefined;
  #waiting: Batch | undefined;

  readonly #source: BatchSource;
  readonly #seed: number;
  readonly #where: string;

  /** @param seed decides the order of the epochs. */
  constructor(source: BatchSource, seed: number, where: string) {
    this.#source = source;
    this.#seed = seed;
    this.#where = where;
  }

  /** Reads the first batch, which makes the weights of a model that has none. */
  async open(): Promise<void> {
    this.#iterator = this.#source.open(0, this.#seed, 0);
    this.#waiting = await this.#iterator.next();
  }

  /** Valid until the next call. @throws DATA_FORMAT where an epoch has no batches; as the source for bad data */
  async next(): Promise<Batch> {
    let batch = this.#waiting ?? (await this.#iterator?.next());
    this.#waiting = undefined;
    if (batch !== undefined) return batch;
    await this.close();
    this.#epoch++;
    this.#iterator = this.#source.open(this.#epoch, (this.#seed + this.#epoch) >>> 0, 0);
    batch = await this.#iterator.next();
    if (batch !== undefined) return batch;
    throw new RondoError('DATA_FORMAT', {
      where: this.#where,
      what: `the dataset has no batches in epoch ${this.#epoch}.`,
      expected: 'at least one batch in every epoch',
      fix: 'give data; a generator object can be run through only once, a function makes a new one for each epoch.',
    });
  }

  async close(): Promise<void> {
    await this.#iterator?.close();
    this.#iterator = undefined;
  }
}

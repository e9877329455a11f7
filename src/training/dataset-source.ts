import { describeValue, RondoError } from '../errors.js';
import { Random } from '../random.js';
import type { Batch, BatchIterator, BatchReader, BatchSource } from './batch.js';
import type { Dataset, DatasetBatch } from './dataset.js';

/** The batches of a dataset, read and checked one by one. */
export class DatasetSource implements BatchSource {
  readonly numBatches: number | undefined;
  readonly numRows = undefined;

  readonly #dataset: Dataset;
  readonly #reader: BatchReader;

  constructor(dataset: Dataset, reader: BatchReader) {
    this.#dataset = dataset;
    this.#reader = reader;
    this.numBatches = Array.isArray(dataset) ? dataset.length : undefined;
  }

  open(epoch: number, seed: number, skip: number): BatchIterator {
    const dataset = this.#dataset;
    const reader = this.#reader;
    const batches = typeof dataset === 'function' ? dataset(epoch, new Random(seed, 'dataset')) : dataset;
    if (
      batches === null ||
      typeof batches !== 'object' ||
      !(Symbol.iterator in batches || Symbol.asyncIterator in batches)
    )
      throw noBatches(batches);
    const iterator = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
    let number = skip;
    let numToSkip = skip;
    const read = ({ done, value }: IteratorResult<DatasetBatch>): Batch | undefined =>
      done === true ? undefined : reader.read(value, `, batch ${number++} of the dataset`);
    const skipped = async (): Promise<Batch | undefined> => {
      for (; numToSkip > 0; numToSkip--) await iterator.next();
      return read(await iterator.next());
    };
    return {
      next: () => {
        if (numToSkip > 0) return skipped();
        const result = iterator.next();
        return result instanceof Promise ? result.then(read) : read(result as IteratorResult<DatasetBatch>);
      },
      close: async () => {
        await iterator.return?.();
      },
    };
  }
}

export function noBatches(received: unknown): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: 'fit',
    what: 'what the dataset gives is no list of batches.',
    expected: 'a list, or a generator, of { x, y }',
    received: describeValue(received),
    fix: 'write the dataset as function* (epoch) { yield { x, y }; }.',
  });
}

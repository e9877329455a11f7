import { describeValue, RondoError } from '../errors.js';
import { Random } from '../random.js';
import { Tensor } from '../tensor/tensor.js';
import type { Batch, BatchIterator, BatchReader, BatchSource } from './batch.js';
import type { ModelData, OneArray } from './host-data.js';

/** One batch of a dataset. */
export interface DatasetBatch {
  readonly x: ModelData;
  readonly y: ModelData;
  /** One weight per row, or per row and step; by output where there are several. */
  readonly sampleWeight?: OneArray | readonly OneArray[] | Readonly<Record<string, OneArray>> | undefined;
}

type Batches = Iterable<DatasetBatch> | AsyncIterable<DatasetBatch>;

/**
 * Batches that need not fit into memory together. A list or other iterable is run through once an epoch, so a generator
 * object lasts for one epoch only; a function makes the batches of an epoch. For an exact resume it must make the same
 * batches for the same epoch: draw from the generator it is given, which is seeded for the epoch.
 */
export type Dataset = Batches | ((epoch: number, random: Random) => Batches);

export function isDataset(data: unknown): data is Dataset {
  if (typeof data === 'function') return true;
  if (data === null || typeof data !== 'object' || data instanceof Tensor || ArrayBuffer.isView(data)) return false;
  if (Array.isArray(data))
    return data.length > 0 && data[0] !== null && typeof data[0] === 'object' && 'x' in data[0] && 'y' in data[0];
  return Symbol.iterator in data || Symbol.asyncIterator in data;
}

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

function noBatches(received: unknown): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: 'fit',
    what: 'what the dataset gives is no list of batches.',
    expected: 'a list, or a generator, of { x, y }',
    received: describeValue(received),
    fix: 'write the dataset as function* (epoch) { yield { x, y }; }.',
  });
}

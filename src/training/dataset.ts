import type { Random } from '../random.js';
import { Tensor } from '../tensor/tensor.js';
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

import { RondoError, refuseUnknownOptions, requireCount } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, sameShape } from '../shape.js';
import { type FlatArray, scope, type Tensor, tensor } from '../tensor/tensor.js';
import { BatchReader } from './batch.js';
import { requireNotAborted } from './evaluation.js';
import type { ModelData } from './host-data.js';
import { arranged, type ModelOutput } from './model-outputs.js';
import { hostTensor, sliceRows } from './rows.js';
import type { Trainable } from './trainable.js';
import { hostIsWaiting, yieldToHost } from './yield-to-host.js';

export interface PredictOptions {
  /** Rows computed at once. Default 32. */
  batchSize?: number | undefined;
  /** Ends the prediction with the error ABORTED. */
  signal?: AbortSignal | undefined;
}

/** The outputs for every row. */
export async function predictModel(model: Trainable, x: ModelData, options: PredictOptions): Promise<ModelOutput> {
  const where = `${model.className}.predict`;
  refuseUnknownOptions(where, options, ['batchSize', 'signal']);
  const { batchSize = 32, signal } = options;
  requireCount(where, 'batchSize', batchSize);
  const { arrays, numRows } = new BatchReader(model, where).readInputs(x);
  const collected: Collected[] = [];
  for (let start = 0; start < numRows; start += batchSize) {
    requireNotAborted(signal, where);
    const end = Math.min(numRows, start + batchSize);
    const rows = arrays.map((array) => sliceRows(array, start, end));
    const batch: Rows = { model, start, numRows, collected };
    const unread = scope(() => {
      const outputs = model.runBatch(rows.map(hostTensor), { training: false }).heads.map((head) => head.values());
      // What leaves a scope is copied once more.
      if (currentBackend().readNow === undefined) return outputs;
      outputs.forEach((output, i) => collectRows(batch, i, output));
      return [];
    });
    for (const [i, output] of unread.entries()) collectRows(batch, i, output, await output.data());
    if (hostIsWaiting()) await yieldToHost();
  }
  return arranged(
    collected.map(({ data, shape }) => tensor(data, shape)),
    model.outputArrangement!,
  );
}

/** The outputs of each batch. */
export async function* predictStream(
  model: Trainable,
  batches: AsyncIterable<ModelData>,
  options: PredictOptions,
): AsyncGenerator<ModelOutput> {
  for await (const x of batches) yield await predictModel(model, x, options);
}

/** One output of all rows. */
interface Collected {
  readonly data: FlatArray;
  readonly shape: readonly number[];
}

/** The rows of a batch, of `numRows` in all, and where their outputs are collected. */
interface Rows {
  readonly model: Trainable;
  readonly start: number;
  readonly numRows: number;
  readonly collected: Collected[];
}

/** Puts output i of a batch in its place: `numbers`, where they were read before. */
function collectRows({ model, start, numRows, collected }: Rows, i: number, output: Tensor, numbers?: FlatArray): void {
  const numRowsHere = output.shape[0];
  const known = collected[i];
  if (known === undefined) {
    const data = numbers ?? output.dataSync();
    const shape = [numRows, ...output.shape.slice(1)];
    collected[i] = { data: numRowsHere === numRows ? data : inLarger(data, sizeOfAll(output, numRows)), shape };
    return;
  }
  requireSameRows(model, known.shape, output);
  const first = (start * output.size) / numRowsHere;
  if (numbers !== undefined) known.data.set(numbers, first);
  else output.readInto(known.data.subarray(first, first + output.size));
}

function inLarger(first: FlatArray, size: number): FlatArray {
  const data = first instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  data.set(first);
  return data;
}

function sizeOfAll(output: Tensor, numRows: number): number {
  return (output.size / output.shape[0]) * numRows;
}

function requireSameRows(model: Trainable, expected: readonly number[], output: Tensor): void {
  if (sameShape(expected.slice(1), output.shape.slice(1))) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where: `${model.className}.predict`,
    what: 'the batches have outputs of different shapes.',
    expected: describeShape(expected),
    received: describeShape(output.shape),
    fix: 'predict batch by batch: give an async iterable.',
  });
}

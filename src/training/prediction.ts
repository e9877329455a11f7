import { RondoError, refuseUnknownOptions, requireCount } from '../errors.js';
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
    const outputs = scope(() =>
      model.runBatch(rows.map(hostTensor), { training: false }).heads.map((head) => head.values()),
    );
    await collectRows(model, outputs, { start, numRows, collected });
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

/** Reads the outputs of the rows from `start` on into their places. */
async function collectRows(
  model: Trainable,
  outputs: readonly Tensor[],
  { start, numRows, collected }: { start: number; numRows: number; collected: Collected[] },
): Promise<void> {
  for (const [i, output] of outputs.entries()) {
    if (start === 0 && output.shape[0] === numRows) {
      collected.push({ data: await output.data(), shape: output.shape });
      continue;
    }
    const rows = await output.readNumbers();
    collected[i] ??= {
      data: new (rows instanceof Float64Array ? Float64Array : Float32Array)(sizeOfAll(output, numRows)),
      shape: [numRows, ...output.shape.slice(1)],
    };
    requireSameRows(model, collected[i].shape, output);
    collected[i].data.set(rows, (start * rows.length) / output.shape[0]);
  }
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

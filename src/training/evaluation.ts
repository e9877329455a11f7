import { RondoError, refuseUnknownOptions, requireCount } from '../errors.js';
import { scope } from '../tensor/tensor.js';
import { ArraySource } from './array-source.js';
import { BatchReader, type BatchSource } from './batch.js';
import { BatchLossFunction } from './batch-loss.js';
import type { OutputTraining } from './compiled.js';
import type { Dataset, DatasetBatch } from './dataset.js';
import { DatasetSource } from './dataset-source.js';
import { EpochLogs } from './epoch-logs.js';
import { LateReads } from './late-reads.js';
import { requireSignal } from './require-signal.js';
import type { Trainable } from './trainable.js';
import { hostIsWaiting, yieldToHost } from './yield-to-host.js';

export interface EvaluateOptions {
  /** Rows a batch, for arrays. Default 32. */
  batchSize?: number | undefined;
  sampleWeight?: DatasetBatch['sampleWeight'] | undefined;
  /** Ends the evaluation with the error ABORTED. */
  signal?: AbortSignal | undefined;
}

/** Arrays or a dataset, as `fit` and `evaluate` take them. */
export type GivenData = DatasetBatch | { readonly dataset: Dataset };

/** Loss and metrics on data. */
export async function evaluateModel(
  model: Trainable,
  data: GivenData,
  options: EvaluateOptions,
): Promise<Record<string, number>> {
  const where = `${model.className}.evaluate`;
  refuseUnknownOptions(where, options, 'dataset' in data ? ['signal'] : ['batchSize', 'sampleWeight', 'signal']);
  const { batchSize = 32, sampleWeight, signal } = options;
  requireCount(where, 'batchSize', batchSize);
  const compiled = model.requireCompiled('evaluate');
  const source = sourceOf(model, 'dataset' in data ? data : { ...data, sampleWeight }, where, batchSize);
  // Training that is under way in the same process keeps its sums in the same metrics.
  const metrics = compiled.metricsInUse.map((metric) => [metric, metric.getState()] as const);
  try {
    return await evaluateSource(model, source, { signal, where });
  } finally {
    for (const [metric, state] of metrics) metric.setState(state);
  }
}

/** Batches of data in the order they have. */
export function sourceOf(
  model: Trainable,
  data: GivenData,
  where: string,
  batchSize: number,
  shuffle = false,
): BatchSource {
  const reader = new BatchReader(model, where);
  return 'dataset' in data
    ? new DatasetSource(data.dataset, reader)
    : new ArraySource(reader.read(data), { batchSize, shuffle });
}

/** @throws ABORTED; DATA_FORMAT where there are no batches */
export async function evaluateSource(
  model: Trainable,
  source: BatchSource,
  { signal, where }: { signal?: AbortSignal | undefined; where: string },
): Promise<Record<string, number>> {
  let outputs: readonly OutputTraining[] | undefined;
  let logs: EpochLogs | undefined;
  let lossFunction: BatchLossFunction | undefined;
  const reads = new LateReads();
  const iterator = source.open(0, 0, 0);
  try {
    for (;;) {
      requireNotAborted(signal, where);
      const next = iterator.next();
      const batch = next instanceof Promise ? await next : next;
      if (batch === undefined) break;
      outputs ??= outputsFor(model);
      logs ??= new EpochLogs(outputs);
      lossFunction ??= new BatchLossFunction(model, outputs);
      const compute = lossFunction;
      const sums = logs;
      scope(() => sums.add(compute.compute(batch, false, reads), batch.numRows, reads));
      if (reads.isBehind) await reads.catchUp();
      if (hostIsWaiting()) await yieldToHost();
    }
  } finally {
    await iterator.close();
  }
  if (logs === undefined)
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'the dataset has no batches.',
      expected: 'at least one batch',
      fix: 'give data; a generator object can be run through only once.',
    });
  if (reads.isWaiting) await reads.settle();
  return logs.values();
}

/** How the outputs of a model that was built are judged. */
export function outputsFor(model: Trainable): readonly OutputTraining[] {
  return model.requireCompiled('fit').outputs(model.outputArrangement!, model.numOutputs);
}

/** @throws ABORTED */
export function requireNotAborted(signal: AbortSignal | undefined, where: string): void {
  requireSignal(where, signal);
  if (signal?.aborted !== true) return;
  throw new RondoError('ABORTED', {
    where,
    what: 'it was stopped before it was done.',
    received: String(signal.reason),
    fix: 'start it again for a result.',
  });
}

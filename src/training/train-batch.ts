import { refuseUnknownOptions } from '../errors.js';
import { withRandom } from '../random.js';
import { BatchReader } from './batch.js';
import type { DatasetBatch } from './dataset.js';
import { EpochLogs } from './epoch-logs.js';
import { outputsFor } from './evaluation.js';
import type { ModelData } from './host-data.js';
import { readsLate } from './late-reads.js';
import type { GivenClassWeight } from './sample-weights.js';
import { TrainStep } from './train-step.js';
import type { Trainable } from './trainable.js';

export interface TrainBatchOptions {
  sampleWeight?: DatasetBatch['sampleWeight'] | undefined;
  classWeight?: GivenClassWeight | undefined;
}

/** The last batch of a model, whose numbers are being read. */
const underWay = new WeakMap<Trainable, Promise<unknown>>();

/**
 * One step on one batch. Where numbers are read late it waits for the one before, since whether that was taken decides
 * from what this one starts.
 */
export function trainBatch(
  model: Trainable,
  x: ModelData,
  y: ModelData,
  options: TrainBatchOptions,
): Promise<Record<string, number>> {
  if (!readsLate()) return stepOnBatch(model, x, y, options);
  const before = underWay.get(model) ?? Promise.resolve();
  const step = (): Promise<Record<string, number>> => stepOnBatch(model, x, y, options);
  const mine = before.then(step, step);
  underWay.set(model, mine);
  return mine;
}

async function stepOnBatch(
  model: Trainable,
  x: ModelData,
  y: ModelData,
  options: TrainBatchOptions,
): Promise<Record<string, number>> {
  const where = `${model.className}.trainOnBatch`;
  refuseUnknownOptions(where, options, ['sampleWeight', 'classWeight']);
  const { sampleWeight, classWeight } = options;
  const compiled = model.requireCompiled('trainOnBatch');
  const batch = new BatchReader(model, where).read({ x, y, sampleWeight });
  const outputs = outputsFor(model);
  const logs = new EpochLogs(outputs);
  const step = new TrainStep(model, { compiled, outputs, classWeight, where });
  withRandom(model.random, () => step.run(batch, logs, model.optimizer.batches + 1));
  await step.reads.settle();
  return logs.values();
}

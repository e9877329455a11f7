import type { Callback, StopReason } from '../training/callbacks/callback.js';
import { EarlyStopping } from '../training/callbacks/early-stopping.js';
import type { Dataset } from '../training/dataset.js';
import type { FindLearningRateOptions } from '../training/find-learning-rate.js';
import type { History } from '../training/history.js';
import { adam } from '../training/optimizers/index.js';
import type { Optimizer } from '../training/optimizers/index.js';
import { cosineDecay } from '../training/schedules.js';
import type { Sequential } from '../training/sequential.js';
import type { TrainingSnapshot } from '../training/snapshot.js';

/** What steers a training run from outside. */
export interface TrainingControls {
  /** Stops after the current step; the run can be resumed from its last checkpoint. */
  signal?: AbortSignal;
  /** Watch the run; see {@link Callback}. */
  callbacks?: readonly Callback[];
  /** Is given what {@link TrainingControls.resumeFrom} needs: after every epoch, every `everySteps` steps, and when stopped. */
  checkpoint?: { save(snapshot: TrainingSnapshot): void | Promise<void>; everySteps?: number };
  /** What `checkpoint` saved, together with the model saved at the same time. */
  resumeFrom?: TrainingSnapshot;
}

/** Options of a task's search for a learning rate: those of {@link findLearningRate} that its data leave open. */
export type TaskLearningRateOptions = Omit<FindLearningRateOptions, 'batchSize' | 'classWeight'>;

/** How a run ended; plain JSON, kept in model files. */
export interface TrainingOutcome {
  readonly stopReason: StopReason;
  /** By epoch. */
  readonly loss: readonly number[];
  /** By epoch. */
  readonly valLoss: readonly number[];
  /** The epoch whose weights the model has, from 0: the best by `valLoss` or `valScore`, or the last where the run was stopped. */
  readonly bestEpoch: number;
  /** By epoch: what chose the best epoch where that is a score and not the loss; more is better. */
  readonly valScore?: readonly number[];
}

/** Adam with a linear warm-up, a cosine to 0 and clipping of the global gradient norm, by default at 1. */
export function cosineAdam({ learningRate, numSteps, weightDecay, globalClipNorm = 1 }: { learningRate: number; numSteps: number; weightDecay?: number; globalClipNorm?: number }): Optimizer {
  const warmupSteps = Math.max(1, Math.min(200, Math.floor(numSteps / 10)));
  const schedule = cosineDecay({ initialLearningRate: learningRate / 100, warmupTarget: learningRate, warmupSteps, decaySteps: Math.max(1, numSteps - warmupSteps) });
  return adam({ learningRate: schedule, globalClipNorm, weightDecay });
}

/**
 * Trains a compiled model and ends with the weights of its best epoch: that of the lowest `valLoss`, or of the highest
 * `monitor` where that is given.
 */
export async function runTraining(
  model: Sequential,
  data: { readonly train: Dataset; readonly validation: Dataset; readonly epochs: number; readonly patience: number; readonly monitor?: string },
  controls: TrainingControls,
  own: readonly Callback[] = [],
): Promise<TrainingOutcome> {
  const keepBest = new EarlyStopping({ monitor: data.monitor ?? 'valLoss', patience: data.patience, restoreBestWeights: true });
  const { checkpoint, signal, resumeFrom } = controls;
  const history = await model.fit(data.train, {
    epochs: data.epochs,
    validationData: data.validation,
    // The task's own come after the one that keeps the best weights: they may exchange weights for a validation, and back.
    callbacks: [keepBest, ...own, ...(controls.callbacks ?? [])],
    signal,
    resumeFrom,
    checkpoint: checkpoint && { everyEpochs: 1, everySteps: checkpoint.everySteps, save: (_, snapshot) => checkpoint.save(snapshot) },
  });
  return outcomeOf(history, data.monitor);
}

function outcomeOf({ metrics, stopReason }: History, monitor: string | undefined): TrainingOutcome {
  const { loss = [], valLoss = [] } = metrics;
  const valScore = monitor === undefined ? undefined : (metrics[monitor] ?? []);
  const best = (valScore ?? valLoss.map((value) => -value)).reduce((highest, value, epoch, values) => (value > values[highest] ? epoch : highest), 0);
  return { stopReason, loss, valLoss, bestEpoch: stopReason === 'aborted' ? loss.length - 1 : best, ...(valScore && { valScore }) };
}

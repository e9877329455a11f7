import { QuantizationAware } from '../compression/quantization-aware.js';
import type { RoundedFormat } from '../compression/rounding-programs.js';
import { refuseUnknownOptions } from '../errors.js';
import type { Callback, StopReason } from '../training/callbacks/callback.js';
import { EarlyStopping } from '../training/callbacks/early-stopping.js';
import type { Dataset } from '../training/dataset.js';
import { distill } from '../training/distillation/distill.js';
import type { FindLearningRateOptions } from '../training/find-learning-rate.js';
import type { DatasetFitOptions } from '../training/fit-options.js';
import type { History } from '../training/history.js';
import type { Model } from '../training/model.js';
import type { Optimizer } from '../training/optimizers/index.js';
import { adam } from '../training/optimizers/index.js';
import { requireSignal } from '../training/require-signal.js';
import { cosineDecay, cosineDecayRestarts } from '../training/schedules.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import { type PrunedTrainingOptions, prunedTraining } from './pruned-training.js';
import { type TaskTeacher, teachingOf } from './task-teacher.js';
import { RoundStop, roundGrowth } from './training-rounds.js';

/** What steers a training run from outside. */
export interface TrainingControls {
  /** Stops after the current step or batch of a validation; the run can be resumed from its last checkpoint. */
  signal?: AbortSignal | undefined;
  /** Watch the run; see {@link Callback}. */
  callbacks?: readonly Callback[] | undefined;
  /**
   * Is given what {@link TrainingControls.resumeFrom} needs: after every epoch, every `everySteps` steps, and when
   * stopped.
   */
  checkpoint?: { save(snapshot: TrainingSnapshot): void | Promise<void>; everySteps?: number | undefined } | undefined;
  /** What `checkpoint` saved, together with the model saved at the same time. */
  resumeFrom?: TrainingSnapshot | undefined;
}

/** Before anything is computed: a name that nobody reads, or what is no signal. @throws UNKNOWN_NAME, USAGE */
export function requireControls(where: string, controls: TrainingControls): void {
  refuseUnknownOptions(where, controls, ['signal', 'callbacks', 'checkpoint', 'resumeFrom']);
  refuseUnknownOptions(`${where}.checkpoint`, controls.checkpoint ?? {}, ['save', 'everySteps']);
  requireSignal(where, controls.signal);
}

/** Options of a task's search for a learning rate: those of {@link findLearningRate} that its data leave open. */
export type TaskLearningRateOptions = Omit<FindLearningRateOptions, 'batchSize' | 'classWeight'>;

/** How a run ended; plain JSON, kept in model files. */
export interface TrainingOutcome {
  readonly stopReason: StopReason;
  /** By epoch. */
  readonly loss: readonly number[];
  /** By epoch; empty without validation data. */
  readonly valLoss: readonly number[];
  /**
   * The epoch whose weights the model has, from 0: the best by `valLoss` or `valScore`, or the last where the run was
   * stopped.
   */
  readonly bestEpoch: number;
  /** By epoch: what chose the best epoch where that is a score and not the loss; more is better. */
  readonly valScore?: readonly number[] | undefined;
}

/** How {@link cosineAdam} trains. */
export interface CosineAdamOptions {
  readonly learningRate: number;
  /** Steps until the rate has fallen to 0. */
  readonly numSteps: number;
  readonly weightDecay?: number | undefined;
  /** Default 1. */
  readonly globalClipNorm?: number | undefined;
  /** Whether the rate then starts again, for the longer round that follows; else it stays at 0. Default false. */
  readonly startsAgain?: boolean | undefined;
}

/** Adam with a linear warm-up, a cosine to 0 and clipping of the global gradient norm. */
export function cosineAdam({
  learningRate,
  numSteps,
  weightDecay,
  globalClipNorm = 1,
  startsAgain = false,
}: CosineAdamOptions): Optimizer {
  const warmupSteps = Math.max(1, Math.min(200, Math.floor(numSteps / 10)));
  const schedule =
    startsAgain && warmupSteps < numSteps
      ? cosineDecayRestarts({
          initialLearningRate: learningRate,
          firstDecaySteps: numSteps,
          tMul: roundGrowth,
          warmupSteps,
        })
      : cosineDecay({
          initialLearningRate: learningRate / 100,
          warmupTarget: learningRate,
          warmupSteps,
          decaySteps: Math.max(1, numSteps - warmupSteps),
        });
  return adam({ learningRate: schedule, globalClipNorm, weightDecay });
}

/** What a run trains on, and for how long. */
export interface TrainingData {
  readonly train: Dataset;
  /** Without it training ends with the weights of its last epoch. */
  readonly validation: Dataset | undefined;
  readonly epochs: number;
  /** Where it is above `epochs`, training goes on in rounds while the best epoch is the last; see {@link RoundStop}. */
  readonly maxEpochs?: number | undefined;
  readonly patience: number;
  readonly monitor?: string | undefined;
  /** Steps of an epoch. */
  readonly numBatches: number;
  /** Options of the task that say what is to become of its weights; files of earlier versions may lack some. */
  readonly compression: PrunedTrainingOptions & {
    readonly quantizationAware?: boolean | undefined;
    readonly quantizationFormat?: RoundedFormat | undefined;
  };
  /** What the model learns from besides; see `distill`. */
  readonly teacher?: TaskTeacher<{ readonly model: Model }> | undefined;
}

/**
 * Trains a compiled model and ends with the weights of its best epoch: that of the lowest `valLoss`, or of the highest
 * `monitor` where that is given.
 */
export async function runTraining(
  model: Model,
  data: TrainingData,
  controls: TrainingControls,
  own: readonly Callback[] = [],
): Promise<TrainingOutcome> {
  const { monitor = 'valLoss', epochs, maxEpochs = epochs, patience } = data;
  const pruned = prunedTraining(data.compression, data);
  // In the second half of the planned epochs.
  const from = Math.floor((epochs * data.numBatches) / 2);
  const { quantizationAware, quantizationFormat: format } = data.compression;
  const quantization = quantizationAware === true ? [new QuantizationAware({ from, format })] : [];
  const startFromEpoch = pruned.firstEpoch;
  const rounds =
    maxEpochs > epochs && data.validation !== undefined
      ? new RoundStop({ monitor, epochs, maxEpochs, patience, startFromEpoch })
      : undefined;
  const keepBest =
    data.validation === undefined
      ? []
      : [rounds ?? new EarlyStopping({ monitor, patience, restoreBestWeights: true, startFromEpoch })];
  const { checkpoint, signal, resumeFrom } = controls;
  const fit = (options: DatasetFitOptions<Model>): Promise<History> =>
    data.teacher === undefined
      ? model.fit(data.train, options)
      : distill(data.teacher.model.model, model, { dataset: data.train, ...teachingOf(data.teacher), ...options });
  const history = await fit({
    epochs: rounds === undefined ? epochs : maxEpochs,
    validationData: data.validation,
    // The task's own come after the one that keeps the best weights: they may exchange weights for a validation, and
    // back.
    callbacks: [...keepBest, ...pruned.callbacks, ...quantization, ...own, ...(controls.callbacks ?? [])],
    signal,
    resumeFrom,
    checkpoint: checkpoint && {
      everyEpochs: 1,
      everySteps: checkpoint.everySteps,
      save: (_, snapshot) => checkpoint.save(snapshot),
    },
  });
  const outcome = outcomeOf(history, data.monitor, checkpoint !== undefined, startFromEpoch);
  const hasLast = outcome.loss.length === 0 || (outcome.stopReason === 'aborted' && checkpoint !== undefined);
  if (rounds === undefined || hasLast) return outcome;
  return { ...outcome, stopReason: rounds.stopReason(outcome.stopReason), bestEpoch: rounds.bestEpoch };
}

function outcomeOf(
  { metrics, stopReason }: History,
  monitor: string | undefined,
  isResumable: boolean,
  firstEpoch: number,
): TrainingOutcome {
  const { loss = [], valLoss = [] } = metrics;
  const valScore = monitor === undefined ? undefined : (metrics[monitor] ?? []);
  const best = (valScore ?? valLoss.map((value) => -value)).reduce(
    (highest, value, epoch, values) => (epoch > firstEpoch && value > values[highest] ? epoch : highest),
    firstEpoch,
  );
  const isLast = (stopReason === 'aborted' && isResumable) || (valScore ?? valLoss).length === 0;
  return { stopReason, loss, valLoss, bestEpoch: isLast ? loss.length - 1 : best, ...(valScore && { valScore }) };
}

import type { Json } from '../../layers/layer.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { HostArray } from '../host-data.js';
import type { Trainable } from '../trainable.js';

/** Loss and metrics by name; those of the validation data begin with `val`. */
export type Logs = Readonly<Record<string, number>>;

/** Why `fit` returned: all epochs done, a callback asked for it, or the signal was aborted. */
export type StopReason = 'completed' | 'callback' | 'aborted';

/** What reads the weights: a step, for its loss and gradients, or the validation after an epoch. */
export type Computation = 'step' | 'validation';

/** How far training is, after a batch. */
export interface Progress {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** From 0, within the epoch. */
  readonly batch: number;
  /** Undefined for a dataset of unknown length. */
  readonly numBatches: number | undefined;
  /** Mean loss of the epoch so far. */
  readonly loss: number;
  /** Loss and metrics of the epoch so far; worked out when it is read. */
  readonly logs: Logs;
  /** Since the epoch began (or was resumed). */
  readonly elapsedMs: number;
  readonly samplesPerSecond: number;
}

/** What callbacks can see and do. */
export interface TrainingContext<Trained extends Trainable = Trainable> {
  readonly model: Trained;
  readonly epochs: number;
  /** Steps of an epoch; undefined for a dataset of unknown length. */
  readonly numBatches?: number | undefined;
  /** The names that the logs of an epoch will have; undefined until a model without a known output has seen data. */
  readonly logNames: readonly string[] | undefined;
  /** Whether more of a log is better, as its metric says; false for losses. */
  moreIsBetter(logName: string): boolean;
  /** Steps taken since training began, across resumed runs; one that is under way is among them. */
  readonly numSteps: number;
  /** Whether a run that is aborted saves a snapshot, with which the model as it then is can be trained on. */
  readonly savesSnapshots?: boolean | undefined;
  /** Ends training after the current step. */
  stopTraining(): void;
  /**
   * In `onBatchEnd` and `onEpochEnd`: the loss of the batch of the last step, now that the weights have changed,
   * without dropout and differentiable by the weights. Needs an open {@link scope}. Undefined where this run has not
   * taken a step.
   */
  lossOfLastBatch?: (() => Tensor) | undefined;
}

/** What a callback must remember for an exact resume; plain JSON, and arrays apart from it. */
export interface CallbackState {
  readonly values: { readonly [key: string]: Json | undefined };
  readonly arrays?: Readonly<Record<string, HostArray>> | undefined;
}

/**
 * Something that watches or steers training. Every method may be absent, so a plain object will do:
 * `callbacks: [{ onEpochEnd: (epoch, logs) => draw(epoch, logs.loss) }]`. Methods may be asynchronous; training waits.
 */
export interface Callback<Trained extends Trainable = Trainable> {
  /** Under which its state is kept in checkpoints. */
  readonly name?: string | undefined;
  onTrainBegin?(context: TrainingContext<Trained>): void | Promise<void>;
  onEpochBegin?(epoch: number, context: TrainingContext<Trained>): void | Promise<void>;
  /**
   * Before something computes with the weights: whoever makes them others for it puts them back in `onComputeEnd`, which
   * comes also where it fails, in reverse order of the callbacks and before the optimizer changes weights. Not awaited.
   */
  onComputeBegin?(computation: Computation, context: TrainingContext<Trained>): void;
  onComputeEnd?(computation: Computation, context: TrainingContext<Trained>): void;
  onBatchEnd?(progress: Progress, context: TrainingContext<Trained>): void | Promise<void>;
  /** Before the validation data are evaluated, where there are any. */
  onValidationBegin?(epoch: number, context: TrainingContext<Trained>): void | Promise<void>;
  /**
   * Takes back what `onValidationBegin` did: in place of `onEpochEnd` where a signal has stopped the evaluation, and
   * before `onTrainError` where an exception came before `onEpochEnd` had ended.
   */
  onValidationStopped?(epoch: number, context: TrainingContext<Trained>): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs, context: TrainingContext<Trained>): void | Promise<void>;
  onTrainEnd?(reason: StopReason, context: TrainingContext<Trained>): void | Promise<void>;
  /** Where training ends with an exception, which `fit` then throws. */
  onTrainError?(error: unknown, context: TrainingContext<Trained>): void | Promise<void>;
  /** What {@link Callback.setState} needs to go on as if training had not been interrupted. */
  getState?(): CallbackState;
  setState?(state: CallbackState): void;
}

import {
  describeValue,
  RondoError,
  refuseUnknownOptions,
  requireBoolean,
  requireCount,
  requireKind,
  requireNumber,
  unknownName,
} from '../errors.js';
import type { Callback } from './callbacks/callback.js';
import type { Dataset, DatasetBatch } from './dataset.js';
import type { ModelData } from './host-data.js';
import { requireSignal } from './require-signal.js';
import type { GivenClassWeight } from './sample-weights.js';
import type { TrainingSnapshot } from './snapshot.js';
import type { Trainable } from './trainable.js';

/** Data to evaluate on after each epoch. */
export type ValidationData = DatasetBatch | readonly [x: ModelData, y: ModelData] | Dataset;

/** Keeps what an interrupted run needs to be resumed exactly. */
export interface CheckpointOptions<Trained extends Trainable = Trainable> {
  /** Stores the model with the snapshot at once, before training goes on; `rondo/node` has `checkpointFile`. */
  save: (model: Trained, snapshot: TrainingSnapshot) => void | Promise<void>;
  /** Saves after every so many steps. */
  everySteps?: number | undefined;
  /** Saves after every so many epochs. Default 1, unless everySteps is given. */
  everyEpochs?: number | undefined;
}

/** Options of `fit` for any data. */
export interface DatasetFitOptions<Trained extends Trainable = Trainable> {
  /** The epoch to stop before. Default 1. */
  epochs?: number | undefined;
  /** The number of the first epoch. Default 0. */
  initialEpoch?: number | undefined;
  validationData?: ValidationData | undefined;
  /** Rows a batch of validation arrays. Default: batchSize. */
  validationBatchSize?: number | undefined;
  /**
   * How much samples of each class count, on top of sample weights; by output where there are several. Targets are class
   * indices or one-hot.
   */
  classWeight?: GivenClassWeight | undefined;
  callbacks?: readonly Callback<Trained>[] | undefined;
  /**
   * Stops training after the current step. `fit` then returns the history so far with `stopReason: 'aborted'`: the
   * weights are those of that step (or the best, where a callback restores them), nothing is thrown. With `checkpoint`,
   * the point is saved and can be resumed from.
   */
  signal?: AbortSignal | undefined;
  /** Gets one line an epoch, for example `console.log`. Default: nothing is written. */
  verbose?: ((line: string) => void) | undefined;
  checkpoint?: CheckpointOptions<Trained> | undefined;
  /**
   * What `checkpoint` saved. With the model loaded from the same checkpoint and the same data, options and callbacks,
   * training ends with the same bits as if it had not been interrupted.
   */
  resumeFrom?: TrainingSnapshot | undefined;
}

/** Options of `fit` for arrays. */
export interface FitOptions<Trained extends Trainable = Trainable> extends DatasetFitOptions<Trained> {
  /** Rows a batch; the last batch holds what is left. Default 32. */
  batchSize?: number | undefined;
  /** The share of rows at the end, before shuffling, that is kept for validation. */
  validationSplit?: number | undefined;
  /** Whether rows are put into a new order each epoch. Default true. */
  shuffle?: boolean | undefined;
  /** How much each row counts, `[rows]`, or each step of it, `[rows, time]`; by output where there are several. */
  sampleWeight?: DatasetBatch['sampleWeight'] | undefined;
}

const datasetNames: readonly (keyof DatasetFitOptions)[] = [
  'epochs',
  'initialEpoch',
  'validationData',
  'validationBatchSize',
  'classWeight',
  'callbacks',
  'signal',
  'verbose',
  'checkpoint',
  'resumeFrom',
];
const arrayNames: readonly (keyof FitOptions)[] = [
  ...datasetNames,
  'batchSize',
  'validationSplit',
  'shuffle',
  'sampleWeight',
];

/** The options of `fit`, for a dataset or for arrays. */
export function fitOptionNames(isDataset: boolean): readonly string[] {
  return isDataset ? datasetNames : arrayNames;
}

/** Checks options that stand by themselves. @throws UNKNOWN_NAME, OUT_OF_RANGE, USAGE */
export function requireFitOptions(where: string, options: FitOptions<never>, isDataset: boolean): void {
  refuseUnknownOptions(where, options, fitOptionNames(isDataset));
  requireVerbose(where, options.verbose);
  requireCallbacks(where, options.callbacks);
  requireSignal(where, options.signal);
  requireBoolean(where, 'shuffle', options.shuffle);
  requireSnapshot(where, options.resumeFrom);
  const {
    epochs = 1,
    initialEpoch = 0,
    batchSize = 32,
    validationBatchSize = 32,
    validationSplit,
    checkpoint,
  } = options;
  requireCount(where, 'epochs', epochs, 0);
  requireCount(where, 'initialEpoch', initialEpoch, 0);
  requireCount(where, 'batchSize', batchSize);
  requireCount(where, 'validationBatchSize', validationBatchSize);
  if (validationSplit !== undefined)
    requireNumber(where, 'validationSplit', validationSplit, 'a number between 0 and 1', (v) => v > 0 && v < 1);
  if (validationSplit !== undefined && options.validationData !== undefined)
    throw conflict(where, 'validationSplit', 'validationData');
  if (options.resumeFrom !== undefined && options.initialEpoch !== undefined)
    throw conflict(where, 'resumeFrom', 'initialEpoch');
  if (checkpoint === undefined) return;
  refuseUnknownOptions(`${where}.checkpoint`, checkpoint, ['save', 'everySteps', 'everyEpochs']);
  requireCount(`${where}.checkpoint`, 'everySteps', checkpoint.everySteps ?? 1);
  requireCount(`${where}.checkpoint`, 'everyEpochs', checkpoint.everyEpochs ?? 1);
}

function requireVerbose(where: string, verbose: unknown): void {
  if (verbose === undefined || typeof verbose === 'function') return;
  throw new RondoError('USAGE', {
    where,
    what: '`verbose` is no function.',
    expected: 'what takes one line an epoch',
    received: describeValue(verbose),
    fix: 'write verbose: console.log for a line an epoch; leave it out to be silent.',
  });
}

function requireSnapshot(where: string, given: unknown): void {
  const { values, arrays } = Object(given) as Partial<TrainingSnapshot>;
  requireKind(given === undefined || (values && arrays) !== undefined, given, {
    where,
    what: '`resumeFrom` is no snapshot.',
    fix: 'give what `checkpoint.save` was given.',
  });
}

function requireCallbacks(where: string, callbacks: unknown): void {
  if (callbacks === undefined) return;
  const bad: unknown = Array.isArray(callbacks)
    ? callbacks.find((callback) => callback === null || typeof callback !== 'object')
    : callbacks;
  if (Array.isArray(callbacks) && bad === undefined && !callbacks.includes(undefined)) {
    for (const callback of callbacks as readonly object[]) requireCallbackNames(where, callback);
    return;
  }
  throw new RondoError('USAGE', {
    where,
    what: '`callbacks` is no list of callbacks.',
    expected: 'a list of objects with methods such as onEpochEnd',
    received: Array.isArray(callbacks) ? `a list that holds ${describeValue(bad)}` : describeValue(callbacks),
    fix: 'write callbacks: [new EarlyStopping({ patience: 3 })], or callbacks: [{ onEpochEnd: (epoch, logs) => ... }].',
  });
}

const callbackNames: readonly (keyof Callback)[] = [
  'onTrainBegin',
  'onEpochBegin',
  'onComputeBegin',
  'onComputeEnd',
  'onBatchEnd',
  'onValidationBegin',
  'onValidationStopped',
  'onEpochEnd',
  'onTrainEnd',
  'onTrainError',
];

/**
 * A method that is spelled otherwise would never be called. A class may have methods of its own. @throws UNKNOWN_NAME
 */
function requireCallbackNames(where: string, callback: object): void {
  if (Object.getPrototypeOf(callback) !== Object.prototype) return;
  const unknown = Object.keys(callback).find(
    (name) => name.startsWith('on') && !(callbackNames as readonly string[]).includes(name),
  );
  if (unknown !== undefined) throw unknownName(`${where}.callbacks`, 'method', unknown, callbackNames);
}

function conflict(where: string, a: string, b: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what: `\`${a}\` and \`${b}\` cannot be given together.`,
    expected: 'one of them',
    fix: 'remove one.',
  });
}

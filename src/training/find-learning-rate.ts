import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../errors.js';
import { Random, withRandom } from '../random.js';
import { type Dataset, type DatasetBatch, isDataset } from './dataset.js';
import { EndlessBatches } from './endless-batches.js';
import { EpochLogs } from './epoch-logs.js';
import { outputsFor, requireNotAborted, sourceOf } from './evaluation.js';
import { type LearningRateCurve, type LearningRateSuggestions, suggestLearningRates } from './learning-rate-curve.js';
import { assignWeights, weightTensors } from './model-weights.js';
import type { GivenClassWeight } from './sample-weights.js';
import { withFreshStates } from './snapshot.js';
import { TrainStep } from './train-step.js';
import type { Trainable } from './trainable.js';
import { trainAlone } from './training-lock.js';
import { hostIsWaiting, yieldToHost } from './yield-to-host.js';

export interface FindLearningRateOptions {
  /** The rate of the first step. Default 1e-5. */
  minimum?: number | undefined;
  /** The rate of the last step. Default 100, which only plain gradient descent on gently sloping losses survives. */
  maximum?: number | undefined;
  /** Steps from the one to the other; data that are shorter are begun anew. Default 100. */
  steps?: number | undefined;
  /** How much of the moving average of the loss stays at each step. Default 0.9. */
  smoothing?: number | undefined;
  /** The test ends once the average is above the first loss and above this many times its lowest value. Default 4. */
  blowUp?: number | undefined;
  /** Rows a batch, for arrays. Default 32. */
  batchSize?: number | undefined;
  classWeight?: GivenClassWeight | undefined;
  /** Ends the test with the error ABORTED. */
  signal?: AbortSignal | undefined;
  /** Called after each step. */
  onStep?:
    | ((step: {
        readonly number: number;
        readonly learningRate: number;
        readonly loss: number;
        readonly smoothed: number;
      }) => void)
    | undefined;
}

export interface LearningRateSearch extends LearningRateCurve, LearningRateSuggestions {
  /** The moving average of the losses so far, corrected for its start from 0. */
  readonly smoothed: readonly number[];
  /** `diverged`: the loss blew up, or was not finite, before the last step. */
  readonly stopReason: 'completed' | 'diverged';
}

const optionNames = [
  'minimum',
  'maximum',
  'steps',
  'smoothing',
  'blowUp',
  'batchSize',
  'classWeight',
  'signal',
  'onStep',
] as const satisfies readonly (keyof FindLearningRateOptions)[];

/**
 * The learning rate range test: trains for some steps while the rate rises evenly on a logarithmic scale, and reads off
 * the losses which rates teach and which destroy. Smith 2017, "Cyclical learning rates for training neural networks",
 * section 3.3; with rising powers, the average and the stop of Gugger 2018, "How do you find a good learning rate".
 *
 * `average_n = smoothing average_(n-1) + (1 - smoothing) loss_n`, `smoothed_n = average_n / (1 - smoothing^n)`.
 *
 * A new optimizer with the options of the compiled one takes the steps, so its rate may be a schedule: the rates of the
 * test count instead, and a suggestion is meant for the schedule's highest rate. Afterwards weights, carried states,
 * metrics and random streams are what they were, also after an error; the compiled optimizer is not touched. Weights
 * that did not exist are made by the first data, and stay. The suggestion is the order of magnitude and no more:
 * batches are few, and dropout and long training move the best rate.
 *
 * @example
 * model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
 * const { suggested } = await findLearningRate(model, { x, y });
 * if (suggested !== null) model.optimizer.learningRate = suggested;
 *
 * @throws USAGE when not compiled or in training; OUT_OF_RANGE; ABORTED; as `fit` for bad data
 */
export async function findLearningRate(
  model: Trainable,
  data: Dataset | DatasetBatch,
  options: FindLearningRateOptions = {},
): Promise<LearningRateSearch> {
  const where = 'findLearningRate';
  const settings = settingsOf(where, options);
  model.requireCompiled(where);
  return trainAlone(model, where, async () => {
    const source = sourceOf(model, isDataset(data) ? { dataset: data } : data, where, settings.batchSize, true);
    const random = new Random(model.random.state.words[0], 'findLearningRate');
    const batches = new EndlessBatches(source, random.uint32(), where);
    return putBack(model, batches, () => rangeTest(model, batches, settings, where, random));
  });
}

function settingsOf(where: string, options: FindLearningRateOptions) {
  refuseUnknownOptions(where, options, optionNames);
  const {
    minimum = 1e-5,
    maximum = 100,
    steps = 100,
    smoothing = 0.9,
    blowUp = 4,
    batchSize = 32,
    ...others
  } = options;
  requireNumber(where, 'minimum', minimum, 'a number above 0', (value) => value > 0);
  requireNumber(where, 'maximum', maximum, `a number above minimum, ${minimum}`, (value) => value > minimum);
  requireCount(where, 'steps', steps, 10);
  requireNumber(where, 'smoothing', smoothing, 'a number from 0 to below 1', (value) => value >= 0 && value < 1);
  requireNumber(where, 'blowUp', blowUp, 'a number above 1', (value) => value > 1);
  requireCount(where, 'batchSize', batchSize);
  return { minimum, maximum, steps, smoothing, blowUp, batchSize, ...others };
}

async function rangeTest(
  model: Trainable,
  batches: EndlessBatches,
  settings: ReturnType<typeof settingsOf>,
  where: string,
  random: Random,
): Promise<LearningRateSearch> {
  const { minimum, maximum, steps, smoothing, blowUp, classWeight, signal, onStep } = settings;
  const optimizer = model.optimizer.anew(minimum);
  // Metrics cost time and hold what an evaluation may be counting.
  const outputs = outputsFor(model).map((output) => ({ ...output, metrics: [] }));
  const step = new TrainStep(model, { compiled: { optimizer }, outputs, classWeight, where });
  const logs = new EpochLogs(outputs);
  const curve = { learningRates: [] as number[], losses: [] as number[], smoothed: [] as number[] };
  let average = 0;
  let lowest = Infinity;
  let stopReason: LearningRateSearch['stopReason'] = 'completed';
  try {
    for (let i = 0; i < steps && stopReason === 'completed'; i++) {
      requireNotAborted(signal, where);
      const learningRate = minimum * (maximum / minimum) ** (i / (steps - 1));
      optimizer.learningRate = learningRate;
      const batch = await batches.next();
      logs.reset();
      const fault = await notFinite(async () => {
        withRandom(random, () => step.run(batch, logs, i + 1));
        await step.reads.settle();
      });
      // No rate has had an effect on the first loss.
      if (fault !== undefined && i === 0) throw fault;
      if (fault !== undefined) {
        stopReason = 'diverged';
        break;
      }
      const { loss } = logs;
      average = smoothing * average + (1 - smoothing) * loss;
      const smoothed = average / (1 - smoothing ** (i + 1));
      curve.learningRates.push(learningRate);
      curve.losses.push(loss);
      curve.smoothed.push(smoothed);
      lowest = Math.min(lowest, smoothed);
      onStep?.({ number: i + 1, learningRate, loss, smoothed });
      if (smoothed > curve.losses[0] && smoothed - lowest > (blowUp - 1) * Math.abs(lowest)) stopReason = 'diverged';
      if (hostIsWaiting()) await yieldToHost();
    }
  } finally {
    for (const variable of optimizer.stateVariables()) variable.dispose();
  }
  return { ...curve, ...suggestLearningRates(curve, Math.round(smoothing / (1 - smoothing))), stopReason };
}

/** The error of a step that could not be taken; weights are then those from before it. */
async function notFinite(run: () => Promise<void>): Promise<RondoError | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof RondoError && error.code === 'NOT_FINITE') return error;
    throw error;
  }
}

/** Runs work on the data, then puts weights and carried states back. */
async function putBack<T>(model: Trainable, batches: EndlessBatches, work: () => Promise<T>): Promise<T> {
  try {
    await batches.open();
    const weights = weightTensors(model);
    try {
      return await withFreshStates(model, work);
    } finally {
      assignWeights(model, weights, 'findLearningRate');
    }
  } finally {
    await batches.close();
  }
}

import { RondoError, setSeed, type TaskModel, type TrainingOutcome } from '../../src/index.js';
import type { OptionValue } from '../options.js';
import type { ProgressLine } from '../terminal/progress.js';
import type { TrainingOn, TrainOnCall } from '../train-on.js';

/** How networks are trained on. */
export interface FineTuning {
  readonly where: string;
  readonly files: readonly string[];
  readonly reading: Readonly<Record<string, OptionValue>>;
  readonly epochs: number;
  readonly learningRate: number | undefined;
  readonly seed: number;
  readonly trainOn: (call: TrainOnCall) => Promise<TrainingOn>;
  readonly signal: AbortSignal;
  /** Undefined where nothing is shown. */
  readonly progress: ProgressLine | undefined;
}

/** Which of several networks it is. */
export interface Turn {
  readonly name: string;
  readonly index: number;
  readonly count: number;
}

/** How one training went. */
export type FineTuned =
  | { readonly ended: 'trained'; readonly task: TaskModel; readonly outcome: TrainingOutcome }
  /** By the user, or because its numbers were no longer finite. */
  | { readonly ended: 'interrupted' | 'failed' };

/** @throws as the task's training, before anything is computed */
export function prepareTuning(
  { where, files, reading, epochs, learningRate, trainOn, seed }: FineTuning,
  initial: TaskModel,
  { prune, quantized }: Pick<TrainOnCall, 'prune' | 'quantized'> = noChange,
): Promise<TrainingOn> {
  // What is drawn for a network does not depend on those before it.
  setSeed(seed);
  return trainOn({
    where,
    option: '--fine-tune',
    files,
    reading,
    initial,
    epochs,
    learningRate,
    prune,
    quantized,
  });
}

const noChange = { prune: 0, quantized: undefined };

/** Trains, and ends with the weights of the best epoch. */
export async function fineTuned(
  { epochs, signal, progress }: FineTuning,
  { task, training }: TrainingOn,
  { name, index, count }: Turn,
): Promise<FineTuned> {
  const stepsEach = epochs * training.numBatches;
  try {
    const outcome = await training.train({
      signal,
      callbacks: [
        {
          name: 'progress',
          onBatchEnd: ({ epoch, loss }, { numSteps }) =>
            progress?.update({
              label: `${index + 1}/${count} ${name}, epoch ${epoch + 1}/${epochs}`,
              done: index * stepsEach + numSteps,
              total: count * stepsEach,
              unit: 'steps',
              metrics: { loss },
            }),
        },
      ],
    });
    return outcome.stopReason === 'aborted' ? { ended: 'interrupted' } : { ended: 'trained', task, outcome };
  } catch (error) {
    if (!(error instanceof RondoError)) throw error;
    if (error.code === 'NOT_FINITE') return { ended: 'failed' };
    if (signal.aborted && error.code === 'ABORTED') return { ended: 'interrupted' };
    throw error;
  }
}

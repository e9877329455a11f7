import { cellNamed, requireCells } from '../cells/registry.js';
import { RondoError, refuseUnknownOptions, requireBoolean, requireCount, requireNumber } from '../errors.js';
import type { CellLike } from '../layers/rnn.js';
import { Random, withRandom } from '../random.js';
import type { Tensor } from '../tensor/tensor.js';
import type { DatasetBatch } from '../training/dataset.js';
import { adam } from '../training/optimizers/adam.js';
import { requireSignal } from '../training/require-signal.js';
import { memoryModel } from './memory-model.js';
import type { LongMemoryProblem, ProblemBatch } from './problem.js';

/** How a net is trained on a problem. */
export interface SolveProblemOptions {
  /** A cell, or the name of one. */
  readonly cell: CellLike;
  /** Default false. See {@link memoryModel}. */
  readonly attention?: boolean | undefined;
  /** Default 64. */
  readonly units?: number | undefined;
  /** Default 1. */
  readonly layers?: number | undefined;
  /** Default 32. */
  readonly batchSize?: number | undefined;
  /** Of Adam. Default 0.005. */
  readonly learningRate?: number | undefined;
  /** Global norm that gradients are scaled down to. Default 1. */
  readonly clipNorm?: number | undefined;
  /** Steps after which it is not solved. Default 3000. */
  readonly steps?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Is called at each check. */
  readonly onCheck?: ((check: ProblemCheck) => void) | undefined;
}

const optionNames = [
  'cell',
  'attention',
  'units',
  'layers',
  'batchSize',
  'learningRate',
  'clipNorm',
  'steps',
  'seed',
  'signal',
  'onCheck',
] as const satisfies readonly (keyof SolveProblemOptions)[];

/** How well a net does on sequences it has never seen. */
export interface ProblemScore {
  readonly loss: number;
  /** Share of right answers; null for numbers. */
  readonly accuracy: number | null;
}

export interface ProblemCheck extends ProblemScore {
  /** Steps of training so far. */
  readonly step: number;
}

/** How a training on a problem ended. */
export interface ProblemOutcome {
  readonly status: 'solved' | 'unsolved' | 'failed';
  /** Steps of training, until it was solved or ended. */
  readonly steps: number;
  /** At the last check; null where it failed before the first. */
  readonly loss: number | null;
  /** See {@link ProblemScore}. */
  readonly accuracy: number | null;
  /** Of training; null where it failed before the first check. */
  readonly msPerStep: number | null;
  readonly numParams: number;
  /** Why it failed. */
  readonly reason?: string | undefined;
}

/** Steps between two checks, and sequences of a check. */
const [stepsPerCheck, sequencesOfCheck] = [25, 128];

/**
 * Trains a net on a problem until it is solved: until its loss on new sequences, which are drawn by another generator
 * than those it learns from, is below the problem's threshold. Weights and sequences follow from the seed alone; `setSeed` is
 * left as it is.
 *
 * @returns undefined where the signal was aborted.
 * @throws UNKNOWN_NAME for a cell or an option that there is not; OUT_OF_RANGE, USAGE
 */
export async function solveProblem(
  problem: LongMemoryProblem,
  options: SolveProblemOptions,
): Promise<ProblemOutcome | undefined> {
  const where = 'solveProblem';
  refuseUnknownOptions(where, options, optionNames);
  const { attention = false, units = 64, layers = 1, batchSize = 32, signal, onCheck } = options;
  const { learningRate = 0.005, clipNorm = 1, steps = 3000, seed = 0 } = options;
  for (const [name, count] of Object.entries({ units, layers, batchSize, steps })) requireCount(where, name, count);
  requireNumber(where, 'seed', seed, 'a whole number', Number.isInteger);
  requireBoolean(where, 'attention', attention);
  requireSignal(where, signal);
  const cell = typeof options.cell === 'string' ? cellNamed(options.cell, where) : options.cell;
  requireCells(where, [cell]);
  const model = withRandom(new Random(seed), () => memoryModel(problem, { cell, attention, units, layers }));
  model.compile({ optimizer: adam({ learningRate, globalClipNorm: clipNorm }), loss: problem.loss });
  const shown = new Random(seed, 'shown');
  const heldOut = new Random(seed, 'held out');
  const batches = function* (count: number): Generator<DatasetBatch> {
    for (let i = 0; i < count; i++) yield { ...problem.batch(shown, batchSize) };
  };
  let check: ProblemCheck | undefined;
  let trainingMs = 0;
  const outcome = (status: ProblemOutcome['status'], reason?: string): ProblemOutcome => ({
    status,
    steps: check?.step ?? 0,
    loss: check?.loss ?? null,
    accuracy: check?.accuracy ?? null,
    msPerStep: check === undefined ? null : trainingMs / check.step,
    numParams: model.countParams(),
    ...(reason !== undefined && { reason }),
  });
  try {
    for (let step = 0, epoch = 0; step < steps; epoch++) {
      const count = Math.min(stepsPerCheck, steps - step);
      const startedMs = performance.now();
      await model.fit(() => batches(count), { initialEpoch: epoch, epochs: epoch + 1, signal });
      if (signal?.aborted) return undefined;
      trainingMs += performance.now() - startedMs;
      const unseen = problem.batch(heldOut, sequencesOfCheck);
      const predicted = (await model.predict(unseen.x, { batchSize: sequencesOfCheck })) as Tensor;
      step += count;
      check = { step, ...scoreOf(problem, unseen, predicted) };
      onCheck?.(check);
      if (check.loss < problem.solvedAt) return outcome('solved');
    }
    return outcome('unsolved');
  } catch (error) {
    if (!(error instanceof RondoError) || error.code !== 'NOT_FINITE') throw error;
    return outcome('failed', error.facts.what);
  } finally {
    model.dispose();
  }
}

/** The least probability that counts, as in Keras. */
const leastProbability = 1e-7;

/**
 * Loss and accuracy of what a net answered.
 *
 * @param predicted `[batch, 1]` numbers, or `[batch, classes]` or `[batch, scoredSteps, classes]` probabilities.
 */
export function scoreOf(
  { outputs, scoredSteps, answerSteps, loss }: LongMemoryProblem,
  { y }: Pick<ProblemBatch, 'y'>,
  predicted: Tensor,
): ProblemScore {
  const [right, given] = [y.dataSync(), predicted.dataSync()];
  let [sum, numRight, numAnswers] = [0, 0, 0];
  for (const [place, answer] of right.entries()) {
    if (loss === 'meanSquaredError') {
      sum += (given[place] - answer) ** 2;
      continue;
    }
    const shares = given.subarray(place * outputs, (place + 1) * outputs);
    sum -= Math.log(Math.max(leastProbability, shares[answer]));
    if (place % scoredSteps < scoredSteps - answerSteps) continue;
    numAnswers++;
    if (shares.every((share, other) => other === answer || share < shares[answer])) numRight++;
  }
  return { loss: sum / right.length, accuracy: numAnswers === 0 ? null : numRight / numAnswers };
}

import { requireCount } from '../errors.js';
import type { Random } from '../random.js';
import { type Tensor, tensor } from '../tensor/tensor.js';

/** Sequences with their answers. */
export interface ProblemBatch {
  /** `[batch, timesteps, features]`. */
  readonly x: Tensor;
  /** The answers at the last `scoredSteps` steps: `[batch, 1]` a number, `[batch]` or `[batch, scoredSteps]` classes. */
  readonly y: Tensor;
}

/** A made problem at one length, whose answer depends on what was shown many steps before. */
export interface LongMemoryProblem {
  readonly name: string;
  /** T: over how many steps it spreads, as its definition counts them. */
  readonly length: number;
  readonly timesteps: number;
  readonly features: number;
  /** Width of the answer at a step: 1 number, or so many classes. */
  readonly outputs: number;
  /** So many steps at the end count for the loss. */
  readonly scoredSteps: number;
  /** So many steps at the end count for the accuracy: those whose answer cannot be told without memory. */
  readonly answerSteps: number;
  readonly loss: 'meanSquaredError' | 'sparseCategoricalCrossentropy';
  /** Expected loss of the best answer that does not look at the input: mean over the scored steps, in nats for classes. */
  readonly baseline: number;
  /** Expected share of right answers then; undefined for numbers. */
  readonly chance: number | undefined;
  /** A loss below this counts as solved. */
  readonly solvedAt: number;
  /** The next sequences of a generator: equal generators give equal ones, and there is no end to them. */
  batch(random: Random, batchSize: number): ProblemBatch;
}

/** One sequence as it is written: what is not put stays 0. */
export interface SequenceWriter {
  /** Sets a feature of a step. */
  show(step: number, feature: number, value?: number): void;
  /** Sets the answer of a scored step, counted from the first of these. */
  expect(scoredStep: number, answer: number): void;
}

/** A problem as its file defines it. */
export type ProblemDefinition = Omit<LongMemoryProblem, 'batch'> & {
  write(random: Random, sequence: SequenceWriter): void;
};

export function problemOf({ write, ...problem }: ProblemDefinition): LongMemoryProblem {
  const { name, timesteps, features, scoredSteps, loss } = problem;
  return {
    ...problem,
    batch(random, batchSize) {
      requireCount(`the problem ${name}`, 'batchSize', batchSize);
      const x = new Float32Array(batchSize * timesteps * features);
      const y = new Float32Array(batchSize * scoredSteps);
      for (let row = 0; row < batchSize; row++) {
        write(random, {
          show: (step, feature, value = 1) => (x[(row * timesteps + step) * features + feature] = value),
          expect: (step, answer) => (y[row * scoredSteps + step] = answer),
        });
      }
      return {
        x: tensor(x, [batchSize, timesteps, features]),
        y: tensor(y, scoredSteps > 1 || loss === 'meanSquaredError' ? [batchSize, scoredSteps] : [batchSize]),
      };
    },
  };
}

/** What counts as solved where the literature has no threshold: a tenth of the baseline's loss. */
export function tenthOf(baseline: number): number {
  return baseline / 10;
}

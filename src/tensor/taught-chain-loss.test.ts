import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { logSumExp } from '../exponential.js';
import { useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import { labelMarginals } from './chain-decoding.js';
import { chainLoss } from './chain-loss.js';
import * as ops from './index.js';
import type { ChainWeights } from './linear-chain.js';
import { valueAndGradients } from './tape.js';
import { type ChainNumbers, chainAsTruth, taughtChainLoss } from './taught-chain-loss.js';
import type { Tensor } from './tensor.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [B, T, K] = [2, 4, 3];
const temperature = 1.7;
/** The second sequence has a hole and an end that does not count. */
const mask = [1, 1, 1, 1, 1, 0, 1, 0];
const stepsOf = [
  [0, 1, 2, 3],
  [4, 6],
];

interface Chain {
  readonly scores: Tensor;
  readonly transitions: Tensor;
  readonly start: Tensor;
  readonly end: Tensor;
}

function drawn(seed: number): Chain {
  const random = new Random(seed);
  return {
    scores: normals([B, T, K], random, 2),
    transitions: normals([K, K], random, 2),
    start: normals([K], random, 2),
    end: normals([K], random, 2),
  };
}

const weightsOf = ({ transitions, start, end }: Omit<Chain, 'scores'>): ChainWeights => ({
  labels: K,
  transitions: Float64Array.from(transitions.dataSync()),
  start: Float64Array.from(start.dataSync()),
  end: Float64Array.from(end.dataSync()),
});

const numbersOf = (chain: Chain): ChainNumbers => ({
  shape: [B, T, K],
  scores: chain.scores.dataSync(),
  weights: weightsOf(chain),
});

/** By sequence of labels: the logarithm of its probability at the temperature, of the steps that count. */
function distribution(scores: ArrayLike<number>, weights: ChainWeights, steps: readonly number[]): number[] {
  let all: number[][] = [[]];
  for (const _ of steps) all = all.flatMap((labels) => Array.from({ length: K }, (_, j) => [...labels, j]));
  const totals = all.map((labels) => {
    let sum = weights.start[labels[0]] + weights.end[labels[labels.length - 1]];
    labels.forEach((label, t) => {
      sum += scores[steps[t] * K + label];
      if (t > 0) sum += weights.transitions[labels[t - 1] * K + label];
    });
    return sum / temperature;
  });
  const logZ = logSumExp(totals);
  return totals.map((total) => total - logZ);
}

describe('the loss of a chain beside a teacher', () => {
  const [student, teacher] = [drawn(3), drawn(8)];

  it('is the cross-entropy over all sequences of labels, by enumeration', () => {
    for (const taught of [numbersOf(teacher), { ...numbersOf(teacher), weights: undefined }]) {
      const none = {
        labels: K,
        transitions: new Float64Array(K * K),
        start: new Float64Array(K),
        end: new Float64Array(K),
      };
      const losses = taughtChainLoss({ ...student, teacher: taught, temperature, mask }).dataSync();
      stepsOf.forEach((steps, b) => {
        const theirs = distribution(taught.scores, taught.weights ?? none, steps);
        const own = distribution(student.scores.dataSync(), weightsOf(student), steps);
        const crossEntropy = theirs.reduce((sum, log, i) => sum - Math.exp(log) * own[i], 0);
        const found = Array.from(losses.subarray(b * T, (b + 1) * T)).reduce((sum, loss) => sum + loss, 0);
        expectClose([found], [crossEntropy], 1e-12, `sequence ${b}`);
      });
      expect([losses[5], losses[7]]).toEqual([0, 0]);
    }
  });

  it('of a teacher that is sure is the loss of its labels', () => {
    const labels = [2, 0, 1, 1, 0, 1, 2, 2];
    const scores = new Float64Array(B * T * K);
    labels.forEach((label, at) => (scores[at * K + label] = 1e3));
    const sure = { shape: [B, T, K], scores, weights: undefined };
    expectClose(
      taughtChainLoss({ ...student, teacher: sure, temperature: 1, mask }).dataSync(),
      chainLoss({ ...student, targets: labels, mask }).dataSync(),
      1e-12,
      'losses',
    );
  });

  it('has its derivative by scores and by weights, and none where the student is its teacher', () => {
    const lossOf =
      (taught: ChainNumbers) =>
      ([scores, transitions, start, end]: readonly Tensor[]): Tensor =>
        taughtChainLoss({ scores, transitions, start, end, teacher: taught, temperature, mask });
    const inputs = [student.scores, student.transitions, student.start, student.end];
    expectDerivative(lossOf(numbersOf(teacher)), inputs);
    const { gradients } = valueAndGradients(() => ops.sum(lossOf(numbersOf(student))(inputs)), inputs);
    for (const gradient of gradients)
      for (const value of gradient.dataSync()) expect(Math.abs(value)).toBeLessThan(1e-12);
  });

  it('has marginals where its pairs meet, however unlikely', () => {
    const far = { ...weightsOf(teacher), transitions: Float64Array.of(0, -1000, 3, 0, 1, -700, 2, 0, -2000) };
    const scores = Float64Array.from(teacher.scores.dataSync().subarray(0, T * K));
    const truth = chainAsTruth(scores, far);
    const marginals = labelMarginals(scores, far);
    for (let t = 1; t < T; t++) {
      const [before, after] = [new Float64Array(K), new Float64Array(K)];
      truth.pairs(t, (i, j, probability) => {
        before[i] += probability;
        after[j] += probability;
      });
      expectClose(before, marginals.subarray((t - 1) * K, t * K), 1e-11, 'before');
      expectClose(after, marginals.subarray(t * K, (t + 1) * K), 1e-11, 'after');
    }
  });

  it('refuses a teacher of other labels', () => {
    const other = { ...numbersOf(teacher), shape: [B, T, K + 1] };
    expect(messageOf(() => taughtChainLoss({ ...student, teacher: other, temperature, mask }))).toMatch(
      /^\[SHAPE_MISMATCH\] taughtChainLoss: teacher and student do not score the same labels/,
    );
  });
});

import { RondoError } from '../errors.js';
import { exponential, logSumExp } from '../exponential.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, type Shape, sameShape } from '../shape.js';
import { mul } from './arithmetic.js';
import { type ChainTensors, scoresAt, stepLossesOf } from './chain-loss.js';
import { type ChainTruth, type ChainWeights, LEAST_SUM, scoresOfLater, transitionFactors } from './linear-chain.js';
import type { Tensor } from './tensor.js';

/** A chain as numbers: what a teacher predicts of a batch. */
export interface ChainNumbers {
  /** `[batch, time, labels]` */
  readonly shape: Shape;
  readonly scores: ArrayLike<number>;
  /** Undefined where every step stands for itself. */
  readonly weights: ChainWeights | undefined;
}

/** What {@link taughtChainLoss} is given. */
export interface TaughtChainLossArguments extends ChainTensors {
  readonly teacher: ChainNumbers;
  /** What the scores of both chains are divided by. */
  readonly temperature: number;
  /** `[batch * time]`: 0 where a step is padding. */
  readonly mask?: ArrayLike<number> | undefined;
}

/**
 * `[batch, time]`: what another chain's distribution q over label sequences expects of the losses of {@link chainLoss},
 * at a temperature: `E_q[-ln P(y[t] | y[0] ... y[t - 1])]`. The sum over a sequence is the cross-entropy of both
 * distributions over all K^n sequences, exactly: it depends on q through the probabilities of labels and of neighbours
 * alone. Wang, Jiang, Yan et al. 2021, "Structural knowledge distillation", section 3.
 *
 * @throws SHAPE_MISMATCH; BACKEND_UNAVAILABLE where numbers are read asynchronously only
 */
export function taughtChainLoss(given: TaughtChainLossArguments): Tensor {
  const { scores, teacher, temperature, mask } = given;
  const where = 'taughtChainLoss';
  if (!sameShape(scores.shape, teacher.shape))
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: 'teacher and student do not score the same labels.',
      expected: describeShape(scores.shape),
      received: describeShape(teacher.shape),
      fix: 'give the student the labels of the teacher, in its order.',
    });
  if (currentBackend().readNow === undefined)
    throw new RondoError('BACKEND_UNAVAILABLE', {
      where,
      what: 'this backend gives no numbers at once, which label chains of a teacher need.',
      fix: 'use another backend, or a student that chooses every label by itself.',
    });
  const K = scores.shape[2];
  const soft = (tensor: Tensor): Tensor => (temperature === 1 ? tensor : mul(tensor, 1 / temperature));
  const chain = {
    ...{ scores: soft(scores), transitions: soft(given.transitions), start: soft(given.start), end: soft(given.end) },
    mask,
  };
  const weights = softened(teacher.weights ?? independent(K), temperature);
  return stepLossesOf(chain, (steps) =>
    chainAsTruth(
      scoresAt(teacher.scores, steps, K).map((score) => score / temperature),
      weights,
    ),
  );
}

/** The chain in which no label says anything of its neighbours. */
function independent(labels: number): ChainWeights {
  const zeros = (count: number): Float64Array => new Float64Array(count);
  return { labels, transitions: zeros(labels * labels), start: zeros(labels), end: zeros(labels) };
}

/** The weights over a temperature. */
export function softened({ labels, transitions, start, end }: ChainWeights, temperature: number): ChainWeights {
  const divided = (values: Float64Array): Float64Array => values.map((value) => value / temperature);
  return { labels, transitions: divided(transitions), start: divided(start), end: divided(end) };
}

/**
 * The distribution over label sequences of one chain: what the first label is, and what follows what.
 *
 * @param scores `[n, K]`
 */
export function chainAsTruth(scores: Float64Array, weights: ChainWeights): ChainTruth {
  const { labels: K, transitions, start } = weights;
  const n = scores.length / K;
  const { factors, largest } = transitionFactors(weights);
  const later = scoresOfLater(scores, weights, { factors, largest });
  /** `[n, K]`: the probability of each label. */
  const marginals = new Float64Array(n * K);
  const first = Float64Array.from({ length: Math.min(n, 1) * K }, (_, j) => start[j] + scores[j] + later[j]);
  const logZ = logSumExp(first);
  first.forEach((score, j) => (marginals[j] = exponential(score - logZ)));
  const next = new Float64Array(K);
  const pairs: ChainTruth['pairs'] = (t, visit) => {
    const row = t * K;
    let most = -Infinity;
    for (let j = 0; j < K; j++) most = Math.max(most, scores[row + j] + later[row + j]);
    for (let j = 0; j < K; j++) next[j] = exponential(scores[row + j] + later[row + j] - most);
    for (let i = 0; i < K; i++) {
      const probability = marginals[row - K + i];
      if (probability === 0) continue;
      const from = later[row - K + i];
      const sum = exponential(from - largest[i] - most);
      const isSafe = sum > LEAST_SUM;
      for (let j = 0, at = i * K; j < K; j++, at++)
        visit(
          i,
          j,
          isSafe
            ? (probability * factors[at] * next[j]) / sum
            : probability * exponential(transitions[at] + scores[row + j] + later[row + j] - from),
        );
    }
  };
  for (let t = 1; t < n; t++) pairs(t, (_, j, probability) => (marginals[t * K + j] += probability));
  return {
    first: (visit) => {
      for (let j = 0; j < K; j++) visit(j, marginals[j]);
    },
    pairs,
  };
}

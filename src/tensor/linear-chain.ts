import { exponential, logSumExp } from '../exponential.js';

/**
 * One linear chain: labels `y` of `n` steps, each one of K, with a score for every label at every step and for every
 * pair of neighbours. Everything here is float64 on the host, one sequence at a time.
 *
 * ```
 * score(y) = start[y0] + scores[0, y0] + sum over t > 0 of (transitions[y(t-1), yt] + scores[t, yt]) + end[y(n-1)]
 * P(y) = exp(score(y)) / Z,   Z = sum over all K^n sequences of exp(score)
 * ```
 *
 * Lafferty, McCallum and Pereira 2001, "Conditional random fields"; the recursions are those of Rabiner 1989, "A
 * tutorial on hidden Markov models", section III.
 */
export interface ChainWeights {
  /** K: how many labels there are. */
  readonly labels: number;
  /** `[K, K]`: from the row's label to the column's. */
  readonly transitions: Float64Array;
  /** `[K]` */
  readonly start: Float64Array;
  /** `[K]` */
  readonly end: Float64Array;
}

/** Sums of products below this may have lost terms to underflow; they are then computed with logarithms alone. */
export const LEAST_SUM = 1e-200;

/**
 * The transitions as factors: `factors[i, j] = exp(transitions[i, j] - largest[i])`, so that a step needs K
 * exponentials and not K^2.
 */
export interface TransitionFactors {
  readonly factors: Float64Array;
  /** By row: its largest transition. */
  readonly largest: Float64Array;
}

export function transitionFactors({ labels: K, transitions }: ChainWeights): TransitionFactors {
  const factors = new Float64Array(K * K);
  const largest = new Float64Array(K);
  for (let i = 0; i < K; i++) {
    let most = -Infinity;
    for (let j = 0; j < K; j++) most = Math.max(most, transitions[i * K + j]);
    largest[i] = most === -Infinity ? 0 : most;
    for (let j = 0; j < K; j++) factors[i * K + j] = exponential(transitions[i * K + j] - largest[i]);
  }
  return { factors, largest };
}

/**
 * `later[t, i]`: the logarithm of the summed `exp(score)` of everything after step t, given label i there; at the last
 * step `end[i]`. Rabiner's backward variable.
 *
 * @param scores `[n, K]`
 */
export function scoresOfLater(
  scores: Float64Array,
  weights: ChainWeights,
  { factors, largest }: TransitionFactors,
): Float64Array {
  const { labels: K, transitions, end } = weights;
  const n = scores.length / K;
  const later = new Float64Array(n * K);
  if (n === 0) return later;
  later.set(end, (n - 1) * K);
  const next = new Float64Array(K);
  const terms = new Float64Array(K);
  for (let t = n - 2; t >= 0; t--) {
    const row = (t + 1) * K;
    let most = -Infinity;
    for (let j = 0; j < K; j++) {
      terms[j] = scores[row + j] + later[row + j];
      if (terms[j] > most) most = terms[j];
    }
    for (let j = 0; j < K; j++) next[j] = exponential(terms[j] - most);
    for (let i = 0; i < K; i++) {
      let sum = 0;
      for (let j = 0, at = i * K; j < K; j++, at++) sum += factors[at] * next[j];
      later[t * K + i] =
        sum > LEAST_SUM
          ? Math.log(sum) + largest[i] + most
          : logSumExp(terms.map((term, j) => term + transitions[i * K + j]));
    }
  }
  return later;
}

/**
 * `start[j] + scores[0, j] + later[0, j]`: the logarithm of the summed `exp(score)` of all sequences that begin with j.
 */
function scoresOfFirst(scores: Float64Array, { labels: K, start }: ChainWeights, later: Float64Array): Float64Array {
  return Float64Array.from({ length: K }, (_, j) => start[j] + scores[j] + later[j]);
}

/** `ln Z`; 0 for no steps. */
export function logPartition(scores: Float64Array, weights: ChainWeights): number {
  if (scores.length === 0) return 0;
  return logSumExp(scoresOfFirst(scores, weights, scoresOfLater(scores, weights, transitionFactors(weights))));
}

/** What a chain is held against: label sequences, one that is sure or a distribution over all of them. */
export interface ChainTruth {
  /** Visits the labels that the first step may have, with their probabilities. */
  first(visit: (label: number, probability: number) => void): void;
  /** Visits the neighbours that steps t - 1 and t may have, with the probabilities of both together. */
  pairs(t: number, visit: (before: number, label: number, probability: number) => void): void;
}

/** One sequence that is sure. @param labels one for each step. */
export function labelsAsTruth(labels: ArrayLike<number>): ChainTruth {
  return {
    first: (visit) => visit(labels[0], 1),
    pairs: (t, visit) => visit(labels[t - 1], labels[t], 1),
  };
}

/**
 * By step: `-ln P(y[t] | y[0] ... y[t - 1])`, of a distribution over sequences y what is expected of it. Their sum is
 * `-ln P(y)`, `ln Z - score(y)`, and of a distribution its cross-entropy with the chain.
 */
export function stepLosses(
  scores: Float64Array,
  truth: ChainTruth,
  weights: ChainWeights,
  later: Float64Array,
): Float64Array {
  const { labels: K, transitions } = weights;
  const n = scores.length / K;
  const losses = new Float64Array(n);
  if (n === 0) return losses;
  const first = scoresOfFirst(scores, weights, later);
  const logZ = logSumExp(first);
  truth.first((label, probability) => (losses[0] += probability * (logZ - first[label])));
  for (let t = 1; t < n; t++)
    truth.pairs(t, (before, label, probability) => {
      const at = t * K + label;
      const score = transitions[before * K + label] + scores[at] + later[at];
      losses[t] += probability * (later[(t - 1) * K + before] - score);
    });
  return losses;
}

/** dL/d(weights), summed over sequences. */
export interface ChainGradients {
  readonly transitions: Float64Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/**
 * dL/d(scores) from dL/d(losses), where losses are those of {@link stepLosses}; adds dL/d(weights) to `sums`.
 *
 * With one cotangent for all steps this is the posterior minus the truth; the general case runs the recursion of
 * `later` backwards. `flow[i]` is dL/d(later[t, i]); it goes on to step t + 1 by `P(y[t + 1] = j | y[t] = i)`.
 */
export function stepLossGradients(
  scores: Float64Array,
  truth: ChainTruth,
  weights: ChainWeights,
  { factors, largest }: TransitionFactors,
  later: Float64Array,
  dLosses: ArrayLike<number>,
  sums: ChainGradients,
): Float64Array {
  const { labels: K, transitions } = weights;
  const n = scores.length / K;
  const dScores = new Float64Array(n * K);
  const dTransitions = sums.transitions;
  if (n === 0) return dScores;
  const first = scoresOfFirst(scores, weights, later);
  const logZ = logSumExp(first);
  let flow = new Float64Array(K);
  for (let j = 0; j < K; j++) flow[j] = dLosses[0] * exponential(first[j] - logZ);
  truth.first((label, probability) => (flow[label] -= probability * dLosses[0]));
  for (let j = 0; j < K; j++) {
    sums.start[j] += flow[j];
    dScores[j] = flow[j];
  }
  const next = new Float64Array(K);
  for (let t = 1; t < n; t++) {
    const row = t * K;
    const [own, flowOfStep] = [dLosses[t], flow];
    truth.pairs(t, (before, _, probability) => (flowOfStep[before] += probability * own));
    let most = -Infinity;
    for (let j = 0; j < K; j++) most = Math.max(most, scores[row + j] + later[row + j]);
    for (let j = 0; j < K; j++) next[j] = exponential(scores[row + j] + later[row + j] - most);
    const reached = new Float64Array(K);
    for (let i = 0; i < K; i++) {
      if (flow[i] === 0) continue;
      const from = later[row - K + i];
      const sum = exponential(from - largest[i] - most);
      if (sum > LEAST_SUM) {
        const scale = flow[i] / sum;
        for (let j = 0, at = i * K; j < K; j++, at++) {
          const part = scale * factors[at] * next[j];
          dTransitions[at] += part;
          reached[j] += part;
        }
      } else {
        for (let j = 0, at = i * K; j < K; j++, at++) {
          const part = flow[i] * exponential(transitions[at] + scores[row + j] + later[row + j] - from);
          dTransitions[at] += part;
          reached[j] += part;
        }
      }
    }
    truth.pairs(t, (before, label, probability) => {
      dTransitions[before * K + label] -= probability * own;
      reached[label] -= probability * own;
    });
    dScores.set(reached, row);
    flow = reached;
  }
  for (let j = 0; j < K; j++) sums.end[j] += flow[j];
  return dScores;
}

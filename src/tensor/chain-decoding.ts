import { RondoError } from '../errors.js';
import { exponential, logSumExp } from '../exponential.js';
import { type ChainWeights, scoresOfLater, transitionFactors } from './linear-chain.js';

/** Which label sequences are allowed; plain JSON. */
export interface ChainConstraints {
  /** By label: whether a sequence may begin with it. */
  readonly start: readonly boolean[];
  /** By label: whether a sequence may end with it. */
  readonly end: readonly boolean[];
  /** By label and the label after it: whether they may stand side by side. */
  readonly next: readonly (readonly boolean[])[];
}

/** The weights with -Infinity where the constraints forbid something. */
export function constrainedWeights(weights: ChainWeights, constraints: ChainConstraints | undefined): ChainWeights {
  if (constraints === undefined) return weights;
  const { labels: K } = weights;
  const only = (values: Float64Array, isAllowed: (at: number) => boolean): Float64Array =>
    values.map((value, at) => (isAllowed(at) ? value : -Infinity));
  return {
    labels: K,
    transitions: only(weights.transitions, (at) => constraints.next[Math.floor(at / K)][at % K]),
    start: only(weights.start, (at) => constraints.start[at]),
    end: only(weights.end, (at) => constraints.end[at]),
  };
}

/**
 * The labels of the highest score (Viterbi 1967; Rabiner 1989, section III.B); of several, the one with the smaller
 * label at the last step where they differ.
 *
 * @param scores `[n, K]`, finite.
 * @throws OUT_OF_RANGE where the constraints allow no sequence of this length
 */
export function bestLabels(
  scores: Float64Array,
  weights: ChainWeights,
  constraints?: ChainConstraints,
): { labels: Int32Array; score: number } {
  const { labels: K, transitions, start, end } = constrainedWeights(weights, constraints);
  const n = scores.length / K;
  const labels = new Int32Array(n);
  if (n === 0) return { labels, score: 0 };
  const cameFrom = new Int32Array(n * K);
  let best = Float64Array.from({ length: K }, (_, j) => start[j] + scores[j]);
  for (let t = 1; t < n; t++) {
    const reached = new Float64Array(K).fill(-Infinity);
    for (let i = 0; i < K; i++) {
      const sofar = best[i];
      if (sofar === -Infinity) continue;
      for (let j = 0, at = i * K; j < K; j++, at++) {
        const score = sofar + transitions[at];
        if (score > reached[j]) {
          reached[j] = score;
          cameFrom[t * K + j] = i;
        }
      }
    }
    for (let j = 0; j < K; j++) reached[j] += scores[t * K + j];
    best = reached;
  }
  let score = -Infinity;
  for (let j = 0; j < K; j++) {
    if (best[j] + end[j] <= score) continue;
    score = best[j] + end[j];
    labels[n - 1] = j;
  }
  if (score === -Infinity) {
    throw new RondoError('OUT_OF_RANGE', {
      where: 'bestLabels',
      what: `the constraints allow no sequence of ${n} labels.`,
      expected: 'constraints that some sequence of every length fulfils',
      fix: 'add a label that may stand anywhere, such as `O`, or decode without constraints.',
    });
  }
  for (let t = n - 1; t > 0; t--) labels[t - 1] = cameFrom[t * K + labels[t]];
  return { labels, score };
}

/**
 * `P(y[t] = j)` for every step and label, `[n, K]`, among the sequences that the constraints allow.
 *
 * @throws OUT_OF_RANGE where they allow none
 */
export function labelMarginals(
  scores: Float64Array,
  given: ChainWeights,
  constraints?: ChainConstraints,
): Float64Array {
  const weights = constrainedWeights(given, constraints);
  const { labels: K, transitions, start } = weights;
  const n = scores.length / K;
  const marginals = new Float64Array(n * K);
  if (n === 0) return marginals;
  const later = scoresOfLater(scores, weights, transitionFactors(weights));
  let earlier = Float64Array.from({ length: K }, (_, j) => start[j] + scores[j]);
  const logZ = logSumExp(earlier.map((value, j) => value + later[j]));
  if (logZ === -Infinity) bestLabels(scores, weights);
  const terms = new Float64Array(K);
  for (let t = 0; t < n; t++) {
    if (t > 0) {
      const before = earlier;
      earlier = Float64Array.from({ length: K }, (_, j) => {
        for (let i = 0; i < K; i++) terms[i] = before[i] + transitions[i * K + j];
        return logSumExp(terms) + scores[t * K + j];
      });
    }
    for (let j = 0; j < K; j++) marginals[t * K + j] = exponential(earlier[j] + later[t * K + j] - logZ);
  }
  return marginals;
}

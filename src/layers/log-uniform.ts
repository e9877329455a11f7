import { requireCount } from '../errors.js';
import type { Random } from '../random.js';
import type { CandidateClasses } from '../tensor/sampled-crossentropy.js';

/**
 * `P(k) = ln((k + 2) / (k + 1)) / ln(classes + 1)`: about the frequency of the k-th most frequent word (Zipf's law).
 */
export function logUniformProbability(k: number, classes: number): number {
  return Math.log1p(1 / (k + 1)) / Math.log(classes + 1);
}

/**
 * Draws classes with replacement, class k with {@link logUniformProbability}, so classes should be numbered from the
 * most frequent on, as a Vocabulary numbers its tokens.
 *
 * @throws OUT_OF_RANGE
 */
export function logUniformCandidates(count: number, classes: number, random: Random): CandidateClasses {
  requireCount('logUniformCandidates', 'count', count);
  requireCount('logUniformCandidates', 'classes', classes);
  const range = Math.log(classes + 1);
  // exp(u range) - 1 has k + 1 > it >= k with the probability of k; rounding may reach `classes`.
  const drawn = Int32Array.from({ length: count }, () =>
    Math.min(classes - 1, Math.floor(Math.exp(random.uniform() * range)) - 1),
  );
  return { classes: drawn, expectedCounts: Float64Array.from(drawn, (k) => count * logUniformProbability(k, classes)) };
}

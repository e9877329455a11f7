import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../../errors.js';
import { exponential } from '../../exponential.js';
import type { Random } from '../../random.js';

/** How the next token is drawn from a model's logits. */
export interface SamplingOptions {
  /** Divides the logits: below 1 plays safe, above 1 dares more, 0 always takes the likeliest token. Default 1. */
  temperature?: number | undefined;
  /**
   * Draws only from the `topK` likeliest tokens; all by default. Fan et al. 2018, "Hierarchical neural story
   * generation".
   */
  topK?: number | undefined;
  /**
   * Draws only from the fewest tokens whose probabilities sum to at least `topP`; 1 by default. Holtzman et al. 2020,
   * "The curious case of neural text degeneration". Applied after `topK`.
   */
  topP?: number | undefined;
  /**
   * Draws only tokens at least `minP` times as likely as the likeliest, after the temperature; 0 by default. Nguyen et
   * al. 2024, "Turning up the heat: min-p sampling for creative and coherent LLM outputs". Applied with the others: a
   * token must pass all.
   */
  minP?: number | undefined;
}

/** Names of {@link SamplingOptions}. */
export const samplingOptionNames = ['temperature', 'topK', 'topP', 'minP'] as const;

/** @throws OUT_OF_RANGE */
export function requireSampling(where: string, { temperature, topK, topP, minP }: SamplingOptions): void {
  if (temperature !== undefined)
    requireNumber(where, 'temperature', temperature, 'a number of at least 0', (value) => value >= 0);
  if (topK !== undefined) requireCount(where, 'topK', topK);
  if (topP !== undefined)
    requireNumber(where, 'topP', topP, 'a number above 0 and at most 1', (value) => value > 0 && value <= 1);
  if (minP !== undefined)
    requireNumber(where, 'minP', minP, 'a number from 0 to 1', (value) => value >= 0 && value <= 1);
}

/**
 * Draws a token: `P(i) ~ exp(logits[i] / temperature)`, cut to the likeliest as the options say. Tokens in `never` are
 * not drawn. One uniform number is taken from `random` for each call, whatever the options, so runs stay comparable.
 *
 * @throws NOT_FINITE when no token has a finite logit.
 */
export function sampleToken(
  logits: ArrayLike<number>,
  random: Random,
  options: SamplingOptions = {},
  never: { has(token: number): boolean } = new Set<number>(),
): number {
  const where = 'sampleToken';
  refuseUnknownOptions(where, options, samplingOptionNames);
  requireSampling(where, options);
  const { temperature = 1, topK = Infinity, topP = 1, minP = 0 } = options;
  const draw = random.uniform();
  const candidates: number[] = [];
  for (let i = 0; i < logits.length; i++) if (!never.has(i) && logits[i] !== -Infinity) candidates.push(i);
  const best = candidates.reduce((a, b) => (logits[b] > logits[a] ? b : a), candidates[0]);
  if (best === undefined || !candidates.every((i) => Number.isFinite(logits[i]))) {
    throw new RondoError('NOT_FINITE', {
      where,
      what: 'the logits are not finite.',
      expected: 'a finite number for each token',
      received: `${Array.from(logits).filter(Number.isFinite).length} finite of ${logits.length}`,
      fix: 'train the model again with a smaller learning rate.',
    });
  }
  if (temperature === 0) return best;
  // Subtracting the largest logit first keeps every power at most 1.
  const weight = (i: number): number => exponential((logits[i] - logits[best]) / temperature);
  let kept = minP > 0 ? candidates.filter((i) => weight(i) >= minP) : candidates;
  if (topK < kept.length || topP < 1) {
    kept = [...kept].sort((a, b) => logits[b] - logits[a] || a - b).slice(0, topK);
    if (topP < 1) kept = nucleus(kept, kept.map(weight), topP);
  }
  const weights = kept.map(weight);
  let left = draw * weights.reduce((sum, value) => sum + value, 0);
  for (let k = 0; k < kept.length; k++) {
    left -= weights[k];
    if (left < 0) return kept[k];
  }
  return best;
}

/** The first of the sorted tokens whose weights reach the share `topP` of all. */
function nucleus(sorted: readonly number[], weights: readonly number[], topP: number): number[] {
  const limit = topP * weights.reduce((sum, value) => sum + value, 0);
  let sum = 0;
  let count = 0;
  while (count < sorted.length && (count === 0 || sum < limit)) sum += weights[count++];
  return sorted.slice(0, count);
}

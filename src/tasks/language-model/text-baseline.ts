import { isCount, isFiniteNumber, isObject } from '../../data/saved-fields.js';
import type { TokenLevel } from '../../data/tokens/token-codec.js';

/** What counting reaches on tokens that were not counted, in nats a token; plain JSON. */
export interface TextBaseline {
  /** Tokens that were measured. */
  readonly numTokens: number;
  /** Each token by its frequency in the training part, whatever stands before it. */
  readonly frequencies: number;
  /** Each token by how often it followed the `order - 1` tokens before it. */
  readonly ngram: number;
  /** Tokens of the longest n-gram. */
  readonly order: number;
}

/** N-grams of more tokens than these are counted in the last ones only, which bounds time and memory. */
const mostCounted = 1 << 20;

/** Signs say little alone, words much. */
export function ngramOrder(level: TokenLevel): number {
  return level === 'characters' || level === 'bytes' ? 5 : 3;
}

/**
 * The baselines of a language model, counted in one pass over what it learns from.
 *
 * ```
 * P(token)           = (count(token) + n / size) / (count + n)
 * P(token | context) = (count(context, token) + n(context) P(token | shorter context)) / (count(context) + n(context))
 * ```
 *
 * where n is the number of different tokens seen there. Witten and Bell 1991, "The zero-frequency problem", method C,
 * interpolated as in Chen and Goodman 1996, "An empirical study of smoothing techniques for language modeling",
 * section 2.4. Both are proper distributions over all `size` tokens.
 *
 * @param measured texts that begin with nothing before them; of each all tokens but the first are measured.
 * @param size of the vocabulary.
 */
export function textBaseline(
  learned: Int32Array,
  measured: readonly Int32Array[],
  size: number,
  order: number,
): TextBaseline {
  const unigrams = new ContextCounts(size, 1);
  unigrams.learn(learned);
  const ngrams = new ContextCounts(size, order);
  ngrams.learn(learned.subarray(-mostCounted));
  const numTokens = measured.reduce((sum, { length }) => sum + length - 1, 0);
  const lossOf = (counts: ContextCounts): number =>
    -measured.reduce((sum, tokens) => sum + counts.logLikelihood(tokens), 0) / numTokens;
  return { numTokens, frequencies: lossOf(unigrams), ngram: lossOf(ngrams), order };
}

export function isTextBaseline(value: unknown): value is TextBaseline {
  return (
    isObject(value) &&
    isCount(value.numTokens) &&
    isCount(value.order) &&
    isFiniteNumber(value.frequencies) &&
    isFiniteNumber(value.ngram)
  );
}

/** How often tokens followed contexts of up to `order - 1` tokens: a tree whose node is a run of tokens. */
class ContextCounts {
  readonly #children = new Map<number, number>();
  /** By node: how often it was seen; how often and by how many different tokens it was followed. */
  readonly #seen = [0];
  readonly #followed = [0];
  readonly #followers = [0];

  constructor(
    readonly size: number,
    readonly order: number,
  ) {}

  learn(tokens: Int32Array): void {
    let contexts = [0];
    for (const token of tokens) {
      const longer = [0];
      for (const node of contexts) {
        let child = this.#children.get(node * this.size + token);
        if (child === undefined) {
          child = this.#seen.length;
          this.#children.set(node * this.size + token, child);
          this.#seen.push(0);
          this.#followed.push(0);
          this.#followers.push(0);
          this.#followers[node]++;
        }
        this.#seen[child]++;
        this.#followed[node]++;
        if (longer.length < this.order) longer.push(child);
      }
      contexts = longer;
    }
  }

  /** Sum of `ln P` of all tokens but the first. */
  logLikelihood(tokens: Int32Array): number {
    let sum = 0;
    let contexts = [0];
    tokens.forEach((token, i) => {
      let probability = 1 / this.size;
      const longer = [0];
      for (const node of contexts) {
        const child = this.#children.get(node * this.size + token);
        const followers = this.#followers[node];
        if (followers > 0)
          probability =
            ((child === undefined ? 0 : this.#seen[child]) + followers * probability) /
            (this.#followed[node] + followers);
        if (child !== undefined && longer.length < this.order) longer.push(child);
      }
      // Of a context that was never seen no longer one was.
      contexts = longer;
      if (i > 0) sum += Math.log(probability);
    });
    return sum;
  }
}

import { RondoError, requireCount } from '../../errors.js';
import type { PretrainedVectors } from './pretrained-vectors.js';
import type { Subwords } from './subwords.js';

/** Words and their vectors, as a file of word2vec, GloVe or fastText holds them. See `readWordVectors`. */
export class WordVectors implements PretrainedVectors {
  /** In the order of the file: most frequent first in files of the usual programs. */
  readonly words: readonly string[];
  /** Numbers in a vector. */
  readonly dimension: number;
  readonly #places: ReadonlyMap<string, number>;
  #lengths: Float64Array | undefined;

  /**
   * @param values the vectors one after the other, `[words, dimension]`; not copied.
   * @param subwords gives vectors to words that are not among the words.
   * @throws OUT_OF_RANGE where the numbers do not fit, or a word comes twice
   */
  constructor(
    words: readonly string[],
    readonly values: Float32Array,
    readonly subwords?: Subwords,
  ) {
    this.words = words;
    this.dimension = words.length === 0 ? (subwords?.dimension ?? 0) : values.length / words.length;
    this.#places = new Map(words.map((word, i) => [word, i]));
    if (words.length > 0) requireCount('WordVectors', 'dimension', this.dimension);
    if (this.#places.size < words.length) {
      const twice = words.find((word, i) => this.#places.get(word) !== i);
      throw new RondoError('OUT_OF_RANGE', {
        where: 'WordVectors',
        what: 'a word comes twice.',
        expected: 'different words',
        received: JSON.stringify(twice),
        fix: 'list each word once.',
      });
    }
  }

  get size(): number {
    return this.words.length;
  }

  /** Whether the file holds the word itself. */
  has(word: string): boolean {
    return this.#places.has(word);
  }

  /** {@link words}, as a map has them. */
  keys(): Iterable<string> {
    return this.words;
  }

  /** The place of a word in {@link words}; undefined where it is not there. */
  indexOf(word: string): number | undefined {
    return this.#places.get(word);
  }

  /** The vector at a place; a view of {@link values}. */
  at(index: number): Float32Array {
    return this.values.subarray(index * this.dimension, (index + 1) * this.dimension);
  }

  /**
   * The vector of a word, by its subwords where it is not in the file and the file has any; undefined where there is
   * none.
   */
  get(word: string): Float32Array | undefined {
    const place = this.#places.get(word);
    return place === undefined ? this.subwords?.vectorOf(word) : this.at(place).slice();
  }

  /** The Euclidean length of the vector at a place. */
  lengthAt(index: number): number {
    if (this.#lengths === undefined) {
      this.#lengths = new Float64Array(this.size);
      for (let i = 0; i < this.size; i++) this.#lengths[i] = euclideanLength(this.at(i));
    }
    return this.#lengths[index];
  }
}

/** `sqrt(sum x_i^2)`. */
export function euclideanLength(vector: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  return Math.sqrt(sum);
}

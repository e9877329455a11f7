/** Words and their vectors: {@link WordVectors}, or a map of words. */
export interface PretrainedVectors {
  /** The vector of a word, by its n-grams where it is not there and they are known; undefined where there is none. */
  get(word: string): ArrayLike<number> | undefined;
  /** Whether the word itself is there. */
  has(word: string): boolean;
  /** The words, most frequent first in files of the usual programs. */
  keys(): Iterable<string>;
}

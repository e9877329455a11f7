import { RondoError } from '../../errors.js';

/** Words and their vectors: {@link WordVectors}, or a map of words. */
export interface PretrainedVectors {
  /** The vector of a word, by its n-grams where it is not there and they are known; undefined where there is none. */
  get(word: string): ArrayLike<number> | undefined;
  /** Whether the word itself is there. */
  has(word: string): boolean;
  /** The words, most frequent first in files of the usual programs. */
  keys(): Iterable<string>;
}

/** @throws USAGE where vectors are to stay as they are, and none are given */
export function requireVectorsToFreeze(
  where: string,
  freezeVectors: boolean,
  vectors: PretrainedVectors | undefined,
): void {
  if (!freezeVectors || vectors !== undefined) return;
  throw new RondoError('USAGE', {
    where,
    what: '`freezeVectors` is given, and no vectors are.',
    expected: 'vectors of words',
    fix: 'give `vectors`, or leave `freezeVectors` out.',
  });
}

import { nearestNames, RondoError, requireCount } from '../../errors.js';
import { euclideanLength, type WordVectors } from './word-vectors.js';

/** A word near another. */
export interface Neighbour {
  readonly word: string;
  /** Cosine of the angle between the two vectors: 1 the same direction, 0 nothing in common. */
  readonly similarity: number;
}

/**
 * The words whose vectors have the largest cosine with that of a word (or with a vector), best first; the word itself
 * is left out. Words of equal similarity keep the order of the file.
 *
 * @throws UNKNOWN_NAME for a word without a vector; OUT_OF_RANGE
 */
export function nearestWords(vectors: WordVectors, query: string | ArrayLike<number>, count = 10): Neighbour[] {
  requireCount('nearestWords', 'count', count);
  if (typeof query === 'string')
    return best(vectors, vectorOrThrow(vectors, query, 'nearestWords'), count, new Set([query]));
  if (query.length !== vectors.dimension) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'nearestWords',
      what: 'the vector has the wrong length.',
      expected: `${vectors.dimension} numbers`,
      received: `${query.length}`,
      fix: 'give a vector of the same file.',
    });
  }
  return best(vectors, query, count, new Set());
}

/**
 * Answers "a is to b as c is to ...": the words nearest to `b - a + c`, each vector of length 1 before (3CosAdd); a, b
 * and c are left out. Mikolov et al. 2013, "Linguistic regularities in continuous space word representations", section
 * 4; the form with unit vectors is eq. 3 of Levy and Goldberg 2014, "Linguistic regularities in sparse and explicit
 * word representations".
 *
 * @throws UNKNOWN_NAME for a word without a vector; OUT_OF_RANGE
 */
export function wordAnalogy(
  vectors: WordVectors,
  [a, b, c]: readonly [a: string, b: string, c: string],
  count = 10,
): Neighbour[] {
  requireCount('wordAnalogy', 'count', count);
  const [from, to, like] = [a, b, c].map((word) => unit(vectorOrThrow(vectors, word, 'wordAnalogy')));
  return best(
    vectors,
    to.map((value, i) => value - from[i] + like[i]),
    count,
    new Set([a, b, c]),
  );
}

function best(vectors: WordVectors, query: ArrayLike<number>, count: number, except: ReadonlySet<string>): Neighbour[] {
  const length = euclideanLength(query);
  const found: { index: number; similarity: number }[] = [];
  for (let index = 0; index < vectors.size; index++) {
    if (except.has(vectors.words[index])) continue;
    const product = vectors.lengthAt(index) * length;
    const similarity = product === 0 ? 0 : dot(vectors.at(index), query) / product;
    if (found.length === count && similarity <= found[count - 1].similarity) continue;
    let place = found.length;
    while (place > 0 && found[place - 1].similarity < similarity) place--;
    found.splice(place, 0, { index, similarity });
    if (found.length > count) found.pop();
  }
  return found.map(({ index, similarity }) => ({ word: vectors.words[index], similarity }));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function unit(vector: Float32Array): Float64Array {
  const length = euclideanLength(vector);
  return Float64Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}

function vectorOrThrow(vectors: WordVectors, word: string, where: string): Float32Array {
  const vector = vectors.get(word);
  if (vector !== undefined) return vector;
  // Comparing with every word of a large file would take longer than the answer is worth.
  const near = nearestNames(word, vectors.words.slice(0, 50_000));
  throw new RondoError('UNKNOWN_NAME', {
    where,
    what:
      `there is no vector for ${JSON.stringify(word)}` +
      (near.length > 0 ? `; did you mean ${near.map((name) => JSON.stringify(name)).join(', ')}?` : '.'),
    expected: `one of ${vectors.size} words${vectors.subwords === undefined ? '' : ', or a word that its n-grams can spell'}`,
    received: JSON.stringify(word),
    fix: 'check its spelling and its upper and lower case.',
  });
}

import type { PretrainedVectors } from '../pretrained-vectors.js';
import { RondoError } from '../../errors.js';
import { Random } from '../../random.js';
import type { TokenEncoder } from './token-encoder.js';

/** A table of token vectors begun with pretrained ones. */
export interface EmbeddingTable {
  readonly width: number;
  /** `[tokens, width]`. */
  readonly values: Float32Array;
  /** How many tokens have a pretrained vector. */
  readonly numFound: number;
}

/**
 * The vectors of an encoder's tokens, found as they are written, else lower-cased. Tokens without a vector get normal numbers as
 * widely spread as those that have one; padding gets zeros.
 *
 * @throws DATA_FORMAT where no token has a vector, or vectors differ in width or hold numbers that are not finite.
 */
export function embeddingTable(vectors: PretrainedVectors, encoder: TokenEncoder, random: Random): EmbeddingTable {
  const { tokens } = encoder.vocabulary;
  const found = tokens.map((token) => vectors.get(token) ?? vectors.get(token.toLowerCase()));
  const first = found.findIndex((vector) => vector !== undefined);
  if (first < 0) throw new RondoError('DATA_FORMAT', { where: 'vectors', what: 'no token of the texts has a vector.', expected: 'vectors of words such as those of the texts', received: `none for ${tokens.slice(2, 8).join(', ')} ...`, fix: 'use vectors of the same language, cut into the same kind of tokens.' });
  const width = found[first]!.length;
  let [sum, squares, count] = [0, 0, 0];
  found.forEach((vector, id) => {
    if (vector === undefined) return;
    if (vector.length !== width) throw new RondoError('DATA_FORMAT', { where: 'vectors', what: `the vector of \`${tokens[id]}\` has another width.`, expected: `${width} numbers, as that of \`${tokens[first]}\``, received: `${vector.length}`, fix: 'give vectors of one width.' });
    for (let i = 0; i < width; i++) {
      if (!Number.isFinite(vector[i])) throw new RondoError('DATA_FORMAT', { where: 'vectors', what: `the vector of \`${tokens[id]}\` holds a number that is not finite.`, expected: 'finite numbers', received: String(vector[i]), fix: 'check the file of vectors.' });
      sum += vector[i];
      squares += vector[i] ** 2;
    }
    count += width;
  });
  const mean = sum / count;
  const spread = Math.sqrt(Math.max(0, squares / count - mean ** 2));
  const values = new Float32Array(tokens.length * width);
  found.forEach((vector, id) => {
    for (let i = 0; i < width; i++) values[id * width + i] = vector?.[i] ?? (id === 0 ? 0 : mean + spread * random.normal());
  });
  return { width, values, numFound: count / width };
}

import type { Vocabulary } from '../../data/vocabulary.js';
import { RondoError } from '../../errors.js';
import type { Random } from '../../random.js';
import { coverageOf, type VectorCoverage, type VectorSource } from './coverage.js';
import type { FormVectors } from './form-vectors.js';

/** What the table of an embedding starts from. */
export interface VectorTable {
  /** Numbers in a vector. */
  readonly width: number;
  /** `[tokens, width]`. */
  readonly values: Float32Array;
  readonly coverage: VectorCoverage;
}

export interface VectorTableOptions {
  /** The width that is asked for, as an option is called. Default that of the vectors; another one is refused. */
  readonly width?: Readonly<Record<string, number | undefined>> | undefined;
  /** Draws what is not found. */
  readonly random: Random;
  /** Standard deviation of drawn vectors. Default that of all values that were found. */
  readonly stddev?: number | undefined;
  /** Whether words that are not there get vectors by their n-grams. Default true. */
  readonly subwords?: boolean | undefined;
  /** By id: how often the text holds each token. Default: there is no text. */
  readonly counts?: ArrayLike<number> | undefined;
  /** Which tokens are the text's and not only the file's. Default all. */
  readonly isOfText?: ((id: number) => boolean) | undefined;
}

/**
 * The table of a vocabulary: each token has its vector, else normal numbers with mean 0, as widely spread as all that
 * were found; padding has zeros. The unknown token has the vector of its name where there is one.
 *
 * @throws DATA_FORMAT where no token has a vector, or vectors differ in width or hold a number that is not finite;
 * USAGE for another
 *   width than theirs
 */
export function vectorTable(
  vocabulary: Vocabulary,
  vectors: FormVectors,
  where: string,
  { random, width: wanted = {}, stddev, subwords = true, counts, isOfText }: VectorTableOptions,
): VectorTable {
  const { tokens, paddingToken, oovToken } = vocabulary;
  const isSpecial = (token: string): boolean => token === paddingToken || token === oovToken;
  const found = tokens.map((token) => {
    const own = token === paddingToken ? undefined : vectors.find(token);
    return own?.source === 'subwords' && (!subwords || isSpecial(token)) ? undefined : own;
  });
  const sources = tokens.map(
    (token, id): VectorSource => (isSpecial(token) ? 'special' : (found[id]?.source ?? 'drawn')),
  );
  const coverage = coverageOf(tokens, sources, counts, isOfText);
  if (coverage.foundTypes + coverage.subwordTypes === 0) throw nothingFound(where, coverage.missing);
  const width = requireVectors(
    tokens,
    found.map((own) => own?.vector),
    where,
  );
  for (const [name, units] of Object.entries(wanted)) {
    if (units !== undefined && units !== width)
      throw new RondoError('USAGE', {
        where,
        what: 'the vectors decide how wide the embedding is.',
        expected: `${name} ${width}, or none`,
        received: String(units),
        fix: `leave ${name} out.`,
      });
  }
  const values = new Float32Array(tokens.length * width);
  found.forEach((own, id) => own && values.set(own.vector, id * width));
  const spread = stddev ?? spreadOf(values, sources, width);
  tokens.forEach((token, id) => {
    if (found[id] !== undefined || token === paddingToken) return;
    for (let i = 0; i < width; i++) values[id * width + i] = spread * random.normal();
  });
  return { width, values, coverage };
}

/** The width that all vectors have. */
function requireVectors(
  tokens: readonly string[],
  found: readonly (ArrayLike<number> | undefined)[],
  where: string,
): number {
  const first = found.findIndex((vector) => vector !== undefined);
  const width = found[first]!.length;
  found.forEach((vector, id) => {
    if (vector === undefined) return;
    const what = (fault: string): string => `the vector of ${JSON.stringify(tokens[id])} ${fault}`;
    if (vector.length !== width)
      throw new RondoError('DATA_FORMAT', {
        where: `${where}, vectors`,
        what: what('has another width.'),
        expected: `${width} numbers, as that of ${JSON.stringify(tokens[first])}`,
        received: String(vector.length),
        fix: 'give vectors of one width.',
      });
    for (let i = 0; i < width; i++) {
      if (!Number.isFinite(vector[i]))
        throw new RondoError('DATA_FORMAT', {
          where: `${where}, vectors`,
          what: what('holds a number that is not finite.'),
          expected: 'finite numbers',
          received: String(vector[i]),
          fix: 'check where the vectors come from.',
        });
    }
  });
  return width;
}

function nothingFound(where: string, missing: readonly string[]): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: `${where}, vectors`,
    what: 'no token of the text has a vector.',
    expected: 'vectors of words such as those of the text',
    received: `none for ${missing
      .slice(0, 6)
      .map((token) => JSON.stringify(token))
      .join(', ')}${missing.length > 6 ? ' ...' : ''}`,
    fix: 'use vectors of the same language, cut into the same kind of tokens.',
  });
}

/** The standard deviation of all values that are not drawn. */
function spreadOf(values: Float32Array, sources: readonly VectorSource[], width: number): number {
  let [sum, squares, count] = [0, 0, 0];
  sources.forEach((source, id) => {
    if (source !== 'found' && source !== 'subwords') return;
    for (const value of values.subarray(id * width, (id + 1) * width)) {
      sum += value;
      squares += value * value;
    }
    count += width;
  });
  return count === 0 ? 0.1 : Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

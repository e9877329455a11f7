import type { Vocabulary } from '../../data/vocabulary.js';
import { RondoError, refuseUnknownOptions, requireNumber } from '../../errors.js';
import { Embedding } from '../../layers/embedding.js';
import type { LayerOptions } from '../../layers/layer.js';
import { Random } from '../../random.js';
import type { WordVectors } from './word-vectors.js';

export interface EmbeddingFromVectorsOptions extends LayerOptions {
  /** Whether training changes the vectors. Default false: they stay as the file has them, and so do those drawn for unknown words. */
  trainable?: boolean;
  /** Whether index 0 is padding, which later layers skip. Default: whether the vocabulary has a padding token. */
  maskZero?: boolean;
  /** For words that the file does not know: vectors by n-grams where the file has any (default), or drawn ones for all. */
  unknown?: 'subwords' | 'normal';
  /** Standard deviation of drawn vectors. Default that of all values that were found, or 0.1 where none was. */
  stddev?: number;
  /** Of drawn vectors. Default 0. */
  seed?: number;
  /** A text as ids of the vocabulary, to report the share of tokens that have vectors. */
  tokens?: ArrayLike<number>;
}

/** How much of a vocabulary, and of a text, word vectors cover. */
export interface VectorCoverage {
  /** Tokens of the vocabulary without those for padding and for unknown words. */
  readonly numTypes: number;
  /** Types that the file holds. */
  readonly foundTypes: number;
  /** Types that got a vector by their n-grams. */
  readonly subwordTypes: number;
  /** `(foundTypes + subwordTypes) / numTypes`. */
  readonly shareOfTypes: number;
  /** The same share, each type counted as often as the text holds it; undefined without a text. */
  readonly shareOfTokens: number | undefined;
  /** The first types of the vocabulary without a vector, 20 at most. */
  readonly missing: readonly string[];
}

export interface VectorEmbedding {
  /** Built, with its vectors; for the front of a model. */
  readonly embedding: Embedding;
  readonly coverage: VectorCoverage;
}

/**
 * An embedding of a vocabulary that starts from word vectors: each token has the vector of the file, else one by its n-grams,
 * else normal numbers; the padding token has zeros. Equal seeds give equal numbers.
 *
 * @example
 * const { embedding, coverage } = embeddingFromVectors(vocabulary, await loadWordVectors('wiki.en.vec'), { trainable: true });
 * const model = new Sequential([embedding, new LSTM({ units: 64 }), new Dense({ units: 2, activation: 'softmax' })]);
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME; USAGE for a text that is not of this vocabulary
 */
export function embeddingFromVectors(vocabulary: Vocabulary, vectors: WordVectors, options: EmbeddingFromVectorsOptions = {}): VectorEmbedding {
  const where = 'embeddingFromVectors';
  refuseUnknownOptions(where, options, ['name', 'trainable', 'inputShape', 'maskZero', 'unknown', 'stddev', 'seed', 'tokens']);
  const { trainable = false, maskZero = vocabulary.paddingToken !== undefined, unknown = 'subwords', seed = 0, tokens, stddev, name, inputShape = [null] } = options;
  if (stddev !== undefined) requireNumber(where, 'stddev', stddev, 'a number of at least 0', (value) => value >= 0);
  if (vectors.dimension === 0) throw new RondoError('OUT_OF_RANGE', { where, what: 'there are no vectors.', expected: 'at least one word', received: '0 words', fix: 'read more of the file: check `keep` and `limit`.' });
  const dimension = vectors.dimension;
  const values = new Float32Array(vocabulary.size * dimension);
  const sources = vocabulary.tokens.map((token, id): Source => {
    const isSpecial = token === vocabulary.paddingToken || token === vocabulary.oovToken;
    const isFound = vectors.has(token);
    const vector = isFound || (unknown === 'subwords' && !isSpecial) ? vectors.vectorOf(token) : undefined;
    if (vector !== undefined) values.set(vector, id * dimension);
    if (isSpecial) return vector === undefined && token === vocabulary.oovToken ? 'drawn special' : 'special';
    return isFound ? 'found' : vector === undefined ? 'drawn' : 'subwords';
  });
  const spread = stddev ?? spreadOf(values, sources, dimension);
  const random = new Random(seed, 'embeddingFromVectors');
  sources.forEach((source, id) => {
    if (source.startsWith('drawn')) for (let i = 0; i < dimension; i++) values[id * dimension + i] = spread * random.normal();
  });
  const embedding = new Embedding({ inputDim: vocabulary.size, outputDim: dimension, embeddingsInitializer: 'zeros', trainable, maskZero, name, inputShape });
  embedding.ensureBuilt([null, ...inputShape]);
  embedding.weights[0].assign(values);
  return { embedding, coverage: coverageOf(vocabulary, sources, tokens) };
}

/** Where the vector of a token comes from. */
type Source = 'found' | 'subwords' | 'drawn' | 'special' | 'drawn special';

/** The standard deviation of all values that are not drawn. */
function spreadOf(values: Float32Array, sources: readonly Source[], dimension: number): number {
  let [sum, squares, count] = [0, 0, 0];
  sources.forEach((source, id) => {
    if (source !== 'found' && source !== 'subwords') return;
    for (const value of values.subarray(id * dimension, (id + 1) * dimension)) {
      sum += value;
      squares += value * value;
    }
    count += dimension;
  });
  return count === 0 ? 0.1 : Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

function coverageOf(vocabulary: Vocabulary, sources: readonly Source[], tokens: ArrayLike<number> | undefined): VectorCoverage {
  const numTypes = sources.filter((source) => !source.includes('special')).length;
  const foundTypes = sources.filter((source) => source === 'found').length;
  const subwordTypes = sources.filter((source) => source === 'subwords').length;
  let covered = 0;
  for (let i = 0; i < (tokens?.length ?? 0); i++) {
    const source = sources[tokens![i]];
    if (source === undefined) {
      throw new RondoError('USAGE', { where: 'embeddingFromVectors', what: `token ${i} of the text is not of this vocabulary.`, expected: `ids from 0 to ${sources.length - 1}`, received: String(tokens![i]), fix: 'encode the text with the same vocabulary.' });
    }
    if (source === 'found' || source === 'subwords') covered++;
  }
  return {
    numTypes,
    foundTypes,
    subwordTypes,
    shareOfTypes: numTypes === 0 ? 0 : (foundTypes + subwordTypes) / numTypes,
    shareOfTokens: tokens === undefined || tokens.length === 0 ? undefined : covered / tokens.length,
    missing: vocabulary.tokens.filter((_, id) => sources[id] === 'drawn').slice(0, 20),
  };
}

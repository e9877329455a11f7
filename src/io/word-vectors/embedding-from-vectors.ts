import type { Vocabulary } from '../../data/vocabulary.js';
import { RondoError, refuseUnknownOptions, requireNumber } from '../../errors.js';
import { Embedding } from '../../layers/embedding.js';
import type { LayerOptions } from '../../layers/layer.js';
import { Random } from '../../random.js';
import type { VectorCoverage } from './coverage.js';
import { FormVectors } from './form-vectors.js';
import type { PretrainedVectors } from './pretrained-vectors.js';
import { vectorTable } from './vector-table.js';

export interface EmbeddingFromVectorsOptions extends LayerOptions {
  /**
   * Whether training changes the vectors. Default false: they stay as the file has them, and so do those drawn for
   * unknown words.
   */
  trainable?: boolean | undefined;
  /** Whether index 0 is padding, which later layers skip. Default: whether the vocabulary has a padding token. */
  maskZero?: boolean | undefined;
  /**
   * For words that the file does not know: vectors by n-grams where the file has any (default), or drawn ones for all.
   */
  unknown?: 'subwords' | 'normal' | undefined;
  /** Standard deviation of drawn vectors. Default that of all values that were found. */
  stddev?: number | undefined;
  /** Of drawn vectors. Default 0. */
  seed?: number | undefined;
  /** A text as ids of the vocabulary, to report the share of tokens that have vectors. */
  tokens?: ArrayLike<number> | undefined;
}

export interface VectorEmbedding {
  /** Built, with its vectors; for the front of a model. */
  readonly embedding: Embedding;
  readonly coverage: VectorCoverage;
}

/**
 * An embedding of a vocabulary that starts from word vectors: each token has the vector of the file, else one by its
 * n-grams, else normal numbers; the padding token has zeros. Equal seeds give equal numbers.
 *
 * @example
 * const { embedding, coverage } = embeddingFromVectors(vocabulary, await loadWordVectors('wiki.en.vec'), { trainable: true });
 * const model = new Sequential([embedding, new LSTM({ units: 64 }), new Dense({ units: 2, activation: 'softmax' })]);
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME; DATA_FORMAT where no token has a vector; USAGE for a text that is not of this
 * vocabulary
 */
export function embeddingFromVectors(
  vocabulary: Vocabulary,
  vectors: PretrainedVectors,
  options: EmbeddingFromVectorsOptions = {},
): VectorEmbedding {
  const where = 'embeddingFromVectors';
  refuseUnknownOptions(where, options, [
    'name',
    'trainable',
    'inputShape',
    'maskZero',
    'unknown',
    'stddev',
    'seed',
    'tokens',
  ]);
  const {
    trainable = false,
    maskZero = vocabulary.paddingToken !== undefined,
    unknown = 'subwords',
    seed = 0,
    tokens,
    stddev,
    name,
    inputShape = [null],
  } = options;
  if (stddev !== undefined) requireNumber(where, 'stddev', stddev, 'a number of at least 0', (value) => value >= 0);
  const counts = tokens && countsOf(tokens, vocabulary.size, where);
  const { width, values, coverage } = vectorTable(vocabulary, new FormVectors(vectors), where, {
    random: new Random(seed, where),
    stddev,
    subwords: unknown === 'subwords',
    counts,
  });
  const embedding = new Embedding({
    inputDim: vocabulary.size,
    outputDim: width,
    embeddingsInitializer: 'zeros',
    trainable,
    maskZero,
    name,
    inputShape,
  });
  embedding.table.assign(values);
  return { embedding, coverage };
}

/** How often a text holds each id. */
function countsOf(tokens: ArrayLike<number>, size: number, where: string): Float64Array {
  const counts = new Float64Array(size);
  for (let i = 0; i < tokens.length; i++) {
    if (counts[tokens[i]] === undefined) {
      throw new RondoError('USAGE', {
        where,
        what: `token ${i} of the text is not of this vocabulary.`,
        expected: `ids from 0 to ${size - 1}`,
        received: String(tokens[i]),
        fix: 'encode the text with the same vocabulary.',
      });
    }
    counts[tokens[i]]++;
  }
  return counts;
}

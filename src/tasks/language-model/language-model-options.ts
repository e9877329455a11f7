import type { TokenLevel } from '../../data/tokens/token-codec.js';
import type { WordVectors } from '../../io/word-vectors/word-vectors.js';
import { codecOptions, levelFacts, tokenLevels } from '../codec-of-text.js';
import { choice, count, flag, number, type OptionsOf, optionTable, rate } from '../option-table.js';
import { recurrentOptions } from '../recurrent-options.js';
import { vectorOptions } from '../vector-options.js';
import { documentKinds } from './document-starts.js';
import { languageModelPresetNames } from './language-model-presets.js';

/** How the weights of a language model are found. */
export const languageModelOptimizers = ['adam', 'sgd', 'ntasgd'] as const;

export type LanguageModelOptimizer = (typeof languageModelOptimizers)[number];

/** What defaults follow from besides options. */
interface DataFacts {
  /** Tokens that are learned from; while their number is not known, the text counts as a long one. */
  readonly numTokens: number;
  readonly vectors: WordVectors | undefined;
}

/** Steps below which a model has hardly learned to spell. */
const leastSteps = 500;

/** However short a text is. */
const mostEpochs = 100;

/** Every option of a language model. */
export const languageModelOptions = optionTable({
  ...codecOptions,
  /**
   * What a token is: `characters` (Unicode code points, default), `words` (and the end of each line), `bytes` of UTF-8,
   * or `bpe`, byte pairs learned from the text. The last two can read and write every text. With a given codec it is
   * `file`, which cannot be chosen, see {@link CodecOptions}.
   */
  level: choice({ ...levelFacts, of: tokenLevels, also: ['file'] }),
  /**
   * Width of the token embedding. Default that of given vectors, else 64 for characters and bytes, `units` for words,
   * bpe and a `tied` output.
   */
  embeddingUnits: count({
    default: (
      { level, tied, units }: { level: TokenLevel; tied: boolean; units: number },
      { vectors }: Pick<DataFacts, 'vectors'>,
    ) => vectors?.dimension ?? ((level === 'characters' || level === 'bytes') && !tied ? 64 : units),
    ofInitial: 'decided',
  }),
  /** Keep given vectors as they are. Default false: they are trained on. */
  freezeVectors: vectorOptions.freezeVectors,
  /**
   * Let the output use the rows of the token embedding; the last recurrent layer then has its width. Default false.
   */
  tied: flag({ ofInitial: 'decided' }),
  /**
   * Options that go well together; those given besides count before them. Default none. See
   * {@link languageModelPresets}.
   */
  preset: choice({ of: languageModelPresetNames, default: 'none' }),
  /**
   * `adam` (default): rises to `learningRate` and falls along a cosine to 0. `sgd`: plain gradient descent at
   * `learningRate` for `fullRateEpochs`, then each epoch at `rateDecay` of the one before. `ntasgd`: at `learningRate`
   * throughout, whose result is the mean of the weights from the epoch on that no longer got better. See
   * {@link AveragingTrigger}.
   */
  optimizer: choice({ of: languageModelOptimizers, default: 'adam' }),
  /** Epochs of sgd before the rate falls. Default 40 % of all. */
  fullRateEpochs: count({ default: ({ epochs }: { epochs: number }) => Math.ceil(0.4 * epochs) }),
  /**
   * By what sgd's rate is multiplied for each later epoch. By default so that the last epoch has a hundredth of the
   * full rate.
   */
  rateDecay: number({
    above: 0,
    default: ({ epochs, fullRateEpochs }: { epochs: number; fullRateEpochs: number }) =>
      0.01 ** (1 / Math.max(1, epochs - fullRateEpochs)),
    value: 'FACTOR',
  }),
  /** Largest norm of all gradients together. Default 1 for adam, 0.25 for the others. */
  clipNorm: number({
    above: 0,
    // Of gradient descent Zaremba et al.'s 5 over 20 steps, and Merity et al.'s 0.25.
    default: ({ optimizer }: { optimizer: LanguageModelOptimizer }) => (optimizer === 'adam' ? 1 : 0.25),
    value: 'NORM',
  }),
  /** Share of the weights, times the rate, that each step takes away. Default 0. See {@link OptimizerOptions}. */
  weightDecay: number({ atLeast: 0, default: 0, value: 'W' }),
  /**
   * All weights begin uniform in plus and minus this, without the forget gate's bias of 1. Default 0: each layer's own
   * initializers.
   */
  initialRange: number({ atLeast: 0, default: 0, value: 'R' }),
  /** Share of the embedding's features dropped before the first recurrent layer. Default 0. */
  inputDropout: rate({ default: 0, ofInitial: 'inherited' }),
  /**
   * Let dropout draw one mask for each sequence and not for each step (Gal and Ghahramani 2016). Default false.
   */
  variational: flag({ ofInitial: 'inherited' }),
  /** Share of the recurrent weights dropped in each step. Default 0. See `weightDropout` of {@link RNN}. */
  weightDropout: rate({ default: 0, ofInitial: 'inherited' }),
  /** Share of the tokens whose embedding is dropped everywhere in a batch. Default 0. */
  embeddingDropout: rate({ default: 0, ofInitial: 'inherited' }),
  /** Weight of the mean square of the last layer's output, after dropout. Default 0. See {@link ActivationPenalty}. */
  activationPenalty: number({ atLeast: 0, default: 0, value: 'W', ofInitial: 'inherited' }),
  /** Weight of the mean square of that output's change from step to step, before dropout. Default 0. */
  changePenalty: number({ atLeast: 0, default: 0, value: 'W', ofInitial: 'inherited' }),
  /**
   * What one document is: each given text (`file`), what stands between blank lines (`blank-line`), or each `line`.
   * Training shows how they begin, on empty states, and generated texts begin so. Default `auto`: the first of these that
   * is there often enough; of a text without lines sentences, or what follows its most frequent sign.
   */
  documents: choice({ of: [...documentKinds, 'auto'], default: 'auto', value: 'KIND' }),
  /** Share of the text, at its end, that is held out to choose the best epoch. Default 0.1. */
  validation: number({ above: 0, below: 1, default: 0.1, value: 'SHARE', changesScore: 'all' }),
  ...recurrentOptions({
    cell: { default: 'lstm' },
    units: { default: 256, search: { choices: [128, 256, 512] } },
    layers: { search: { choices: [1, 2] } },
    dropout: { default: 0, search: { low: 0, high: 0.5 } },
    batchSize: { default: 32 },
    learningRate: {},
  }),
  /** Passes over the text. Default 10, and up to 100 where a short text would give fewer than 500 steps. */
  epochs: count({
    default: (
      { batchSize, timesteps }: { batchSize: number; timesteps: number },
      { numTokens }: Pick<DataFacts, 'numTokens'>,
    ) => {
      const wanted = Math.ceil(leastSteps / Math.max(1, Math.floor(numTokens / timesteps / batchSize)));
      return Math.min(mostEpochs, Math.max(10, wanted));
    },
  }),
  /** Streams of the text that are read side by side. Default 32, fewer for short texts. */
  batchSize: count({
    default: ({ timesteps }: { timesteps: number }, { numTokens }: Pick<DataFacts, 'numTokens'>) =>
      Math.min(32, Math.max(4, Math.floor(numTokens / timesteps / 16))),
    ofInitial: 'inherited',
  }),
  /** Steps of one training sequence. Default 64. */
  timesteps: count({ default: 64, ofInitial: 'inherited' }),
  /**
   * Largest step size of the optimizer, of the loss per token. Default 0.09 / sqrt(`units`) for adam (0.008 for 128,
   * 0.0056 for 256), 20 for sgd, 30 for ntasgd.
   */
  learningRate: number({
    above: 0,
    // Wider layers need smaller steps of Adam; gradient descent takes Zaremba et al.'s 1 for sums over 20 steps, and
    // Merity et al.'s 30.
    default: ({ optimizer, units }: { optimizer: LanguageModelOptimizer; units: number }) =>
      ({ adam: 0.09 / Math.sqrt(units), sgd: 20, ntasgd: 30 })[optimizer],
    value: 'RATE',
    // A preset may bring its own optimizer, whose rates are of another size.
    search: ({ optimizer = 'adam', preset = 'none' }) => {
      if (optimizer !== 'adam') return { low: 5, high: 60, scale: 'log' };
      return preset === 'none' ? { low: 0.001, high: 0.02, scale: 'log' } : undefined;
    },
  }),
});

/** How a language model is built and trained. */
export interface LanguageModelOptions extends OptionsOf<typeof languageModelOptions> {}

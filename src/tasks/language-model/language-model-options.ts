import { RondoError } from '../../errors.js';
import type { WordVectors } from '../../io/word-vectors/word-vectors.js';
import { givenOptions, type Resolved } from '../../resolved.js';
import { namesOfInitial, optionsOfInitial, refuseBesideInitial } from '../initial-model.js';
import {
  checkOptions,
  choice,
  count,
  flag,
  number,
  type OptionsOf,
  optionTable,
  rate,
  withDefaults,
} from '../option-table.js';
import { recurrentOptions } from '../recurrent-options.js';
import { type CodecOptions, codecOptions, levelFacts, tokenLevels } from './codec-of-text.js';
import { documentKinds } from './document-starts.js';
import {
  defaultClipNorms,
  defaultLearningRate,
  type LanguageModelOptimizer,
  languageModelOptimizers,
} from './language-model-optimizer.js';
import { languageModelPresetNames, languageModelPresets } from './language-model-presets.js';
import type { LanguageModelData } from './language-model-training.js';
import type { TokenLevel } from './token-codec.js';

/** What defaults follow from besides options. */
interface Sizes {
  /** That are learned from; while it is not known, the text counts as a long one. */
  readonly numTokens: number;
  readonly vectors: WordVectors | undefined;
}

/** Steps below which a model has hardly learned to spell. */
const leastSteps = 500;

/** However short a text is. */
const mostEpochs = 100;

/** All options but for presets of them, for which no preset can stand. */
export const ownOptions = optionTable({
  ...codecOptions,
  level: choice({ ...levelFacts, of: tokenLevels, also: ['file'] }),
  embeddingUnits: count({
    about: 'Width of the token embedding.',
    default: (
      { level, tied, units }: { level: TokenLevel; tied: boolean; units: number },
      { vectors }: Pick<Sizes, 'vectors'>,
    ) => vectors?.dimension ?? ((level === 'characters' || level === 'bytes') && !tied ? 64 : units),
    usually: 'that of given vectors, else 64 for characters and bytes, `units` for words, bpe and a tied output',
    ofInitial: 'decided',
  }),
  freezeVectors: flag({ about: 'Leave given vectors as they are.', flag: 'freeze' }),
  tied: flag({
    about: 'Let the output use the rows of the token embedding; the last recurrent layer then has its width.',
    ofInitial: 'decided',
  }),
  optimizer: choice({
    about:
      'adam: rises to `learningRate` and falls along a cosine to 0. sgd: plain gradient descent at `learningRate` for ' +
      '`fullRateEpochs`, then each epoch at `rateDecay` of the one before. ntasgd: at `learningRate` throughout; the ' +
      'result is the mean of the weights from the epoch on that no longer got better.',
    of: languageModelOptimizers,
    default: 'adam',
  }),
  fullRateEpochs: count({
    about: 'Epochs of sgd before its rate falls.',
    default: ({ epochs }: { epochs: number }) => Math.ceil(0.4 * epochs),
    usually: '40 % of all',
  }),
  rateDecay: number({
    about: "By what sgd's rate is multiplied for each later epoch.",
    default: ({ epochs, fullRateEpochs }: { epochs: number; fullRateEpochs: number }) =>
      0.01 ** (1 / Math.max(1, epochs - fullRateEpochs)),
    usually: 'what brings the last epoch to a hundredth of the full rate',
    value: 'FACTOR',
    above: 0,
  }),
  clipNorm: number({
    about: 'Largest norm of all gradients together.',
    default: ({ optimizer }: { optimizer: LanguageModelOptimizer }) => defaultClipNorms[optimizer],
    usually: '1 for adam, 0.25 for the others',
    value: 'NORM',
    above: 0,
  }),
  weightDecay: number({
    about: 'Share of the weights, times the rate, that each step takes away.',
    default: 0,
    value: 'W',
    atLeast: 0,
  }),
  initialRange: number({
    about:
      "All weights begin uniform in plus and minus this, without the forget gate's bias of 1; with 0 each layer's own " +
      'initializers begin them.',
    default: 0,
    value: 'R',
    atLeast: 0,
  }),
  inputDropout: rate({
    about: "Share of the embedding's features dropped before the first recurrent layer while training.",
    default: 0,
    ofInitial: 'inherited',
  }),
  variational: flag({
    about: 'Draw one mask of dropout for each sequence and not for each step (Gal and Ghahramani 2016).',
    ofInitial: 'inherited',
  }),
  weightDropout: rate({
    about: 'Share of the recurrent weights dropped while training.',
    default: 0,
    ofInitial: 'inherited',
  }),
  embeddingDropout: rate({
    about: 'Share of the tokens whose embedding is dropped everywhere in a batch.',
    default: 0,
    ofInitial: 'inherited',
  }),
  activationPenalty: number({
    about: "Weight of the mean square of the last layer's output, after dropout.",
    default: 0,
    value: 'W',
    atLeast: 0,
    ofInitial: 'inherited',
  }),
  changePenalty: number({
    about: 'Weight of the mean square of its change from step to step, before dropout.',
    default: 0,
    value: 'W',
    atLeast: 0,
    ofInitial: 'inherited',
  }),
  documents: choice({
    about:
      'What one document is: each given text (file), what stands between blank lines, or each line. Training shows ' +
      'how they begin, on empty states, and generated texts begin so. auto: the first of these that is there often ' +
      'enough; of a text without lines sentences, or what follows its most frequent sign.',
    of: [...documentKinds, 'auto'],
    default: 'auto',
    value: 'KIND',
  }),
  validation: number({
    about: 'Share of the text, at its end, that is held out to choose the best epoch.',
    default: 0.1,
    value: 'SHARE',
    above: 0,
    below: 1,
    changesScore: 'all',
  }),
  epochs: count({
    about: 'Passes over the text.',
    default: (
      { batchSize, timesteps }: { batchSize: number; timesteps: number },
      { numTokens }: Pick<Sizes, 'numTokens'>,
    ) => {
      const wanted = Math.ceil(leastSteps / Math.max(1, Math.floor(numTokens / timesteps / batchSize)));
      return Math.min(mostEpochs, Math.max(10, wanted));
    },
    usually: `10, and up to ${mostEpochs} where a short text would give fewer than ${leastSteps} steps`,
  }),
  ...recurrentOptions({
    cell: { default: 'lstm' },
    units: { default: 256, search: { choices: [128, 256, 512] } },
    layers: { search: { choices: [1, 2] } },
    dropout: { default: 0, search: { low: 0, high: 0.5 } },
    batchSize: {
      about: 'Streams of the text that are read side by side.',
      default: ({ timesteps }: { timesteps: number }, { numTokens }: Pick<Sizes, 'numTokens'>) =>
        Math.min(32, Math.max(4, Math.floor(numTokens / timesteps / 16))),
      usually: '32, fewer for short texts',
    },
    timesteps: { default: 64, ofInitial: 'inherited' },
    learningRate: {
      about: 'The learning rate, of the loss per token.',
      default: ({ optimizer, units }: { optimizer: LanguageModelOptimizer; units: number }) =>
        defaultLearningRate(optimizer, units),
      usually: '0.09 / sqrt(`units`) for adam (0.008 for 128, 0.0056 for 256), 20 for sgd, 30 for ntasgd',
      // A preset may bring its own optimizer, whose rates are of another size.
      search: ({ optimizer = 'adam', preset = 'none' }) => {
        if (optimizer !== 'adam') return { low: 5, high: 60, scale: 'log' };
        return preset === 'none' ? { low: 0.001, high: 0.02, scale: 'log' } : undefined;
      },
    },
  }),
});

/** Every option of a language model. */
export const languageModelOptions = optionTable({
  preset: choice({
    about: 'Options that go well together; those given besides count before them.',
    of: languageModelPresetNames,
    default: 'none',
  }),
  ...ownOptions,
});

/** How a language model is built and trained. */
export interface LanguageModelOptions extends OptionsOf<typeof languageModelOptions> {}

const where = 'LanguageModelTraining';

/**
 * All options of a training, with defaults for those that are not given.
 *
 * @param numTokens that are learned from; while it is not known, the text counts as a long one.
 * @throws UNKNOWN_NAME, OUT_OF_RANGE, USAGE
 */
export function resolvedOptions(
  options: LanguageModelOptions,
  data: LanguageModelData,
  numTokens = Infinity,
): Resolved<LanguageModelOptions> {
  const { vectors, codec, initial } = data;
  checkOptions(where, languageModelOptions, options);
  const given = givenOptions(options);
  requireFittingData(given, data);
  const said = { ...languageModelPresets[given.preset ?? 'none'], ...given };
  const before = initial && optionsOfInitial(where, said, initial.options, namesOfInitial(languageModelOptions));
  const ofCodec = codec && { level: codec.level, maxTokens: codec.size };
  const all = withDefaults(languageModelOptions, { ...said, ...before, ...ofCodec }, { numTokens, vectors });
  // Vectors that were read for no word have no width.
  if (vectors !== undefined && all.level !== 'words' && all.level !== 'characters') throw noWordsForVectors(all.level);
  requireFittingVectors(all, data);
  refuseWithoutEffect(given, all);
  return all;
}

/** Which options make the codec of a text. @throws USAGE for a level that has none */
export function codecOptionsOf({ level, lower, maxTokens, punctuation }: Resolved<LanguageModelOptions>): CodecOptions {
  if (level !== 'file') return { level, lower, maxTokens, punctuation };
  throw new RondoError('USAGE', {
    where,
    what: 'level `file` is that of a given codec.',
    expected: tokenLevels.join(', '),
    received: 'file',
    fix: 'give `codec`, or another level.',
  });
}

/**
 * Options that were given and that the others leave without effect; those of presets may be. @throws USAGE naming them
 */
function refuseWithoutEffect(given: LanguageModelOptions, all: Resolved<LanguageModelOptions>): void {
  const rules = [
    { names: ['fullRateEpochs', 'rateDecay'], holds: all.optimizer === 'sgd', needs: '`optimizer` sgd' },
    { names: ['punctuation'], holds: all.level === 'words', needs: '`level` words' },
    {
      names: ['variational'],
      holds: given.variational !== true || all.dropout > 0 || all.inputDropout > 0,
      needs: '`dropout` or `inputDropout` above 0',
    },
  ] as const;
  for (const { names, holds, needs } of rules) {
    const idle = holds ? [] : names.filter((name) => given[name] !== undefined);
    if (idle.length === 0) continue;
    throw new RondoError('USAGE', {
      where,
      what: `${idle.map((name) => `\`${name}\``).join(' and ')} would change nothing.`,
      expected: needs,
      received: idle.map((name) => `${name} ${given[name]}`).join(', '),
      fix: `leave ${idle.length === 1 ? 'it' : 'them'} out, or give ${needs}.`,
    });
  }
}

/** @throws USAGE for data that exclude each other, or an option */
function requireFittingData(
  given: LanguageModelOptions,
  { validation, vectors, codec, initial }: LanguageModelData,
): void {
  if (validation !== undefined && given.validation !== undefined) {
    throw new RondoError('USAGE', {
      where,
      what: 'a share of validation and a text of validation cannot be given together.',
      expected: 'one of them',
      fix: 'leave the share out: the given text chooses the best epoch.',
    });
  }
  const ofText =
    codec === undefined
      ? []
      : (['level', 'lower', 'maxTokens', 'punctuation'] as const).filter((name) => given[name] !== undefined);
  if (ofText.length > 0) {
    throw new RondoError('USAGE', {
      where,
      what: 'the given codec decides what a token is.',
      expected: `no ${ofText.map((name) => `\`${name}\``).join(', ')}`,
      received: ofText.map((name) => `${name} ${given[name]}`).join(', '),
      fix: 'leave them out, or give no codec.',
    });
  }
  refuseBesideInitial(where, initial, { vectors, codec });
}

export function noWordsForVectors(level: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what: '`vectors` of words have none for such tokens.',
    expected: '`level` words or characters',
    received: `level ${level}`,
    fix: 'set `level` to words, or leave `vectors` out.',
  });
}

function requireFittingVectors(all: Resolved<LanguageModelOptions>, { vectors }: LanguageModelData): void {
  const fault = (
    what: string,
    facts: { expected?: string | undefined; received?: string | undefined; fix: string },
  ): RondoError => new RondoError('USAGE', { where, what, ...facts });
  if (vectors === undefined) {
    if (all.freezeVectors)
      throw fault('`freezeVectors` has no vectors to keep.', { fix: 'give vectors, or leave it out.' });
    return;
  }
  if (all.embeddingDropout > 0)
    throw fault('`embeddingDropout` does not go with given vectors.', {
      received: `embeddingDropout ${all.embeddingDropout}`,
      fix: 'use inputDropout.',
    });
  if (all.embeddingUnits === vectors.dimension) return;
  throw fault('the vectors decide how wide the embedding is.', {
    expected: `embeddingUnits ${vectors.dimension}, or none`,
    received: String(all.embeddingUnits),
    fix: 'leave embeddingUnits out.',
  });
}

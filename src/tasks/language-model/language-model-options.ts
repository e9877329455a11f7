import { requireRate } from '../../cells/define-cell.js';
import { RondoError, refuseUnknownOptions, requireCount, requireNumber, unknownName } from '../../errors.js';
import { givenOptions, type Resolved } from '../../resolved.js';
import { optionsOfInitial, refuseBesideInitial } from '../initial-model.js';
import { type RecurrentTaskOptions, recurrentTaskOptionNames, requireRecurrentOptions } from '../recurrent-stack.js';
import { type CodecOptions, defaultMaxTokens, tokenLevels } from './codec-of-text.js';
import { type DocumentKind, documentKinds } from './document-starts.js';
import {
  defaultClipNorms,
  defaultLearningRate,
  type LanguageModelOptimizer,
  languageModelOptimizers,
} from './language-model-optimizer.js';
import { type LanguageModelPreset, languageModelPresetNames, languageModelPresets } from './language-model-presets.js';
import type { LanguageModelData } from './language-model-training.js';
import type { TokenLevel } from './token-codec.js';

/** How a language model is built and trained. */
export interface LanguageModelOptions extends Omit<CodecOptions, 'level'>, RecurrentTaskOptions {
  /** What a token is, see {@link CodecOptions}. With a given codec its own, which cannot be chosen. */
  level?: TokenLevel | undefined;
  /**
   * `adam` (default): rises to `learningRate` and falls along a cosine to 0. `sgd`: plain gradient descent at
   * `learningRate` for `fullRateEpochs`, then each epoch at `rateDecay` of the one before. `ntasgd`: at `learningRate`
   * throughout, whose result is the mean of the weights from the epoch on that no longer got better, see
   * `AveragingTrigger`.
   */
  optimizer?: LanguageModelOptimizer | undefined;
  /**
   * Of the loss per token. Default `0.09 / sqrt(units)` for adam (0.008 for 128 units, 0.0056 for 256), 20 for sgd, 30
   * for ntasgd.
   */
  learningRate?: number | undefined;
  /** Epochs of sgd before the rate falls. Default 40 % of all. */
  fullRateEpochs?: number | undefined;
  /**
   * By what sgd's rate is multiplied for each later epoch. By default so that the last epoch has a hundredth of the
   * full rate.
   */
  rateDecay?: number | undefined;
  /** Largest norm of all gradients together. Default 1 for adam, 0.25 for the others. */
  clipNorm?: number | undefined;
  /** See `OptimizerOptions.weightDecay`. Default 0. */
  weightDecay?: number | undefined;
  /**
   * All weights begin uniform in plus and minus this, without the forget gate's bias of 1. Default 0: each layer's own
   * initializers.
   */
  initialRange?: number | undefined;
  /**
   * Width of the token embedding. Default that of the given vectors, else 64 for characters and bytes, `units` for
   * words, byte pairs and a tied output.
   */
  embeddingUnits?: number | undefined;
  /** Leaves the vectors that {@link LanguageModelData} holds as they are. Default false. */
  freezeVectors?: boolean | undefined;
  /**
   * Whether the output uses the token embedding's rows; the last recurrent layer then has `embeddingUnits` units.
   * Default false.
   */
  tied?: boolean | undefined;
  /** Options that go well together, see `languageModelPresets`; those given besides count before them. Default none. */
  preset?: LanguageModelPreset | undefined;
  /** Share of the embedding's features dropped before the first recurrent layer. Default 0. */
  inputDropout?: number | undefined;
  /** Whether dropout draws one mask for each sequence and not for each step. Default false. Gal and Ghahramani 2016. */
  variational?: boolean | undefined;
  /** Share of the recurrent weights dropped in each step, see `weightDropout` of recurrent layers. Default 0. */
  weightDropout?: number | undefined;
  /** Share of the tokens whose embedding is dropped everywhere in a batch. Default 0. */
  embeddingDropout?: number | undefined;
  /** Weight of the mean square of the last layer's output, after dropout. Default 0. See `ActivationPenalty`. */
  activationPenalty?: number | undefined;
  /** Weight of the mean square of its change from step to step, before dropout. Default 0. */
  changePenalty?: number | undefined;
  /**
   * What one document is: each given text (`file`), what stands between blank lines, or each line. Training shows how
   * they begin, on empty states, and generated texts begin so. Default `auto`: the first of these that is there often
   * enough; of a text without lines sentences, or what follows its most frequent sign.
   */
  documents?: DocumentKind | 'auto' | undefined;
  /** Passes over the text. Default 10, and up to 100 where a short text would give fewer than 500 steps. */
  epochs?: number | undefined;
  /** Streams of the text that are read side by side. Default 32, fewer for short texts. */
  batchSize?: number | undefined;
  /** Share of the text, at its end, that is held out to choose the best epoch. Default 0.1. */
  validation?: number | undefined;
}

const defaults: Resolved<
  Omit<
    LanguageModelOptions,
    'embeddingUnits' | 'learningRate' | 'maxTokens' | 'fullRateEpochs' | 'rateDecay' | 'clipNorm'
  >
> = {
  level: 'characters',
  lower: false,
  punctuation: 'separate',
  cell: 'lstm',
  units: 256,
  layers: 1,
  dropout: 0,
  epochs: 10,
  batchSize: 32,
  timesteps: 64,
  optimizer: 'adam',
  weightDecay: 0,
  initialRange: 0,
  freezeVectors: false,
  tied: false,
  preset: 'none',
  inputDropout: 0,
  variational: false,
  weightDropout: 0,
  embeddingDropout: 0,
  activationPenalty: 0,
  changePenalty: 0,
  documents: 'auto',
  validation: 0.1,
};

/**
 * What decides the shape of the weights and what a token is: options that a training takes from the model it begins
 * with.
 */
const decidedOptions = [
  'level',
  'lower',
  'maxTokens',
  'punctuation',
  'cell',
  'units',
  'layers',
  'embeddingUnits',
  'tied',
] as const;

/** Options that are taken from that model where nothing else is said. */
const inheritedOptions = [
  'dropout',
  'inputDropout',
  'variational',
  'weightDropout',
  'embeddingDropout',
  'activationPenalty',
  'changePenalty',
  'batchSize',
  'timesteps',
] as const;

type Decided = (typeof decidedOptions)[number];
type Inherited = (typeof inheritedOptions)[number];

const optionNames = [
  ...recurrentTaskOptionNames,
  'level',
  'lower',
  'maxTokens',
  'punctuation',
  'embeddingUnits',
  'freezeVectors',
  'tied',
  'preset',
  'optimizer',
  'fullRateEpochs',
  'rateDecay',
  'clipNorm',
  'weightDecay',
  'initialRange',
  'inputDropout',
  'variational',
  'weightDropout',
  'embeddingDropout',
  'activationPenalty',
  'changePenalty',
  'documents',
  'validation',
] as const;

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
  refuseUnknownOptions(where, options, optionNames);
  const given = givenOptions(options);
  requireFittingData(given, data);
  const { preset = 'none' } = given;
  if (!languageModelPresetNames.includes(preset)) throw unknownName(where, 'preset', preset, languageModelPresetNames);
  const said = givenOptions<LanguageModelOptions>({ ...languageModelPresets[preset], ...given });
  const names = { decided: decidedOptions, inherited: inheritedOptions };
  const before =
    initial && optionsOfInitial<LanguageModelOptions, Decided, Inherited>(where, said, initial.options, names);
  const merged = { ...defaults, ...said, ...before, ...(codec && { level: codec.level, maxTokens: codec.size }) };
  const resolved: LanguageModelOptions & typeof defaults = {
    ...merged,
    ...budgetOf({ ...said, ...before }, merged.timesteps, numTokens),
  };
  if (!languageModelOptimizers.includes(resolved.optimizer))
    throw unknownName(where, 'optimizer', resolved.optimizer, languageModelOptimizers);
  if (![...documentKinds, 'auto'].includes(resolved.documents))
    throw unknownName(where, 'kind of documents', resolved.documents, [...documentKinds, 'auto']);
  const fullRateEpochs = resolved.fullRateEpochs ?? Math.ceil(0.4 * resolved.epochs);
  const all: Resolved<LanguageModelOptions> = {
    ...resolved,
    maxTokens:
      resolved.maxTokens ?? (resolved.level === 'file' ? 20_000 : (defaultMaxTokens[resolved.level] ?? 20_000)),
    embeddingUnits: resolved.embeddingUnits ?? vectors?.dimension ?? defaultEmbeddingUnits(resolved),
    learningRate: resolved.learningRate ?? defaultLearningRate(resolved.optimizer, resolved.units),
    fullRateEpochs,
    rateDecay: resolved.rateDecay ?? 0.01 ** (1 / Math.max(1, resolved.epochs - fullRateEpochs)),
    clipNorm: resolved.clipNorm ?? defaultClipNorms[resolved.optimizer],
  };
  // Vectors that were read for no word have no width.
  if (vectors !== undefined && all.level !== 'words' && all.level !== 'characters') throw noWordsForVectors(all.level);
  requireRanges(all);
  requireFittingVectors(all, data);
  refuseWithoutEffect(given, all);
  return all;
}

/** Steps below which a model has hardly learned to spell. */
const leastSteps = 500;

/** However short a text is. */
const mostEpochs = 100;

/** Epochs and batch size: a short text is read in small batches, and so often that there are enough steps. */
function budgetOf(
  said: LanguageModelOptions,
  timesteps: number,
  numTokens: number,
): Pick<typeof defaults, 'epochs' | 'batchSize'> {
  const numWindows = numTokens / timesteps;
  const batchSize = said.batchSize ?? Math.min(defaults.batchSize, Math.max(4, Math.floor(numWindows / 16)));
  const wanted = Math.ceil(leastSteps / Math.max(1, Math.floor(numWindows / batchSize)));
  return { batchSize, epochs: said.epochs ?? Math.min(mostEpochs, Math.max(defaults.epochs, wanted)) };
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

function defaultEmbeddingUnits({ level, tied, units }: Pick<typeof defaults, 'level' | 'tied' | 'units'>): number {
  return (level === 'characters' || level === 'bytes') && !tied ? 64 : units;
}

function requireRanges(all: Resolved<LanguageModelOptions>): void {
  requireRecurrentOptions(where, all);
  requireCount(where, 'fullRateEpochs', all.fullRateEpochs);
  for (const name of ['rateDecay', 'clipNorm'] as const)
    requireNumber(where, name, all[name], 'a number above 0', (value) => value > 0);
  for (const name of ['inputDropout', 'weightDropout', 'embeddingDropout'] as const)
    requireRate(where, name, all[name]);
  for (const name of ['activationPenalty', 'changePenalty', 'weightDecay', 'initialRange'] as const) {
    requireNumber(where, name, all[name], 'a number of at least 0', (value) => value >= 0);
  }
  requireNumber(
    where,
    'embeddingUnits',
    all.embeddingUnits,
    'a whole number of at least 1',
    (value) => Number.isInteger(value) && value >= 1,
  );
  requireNumber(where, 'validation', all.validation, 'a number between 0 and 1', (value) => value > 0 && value < 1);
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

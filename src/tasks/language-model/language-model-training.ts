import { requireRate } from '../../cells/define-cell.js';
import { refuseUnknownOptions, requireCount, requireNumber, RondoError, unknownName } from '../../errors.js';
import { TokenStreams } from '../../data/streams.js';
import type { VectorCoverage } from '../../io/word-vectors/coverage.js';
import { embeddingFromVectors } from '../../io/word-vectors/embedding-from-vectors.js';
import type { WordVectors } from '../../io/word-vectors/word-vectors.js';
import type { Callback } from '../../training/callbacks/callback.js';
import type { DatasetBatch } from '../../training/dataset.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { sparseCategoricalCrossentropy } from '../../training/losses/index.js';
import { codecOfText, type CodecOptions, defaultMaxTokens, tokenLevels } from './codec-of-text.js';
import { currentRandom } from '../../random.js';
import { fingerprintOf } from '../fingerprint.js';
import { LanguageModel } from './language-model.js';
import { languageModelNetwork } from './language-model-network.js';
import { defaultClipNorms, defaultLearningRate, languageModelOptimizer, type LanguageModelOptimizer, languageModelOptimizers } from './language-model-optimizer.js';
import { type LanguageModelPreset, languageModelPresetNames, languageModelPresets } from './language-model-presets.js';
import { type RecurrentTaskOptions, recurrentTaskOptionNames, requireRecurrentOptions } from '../recurrent-stack.js';
import { TextCodec } from './text-codec.js';
import type { TokenCodec, TokenLevel } from './token-codec.js';
import { runTraining, type TaskLearningRateOptions, type TrainingControls, type TrainingOutcome } from '../training-run.js';

/** What a language model learns from, where it is more than a text. */
export interface LanguageModelData {
  readonly train: string;
  /** Chooses the best epoch; by default the end of `train` does, which is then not learned from. */
  readonly validation?: string;
  /** What the embedding starts from; for words and characters. */
  readonly vectors?: WordVectors;
  /** Cuts the text into tokens in the place of one made from it, such as that of `loadTokenizer`. */
  readonly codec?: TokenCodec;
}

/** How a language model is built and trained. */
export interface LanguageModelOptions extends Omit<CodecOptions, 'level'>, RecurrentTaskOptions {
  /** What a token is, see {@link CodecOptions}. With a given codec its own, which cannot be chosen. */
  level?: TokenLevel;
  /**
   * `adam` (default): rises to `learningRate` and falls along a cosine to 0. `sgd`: plain gradient descent at `learningRate` for
   * `fullRateEpochs`, then each epoch at `rateDecay` of the one before. `ntasgd`: at `learningRate` throughout, whose result is the
   * mean of the weights from the epoch on that no longer got better, see `AveragingTrigger`.
   */
  optimizer?: LanguageModelOptimizer;
  /** Of the loss per token. Default `0.09 / sqrt(units)` for adam (0.008 for 128 units, 0.0056 for 256), 20 for sgd, 30 for ntasgd. */
  learningRate?: number;
  /** Epochs of sgd before the rate falls. Default 40 % of all. */
  fullRateEpochs?: number;
  /** By what sgd's rate is multiplied for each later epoch. By default so that the last epoch has a hundredth of the full rate. */
  rateDecay?: number;
  /** Largest norm of all gradients together. Default 1 for adam, 0.25 for the others. */
  clipNorm?: number;
  /** See `OptimizerOptions.weightDecay`. Default 0. */
  weightDecay?: number;
  /** All weights begin uniform in plus and minus this, without the forget gate's bias of 1. Default 0: each layer's own initializers. */
  initialRange?: number;
  /** Width of the token embedding. Default that of the given vectors, else 64 for characters and bytes, `units` for words, byte pairs and a tied output. */
  embeddingUnits?: number;
  /** Leaves the vectors that {@link LanguageModelData} holds as they are. Default false. */
  freezeVectors?: boolean;
  /** Whether the output uses the token embedding's rows; the last recurrent layer then has `embeddingUnits` units. Default false. */
  tied?: boolean;
  /** Options that go well together, see `languageModelPresets`; those given besides count before them. Default none. */
  preset?: LanguageModelPreset;
  /** Share of the embedding's features dropped before the first recurrent layer. Default 0. */
  inputDropout?: number;
  /** Whether dropout draws one mask for each sequence and not for each step. Default false. Gal and Ghahramani 2016. */
  variational?: boolean;
  /** Share of the recurrent weights dropped in each step, see `weightDropout` of recurrent layers. Default 0. */
  weightDropout?: number;
  /** Share of the tokens whose embedding is dropped everywhere in a batch. Default 0. */
  embeddingDropout?: number;
  /** Weight of the mean square of the last layer's output, after dropout. Default 0. See `ActivationPenalty`. */
  activationPenalty?: number;
  /** Weight of the mean square of its change from step to step, before dropout. Default 0. */
  changePenalty?: number;
  /** Share of the text, at its end, that is held out to choose the best epoch. Default 0.1. */
  validation?: number;
}

const defaults: Required<Omit<LanguageModelOptions, 'embeddingUnits' | 'learningRate' | 'maxTokens' | 'fullRateEpochs' | 'rateDecay' | 'clipNorm'>> = {
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
  validation: 0.1,
};

/**
 * A recurrent language model of a text: an embedding, recurrent layers and the logits of the next token, trained by truncated
 * backpropagation through time over parallel streams of the text whose state is carried from window to window.
 *
 * @example
 * const training = new LanguageModelTraining(text, { units: 128, epochs: 5 });
 * await training.train();
 * for await (const piece of generate(training.languageModel)) process.stdout.write(piece);
 *
 * @throws UNKNOWN_NAME, OUT_OF_RANGE for impossible options or a text that is too short.
 */
export class LanguageModelTraining {
  readonly languageModel: LanguageModel;
  readonly numTrainingTokens: number;
  readonly numValidationTokens: number;
  /** Steps of an epoch. */
  readonly numBatches: number;
  /** Code points of the text over its tokens. */
  readonly charactersPerToken: number;
  /** How much of the text the given vectors cover; undefined without any. */
  readonly coverage: VectorCoverage | undefined;
  private readonly trainStreams: TokenStreams;
  private readonly validationStreams: TokenStreams;
  private readonly optimizerCallbacks: readonly Callback[];

  /**
   * @param interrupted the model of a checkpoint, to go on with; its own options then count.
   */
  constructor(text: string | LanguageModelData, options: LanguageModelOptions = {}, interrupted?: LanguageModel) {
    const data: LanguageModelData = typeof text === 'string' ? { train: text } : text;
    const { train, validation, vectors } = data;
    const resolved = interrupted?.options ?? resolvedOptions(options, data);
    const codec = interrupted?.codec ?? data.codec ?? codecOfText(train, codecOptionsOf(resolved));
    const { tokens, held } = tokensOf(codec, train, validation, resolved.validation);
    this.charactersPerToken = (Array.from(train).length + Array.from(validation ?? '').length) / Math.max(1, tokens.length);
    requireLength(tokens.length, held, codec.level);
    this.numTrainingTokens = tokens.length - held;
    this.numValidationTokens = held;
    this.trainStreams = streamsOf(tokens.slice(0, tokens.length - held), resolved.batchSize, resolved.timesteps);
    this.validationStreams = streamsOf(tokens.slice(tokens.length - held), resolved.batchSize, resolved.timesteps);
    this.numBatches = this.trainStreams.length;
    if (interrupted?.isTrainedOn(tokens) === false) throw otherText();
    const facts = { numTokens: tokens.length, numTrainingTokens: this.numTrainingTokens, fingerprint: fingerprintOf(tokens) };
    if (vectors !== undefined && !(codec instanceof TextCodec)) throw new RondoError('USAGE', { where: 'LanguageModelTraining', what: 'word vectors have no vectors for such tokens.', expected: 'level words or characters', received: `level ${codec.level}`, fix: 'choose words, or leave the vectors out.' });
    const pretrained = vectors && codec instanceof TextCodec ? embeddingFromVectors(codec.vocabulary, vectors, { trainable: !resolved.freezeVectors, tokens, seed: currentRandom().uint32() }) : undefined;
    this.coverage = pretrained?.coverage;
    this.languageModel = interrupted ?? new LanguageModel(languageModelNetwork(codec.size, resolved, pretrained?.embedding), codec, facts, resolved);
    const { model } = this.languageModel;
    const { optimizer, callbacks } = languageModelOptimizer(resolved, this.numBatches);
    this.optimizerCallbacks = callbacks;
    model.compile({ optimizer, loss: sparseCategoricalCrossentropy({ fromLogits: true }) });
  }

  /** Tokens of one step. */
  get tokensPerStep(): number {
    return this.trainStreams.batchSize * this.trainStreams.timesteps;
  }

  /** Which learning rates suit this model on these data; trains nothing. See {@link findLearningRate}. @throws ABORTED */
  findLearningRate(options: TaskLearningRateOptions = {}): Promise<LearningRateSearch> {
    const { model } = this.languageModel;
    const fromItsBeginning = (): Iterable<DatasetBatch> => {
      model.resetStates();
      return batches(this.trainStreams);
    };
    return findLearningRate(model, fromItsBeginning, options);
  }

  /** Trains, and leaves {@link LanguageModelTraining.languageModel} with the weights of its best epoch. */
  async train(controls: TrainingControls = {}): Promise<TrainingOutcome> {
    const { model, options } = this.languageModel;
    const data = { train: () => batches(this.trainStreams), validation: () => batches(this.validationStreams), epochs: options.epochs, patience: options.epochs };
    // Each epoch reads the text from its beginning.
    const startOver = { name: 'startOver', onEpochBegin: () => model.resetStates() };
    const outcome = await runTraining(model, data, controls, [startOver, ...this.optimizerCallbacks]);
    model.resetStates();
    this.languageModel.outcome = outcome;
    return outcome;
  }
}

/** All tokens, and how many at their end are held out. */
function tokensOf(codec: TokenCodec, train: string, validation: string | undefined, share: number): { tokens: Int32Array; held: number } {
  const tokens = codec.encode(train);
  if (validation === undefined) return { tokens, held: Math.round(tokens.length * share) };
  const heldOut = codec.encode(validation);
  const all = new Int32Array(tokens.length + heldOut.length);
  all.set(tokens);
  all.set(heldOut, tokens.length);
  return { tokens: all, held: heldOut.length };
}

function codecOptionsOf({ level, lower, maxTokens, punctuation }: Required<LanguageModelOptions>): CodecOptions {
  if (level !== 'file') return { level, lower, maxTokens, punctuation };
  throw new RondoError('USAGE', { where: 'LanguageModelTraining', what: 'level `file` is that of a given codec.', expected: tokenLevels.join(', '), received: 'file', fix: 'give `codec`, or another level.' });
}

function resolvedOptions(options: LanguageModelOptions, { vectors, codec, validation }: LanguageModelData): Required<LanguageModelOptions> {
  const where = 'LanguageModelTraining';
  refuseUnknownOptions(where, options, [...recurrentTaskOptionNames, 'level', 'lower', 'maxTokens', 'punctuation', 'embeddingUnits', 'freezeVectors', 'tied', 'preset', 'optimizer', 'fullRateEpochs', 'rateDecay', 'clipNorm', 'weightDecay', 'initialRange', 'inputDropout', 'variational', 'weightDropout', 'embeddingDropout', 'activationPenalty', 'changePenalty', 'validation']);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as LanguageModelOptions;
  if (validation !== undefined && given.validation !== undefined) throw new RondoError('USAGE', { where, what: 'a share of validation and a text of validation cannot be given together.', expected: 'one of them', fix: 'leave the share out: the given text chooses the best epoch.' });
  const ofText = codec === undefined ? [] : (['level', 'lower', 'maxTokens', 'punctuation'] as const).filter((name) => given[name] !== undefined);
  if (ofText.length > 0) throw new RondoError('USAGE', { where, what: 'the given codec decides what a token is.', expected: `no ${ofText.map((name) => `\`${name}\``).join(', ')}`, received: ofText.map((name) => `${name} ${given[name]}`).join(', '), fix: 'leave them out, or give no codec.' });
  const { preset = 'none' } = given;
  if (!languageModelPresetNames.includes(preset)) throw unknownName(where, 'preset', preset, languageModelPresetNames);
  const resolved: LanguageModelOptions & typeof defaults = { ...defaults, ...languageModelPresets[preset], ...given, ...(codec && { level: codec.level, maxTokens: codec.size }) };
  if (!languageModelOptimizers.includes(resolved.optimizer)) throw unknownName(where, 'optimizer', resolved.optimizer, languageModelOptimizers);
  const fullRateEpochs = resolved.fullRateEpochs ?? Math.ceil(0.4 * resolved.epochs);
  const all = {
    ...resolved,
    maxTokens: resolved.maxTokens ?? (resolved.level === 'file' ? 20_000 : (defaultMaxTokens[resolved.level] ?? 20_000)),
    embeddingUnits: resolved.embeddingUnits ?? vectors?.dimension ?? (resolved.level === 'characters' || resolved.level === 'bytes' ? (resolved.tied ? resolved.units : 64) : resolved.units),
    learningRate: resolved.learningRate ?? defaultLearningRate(resolved.optimizer, resolved.units),
    fullRateEpochs,
    rateDecay: resolved.rateDecay ?? 0.01 ** (1 / Math.max(1, resolved.epochs - fullRateEpochs)),
    clipNorm: resolved.clipNorm ?? defaultClipNorms[resolved.optimizer],
  };
  requireRecurrentOptions(where, all);
  requireCount(where, 'fullRateEpochs', all.fullRateEpochs);
  for (const name of ['rateDecay', 'clipNorm'] as const) requireNumber(where, name, all[name], 'a number above 0', (value) => value > 0);
  for (const name of ['inputDropout', 'weightDropout', 'embeddingDropout'] as const) requireRate(where, name, all[name]);
  for (const name of ['activationPenalty', 'changePenalty', 'weightDecay', 'initialRange'] as const) requireNumber(where, name, all[name], 'a number of at least 0', (value) => value >= 0);
  if (vectors !== undefined && all.embeddingDropout > 0) throw new RondoError('USAGE', { where, what: '`embeddingDropout` does not go with given vectors.', received: `embeddingDropout ${all.embeddingDropout}`, fix: 'use inputDropout.' });
  if (vectors !== undefined && all.embeddingUnits !== vectors.dimension) throw new RondoError('USAGE', { where, what: 'the vectors decide how wide the embedding is.', expected: `embeddingUnits ${vectors.dimension}, or none`, received: String(all.embeddingUnits), fix: 'leave embeddingUnits out.' });
  if (vectors === undefined && all.freezeVectors) throw new RondoError('USAGE', { where, what: '`freezeVectors` has no vectors to keep.', fix: 'give vectors, or leave it out.' });
  requireNumber(where, 'embeddingUnits', all.embeddingUnits, 'a whole number of at least 1', (value) => Number.isInteger(value) && value >= 1);
  requireNumber(where, 'validation', all.validation, 'a number between 0 and 1', (value) => value > 0 && value < 1);
  return all;
}

/** Streams of the wanted size, with fewer of them where the text is too short. */
function streamsOf(tokens: Int32Array, batchSize: number, timesteps: number): TokenStreams {
  const steps = Math.min(timesteps, tokens.length - 1);
  return new TokenStreams(tokens, { timesteps: steps, batchSize: Math.max(1, Math.min(batchSize, Math.floor((tokens.length - 1) / steps))) });
}

function* batches(streams: TokenStreams): Generator<DatasetBatch> {
  for (const { input, target } of streams) yield { x: input, y: target };
}

function requireLength(numTokens: number, held: number, level: string): void {
  if (held >= 2 && numTokens - held >= 2) return;
  throw new RondoError('OUT_OF_RANGE', {
    where: 'LanguageModelTraining',
    what: 'the text is too short to train on and to hold a part out.',
    expected: `at least 2 ${level} in each part`,
    received: `${numTokens - held} to train on, ${held} held out`,
    fix: 'give a longer text, or another share of validation.',
  });
}

function otherText(): RondoError {
  return new RondoError('USAGE', { where: 'LanguageModelTraining', what: 'this is not the text of the interrupted training.', expected: 'the same text', fix: 'give the same files in the same order, or start anew without resuming.' });
}

import { requireRate } from '../../cells/define-cell.js';
import { refuseUnknownOptions, requireNumber, RondoError, unknownName } from '../../errors.js';
import { TokenStreams } from '../../data/streams.js';
import { embeddingFromVectors, type VectorCoverage } from '../../io/word-vectors/embedding-from-vectors.js';
import type { WordVectors } from '../../io/word-vectors/word-vectors.js';
import type { DatasetBatch } from '../../training/dataset.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { sparseCategoricalCrossentropy } from '../../training/losses/index.js';
import { codecOfText, type CodecOptions, defaultMaxTokens } from './codec-of-text.js';
import { fingerprintOf } from '../fingerprint.js';
import { LanguageModel } from './language-model.js';
import { languageModelNetwork } from './language-model-network.js';
import { type LanguageModelPreset, languageModelPresetNames, languageModelPresets } from './language-model-presets.js';
import { type RecurrentTaskOptions, recurrentTaskOptionNames, requireRecurrentOptions } from '../recurrent-stack.js';
import { TextCodec } from './text-codec.js';
import { cosineAdam, runTraining, type TaskLearningRateOptions, type TrainingControls, type TrainingOutcome } from '../training-run.js';

/** How a language model is built and trained. */
export interface LanguageModelOptions extends CodecOptions, RecurrentTaskOptions {
  /** Default `0.09 / sqrt(units)`: 0.008 for 128 units, 0.0056 for 256. Wider layers need smaller steps. */
  learningRate?: number;
  /** Width of the token embedding. Default that of the given vectors, else 64 for characters and bytes, `units` for words and byte pairs. */
  embeddingUnits?: number;
  /** Leaves the vectors that {@link LanguageModelTraining} is given as they are. Default false. */
  freeze?: boolean;
  /** Whether the output uses the token embedding's rows, whose width is then `units`. Default false. */
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

const defaults: Required<Omit<LanguageModelOptions, 'embeddingUnits' | 'learningRate' | 'maxTokens'>> = {
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
  freeze: false,
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

  /**
   * @param interrupted the model of a checkpoint, to go on with; its own options then count.
   * @param vectors what the embedding starts from.
   */
  constructor(text: string, options: LanguageModelOptions = {}, interrupted?: LanguageModel, vectors?: WordVectors) {
    const resolved = interrupted?.options ?? resolvedOptions(options, vectors);
    const { level, lower, maxTokens, punctuation, validation } = resolved;
    const codec = interrupted?.codec ?? codecOfText(text, { level, lower, maxTokens, punctuation });
    const tokens = codec.encode(text);
    this.charactersPerToken = Array.from(text).length / Math.max(1, tokens.length);
    const held = Math.round(tokens.length * validation);
    requireLength(tokens.length, held, codec.level);
    this.numTrainingTokens = tokens.length - held;
    this.numValidationTokens = held;
    this.trainStreams = streamsOf(tokens.slice(0, tokens.length - held), resolved.batchSize, resolved.timesteps);
    this.validationStreams = streamsOf(tokens.slice(tokens.length - held), resolved.batchSize, resolved.timesteps);
    this.numBatches = this.trainStreams.length;
    if (interrupted?.isTrainedOn(tokens) === false) throw otherText();
    const facts = { numTokens: tokens.length, numTrainingTokens: this.numTrainingTokens, fingerprint: fingerprintOf(tokens) };
    if (vectors !== undefined && !(codec instanceof TextCodec)) throw new RondoError('USAGE', { where: 'LanguageModelTraining', what: 'word vectors have no vectors for bytes.', expected: 'level words or characters', received: `level ${codec.level}`, fix: 'choose words, or leave the vectors out.' });
    const pretrained = vectors && codec instanceof TextCodec ? embeddingFromVectors(codec.vocabulary, vectors, { trainable: !resolved.freeze, tokens }) : undefined;
    this.coverage = pretrained?.coverage;
    this.languageModel = interrupted ?? new LanguageModel(languageModelNetwork(codec.size, resolved, pretrained?.embedding), codec, facts, resolved);
    const { model } = this.languageModel;
    const numSteps = this.numBatches * resolved.epochs;
    model.compile({ optimizer: cosineAdam({ learningRate: resolved.learningRate, numSteps }), loss: sparseCategoricalCrossentropy({ fromLogits: true }) });
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
    const outcome = await runTraining(model, data, controls, [startOver]);
    model.resetStates();
    this.languageModel.outcome = outcome;
    return outcome;
  }
}

function resolvedOptions(options: LanguageModelOptions, vectors: WordVectors | undefined): Required<LanguageModelOptions> {
  const where = 'LanguageModelTraining';
  refuseUnknownOptions(where, options, [...recurrentTaskOptionNames, 'level', 'lower', 'maxTokens', 'punctuation', 'embeddingUnits', 'freeze', 'tied', 'preset', 'inputDropout', 'variational', 'weightDropout', 'embeddingDropout', 'activationPenalty', 'changePenalty', 'validation']);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as LanguageModelOptions;
  const { preset = 'none' } = given;
  if (!languageModelPresetNames.includes(preset)) throw unknownName(where, 'preset', preset, languageModelPresetNames);
  const resolved: LanguageModelOptions & typeof defaults = { ...defaults, ...languageModelPresets[preset], ...given };
  const all = {
    ...resolved,
    maxTokens: resolved.maxTokens ?? defaultMaxTokens[resolved.level] ?? 20_000,
    embeddingUnits: resolved.embeddingUnits ?? vectors?.dimension ?? (resolved.level === 'words' || resolved.level === 'bpe' || resolved.tied ? resolved.units : 64),
    learningRate: resolved.learningRate ?? 0.09 / Math.sqrt(resolved.units),
  };
  requireRecurrentOptions(where, all);
  for (const name of ['inputDropout', 'weightDropout', 'embeddingDropout'] as const) requireRate(where, name, all[name]);
  for (const name of ['activationPenalty', 'changePenalty'] as const) requireNumber(where, name, all[name], 'a number of at least 0', (value) => value >= 0);
  if (vectors !== undefined && all.embeddingDropout > 0) throw new RondoError('USAGE', { where, what: '`embeddingDropout` does not go with given vectors.', received: `embeddingDropout ${all.embeddingDropout}`, fix: 'use inputDropout.' });
  if (vectors !== undefined && all.embeddingUnits !== vectors.dimension) throw new RondoError('USAGE', { where, what: 'the vectors decide how wide the embedding is.', expected: `embeddingUnits ${vectors.dimension}, or none`, received: String(all.embeddingUnits), fix: 'leave embeddingUnits out.' });
  if (vectors === undefined && all.freeze) throw new RondoError('USAGE', { where, what: '`freeze` has no vectors to keep.', fix: 'give vectors, or leave it out.' });
  requireNumber(where, 'embeddingUnits', all.embeddingUnits, 'a whole number of at least 1', (value) => Number.isInteger(value) && value >= 1);
  if (all.tied && all.embeddingUnits !== all.units) {
    throw new RondoError('OUT_OF_RANGE', { where, what: '`embeddingUnits` is not `units`, which a tied output needs.', expected: `embeddingUnits ${all.units}`, received: String(all.embeddingUnits), fix: 'leave `embeddingUnits` out, or the output untied.' });
  }
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

import { RondoError } from '../../errors.js';
import { TokenStreams } from '../../data/streams.js';
import type { VectorCoverage } from '../../io/word-vectors/coverage.js';
import { embeddingFromVectors } from '../../io/word-vectors/embedding-from-vectors.js';
import type { WordVectors } from '../../io/word-vectors/word-vectors.js';
import type { Callback } from '../../training/callbacks/callback.js';
import type { DatasetBatch } from '../../training/dataset.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { sparseCategoricalCrossentropy } from '../../training/losses/index.js';
import { codecOfText } from './codec-of-text.js';
import { currentRandom } from '../../random.js';
import { fingerprintOf } from '../fingerprint.js';
import { type TakenWeights, takeWeights, type UnknownTokens, unknownTokens } from '../initial-model.js';
import { LanguageModel } from './language-model.js';
import { languageModelNetwork } from './language-model-network.js';
import { languageModelOptimizer } from './language-model-optimizer.js';
import { codecOptionsOf, type LanguageModelOptions, resolvedOptions } from './language-model-options.js';
import { TextCodec } from './text-codec.js';
import type { TokenCodec } from './token-codec.js';
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
  /** An earlier model: training begins with its weights, tokens and shape. */
  readonly initial?: LanguageModel;
}

/** What a training that begins with an earlier model takes from it, and what of the text that model does not know. */
export interface LanguageModelBeginning extends TakenWeights {
  /** Undefined where its tokens can spell any text. */
  readonly unknown: UnknownTokens | undefined;
}

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
  /** Undefined without an earlier model. */
  readonly beginning: LanguageModelBeginning | undefined;
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
    const codec = interrupted?.codec ?? data.initial?.codec ?? data.codec ?? codecOfText(train, codecOptionsOf(resolved));
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
    this.beginning = data.initial && { ...takeWeights(model, data.initial.model), unknown: unknownIn(codec, train) };
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

/** Undefined for tokens that can spell any text. */
function unknownIn(codec: TokenCodec, text: string): UnknownTokens | undefined {
  return codec instanceof TextCodec ? unknownTokens(codec.split(text), (token) => codec.vocabulary.has(token)) : undefined;
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

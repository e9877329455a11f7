import { TokenStreams } from '../../data/streams.js';
import { TextCodec } from '../../data/tokens/text-codec.js';
import type { TokenCodec } from '../../data/tokens/token-codec.js';
import { numUnknownOf } from '../../data/vocabulary.js';
import { RondoError } from '../../errors.js';
import type { VectorCoverage } from '../../io/word-vectors/coverage.js';
import { embeddingFromVectors } from '../../io/word-vectors/embedding-from-vectors.js';
import type { WordVectors } from '../../io/word-vectors/word-vectors.js';
import { currentRandom, type Random } from '../../random.js';
import type { Resolved } from '../../resolved.js';
import type { Callback } from '../../training/callbacks/callback.js';
import type { Dataset, DatasetBatch } from '../../training/dataset.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { sparseCategoricalCrossentropy } from '../../training/losses/index.js';
import { codecOfText } from '../codec-of-text.js';
import { fingerprintOf } from '../fingerprint.js';
import { type TakenWeights, takeWeights, type UnknownTokens, unknownTokens } from '../initial-model.js';
import { withRanksOf } from '../ranks-of-initial.js';
import { requireFields, requireTexts } from '../require-texts.js';
import { overVocabulary, requireTeachersTokens } from '../task-teacher.js';
import {
  requireControls,
  runTraining,
  type TaskLearningRateOptions,
  type TrainingControls,
  type TrainingOutcome,
} from '../training-run.js';
import { type DocumentStarts, documentStarts } from './document-starts.js';
import { forgetRows } from './forget-rows.js';
import { LanguageModel } from './language-model.js';
import type { LanguageModelData } from './language-model-data.js';
import { languageModelNetwork } from './language-model-network.js';
import { languageModelOptimizer } from './language-model-optimizer.js';
import type { LanguageModelOptions } from './language-model-options.js';
import { shownTokens, tokensOf } from './language-model-tokens.js';
import { codecOptionsOf, noWordsForVectors, resolvedLanguageModelOptions } from './resolved-language-model-options.js';
import { ngramOrder, textBaseline } from './text-baseline.js';
import { type TrainingWindow, TrainingWindows } from './training-windows.js';

/** What a training that begins with an earlier model takes from it, and what of the text that model does not know. */
export interface LanguageModelBeginning extends TakenWeights {
  /** Undefined where its tokens can spell any text. */
  readonly unknown: UnknownTokens | undefined;
}

/**
 * A recurrent language model of a text: an embedding, recurrent layers and the logits of the next token, trained by
 * truncated backpropagation through time over parallel streams of the text whose state is carried from window to
 * window.
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
  /** Undefined without an earlier model, and for a training that goes on. */
  readonly beginning: LanguageModelBeginning | undefined;
  /** Where the documents of the training part begin. */
  readonly documents: DocumentStarts;
  /** Tokens of each part that the vocabulary does not hold. */
  readonly numUnknown: Readonly<Record<'train' | 'validation', number>>;
  readonly #windows: TrainingWindows;
  readonly #validationStreams: TokenStreams;
  readonly #optimizerCallbacks: readonly Callback[];

  readonly #teacher: LanguageModelData['teacher'];

  /** The window that was read last. */
  #window: TrainingWindow | undefined;

  /**
   * @param interrupted the model of a checkpoint, to go on with; its own options then count.
   */
  constructor(text: string | LanguageModelData, options: LanguageModelOptions = {}, interrupted?: LanguageModel) {
    const data: LanguageModelData = typeof text === 'string' ? { train: text } : text;
    const example = 'a text, or { train } with a text or a list of texts';
    requireFields('LanguageModelTraining', data, ['train'], example);
    const { validation, vectors, initial, teacher, written } = data;
    const train = typeof data.train === 'string' ? [data.train] : data.train;
    requireTexts('LanguageModelTraining, train', train, example);
    const beforehand = interrupted?.options ?? resolvedLanguageModelOptions(options, data);
    const codec =
      interrupted?.codec ??
      initial?.codec ??
      teacher?.model.codec ??
      data.codec ??
      codecOfText(train.join(''), codecOptionsOf(beforehand));
    requireVisible(train);
    if (teacher !== undefined) requireTeachersTokens('LanguageModelTraining', teacher.model.codec, codec);
    this.#teacher = overVocabulary(teacher);
    const { tokens, held, files } = tokensOf(codec, train, validation, beforehand.validation);
    this.charactersPerToken =
      [...train, validation ?? ''].reduce((sum, part) => sum + Array.from(part).length, 0) / Math.max(1, tokens.length);
    requireLength(tokens.length, held, codec.level);
    if (interrupted?.isTrainedOn(tokens) === false) throw otherText();
    this.numTrainingTokens = tokens.length - held;
    this.numValidationTokens = held;
    const learned = tokens.slice(0, tokens.length - held);
    const shown = shownTokens(codec, { tokens: learned, files }, written);
    const resolved = interrupted?.options ?? resolvedLanguageModelOptions(options, data, shown.tokens.length);
    this.numUnknown = {
      train: numUnknownOf(learned, codec.unknownId),
      validation: numUnknownOf(tokens.slice(tokens.length - held), codec.unknownId),
    };
    this.documents = documentStarts(
      shown.tokens,
      codec,
      shown.files,
      resolved.documents === 'auto' ? undefined : resolved.documents,
    );
    this.#windows = new TrainingWindows(shown.tokens, {
      ...sizeOf(shown.tokens, resolved),
      starts: this.documents.places,
      unknownId: codec.unknownId,
    });
    const heldOut = tokens.slice(tokens.length - held);
    this.#validationStreams = new TokenStreams(heldOut, sizeOf(heldOut, resolved));
    this.numBatches = this.#windows.length;
    const start = { kind: this.documents.kind, tokens: this.documents.tokens };
    const facts = {
      numTokens: tokens.length,
      numTrainingTokens: this.numTrainingTokens,
      fingerprint: fingerprintOf(tokens),
      start,
      ...(interrupted === undefined && {
        baseline: textBaseline(learned, textsOf(heldOut, this.#validationStreams), codec.size, ngramOrder(codec.level)),
      }),
    };
    const pretrained = vectors && pretrainedEmbedding(codec, vectors, tokens, resolved);
    this.coverage = pretrained?.coverage;
    this.languageModel =
      interrupted ??
      new LanguageModel(
        withRanksOf(languageModelNetwork(codec.size, resolved, pretrained?.embedding), initial?.model),
        codec,
        facts,
        resolved,
      );
    const { model } = this.languageModel;
    // An interrupted training has gone on from there.
    if (interrupted === undefined && initial !== undefined) {
      const unknown = unknownIn(codec, train);
      requireKnown(unknown, codec.level);
      this.beginning = { ...takeWeights(model, initial.model), unknown };
    }
    const { optimizer, callbacks } = languageModelOptimizer(resolved, this.numBatches);
    this.#optimizerCallbacks = callbacks;
    model.compile({ optimizer, loss: tokenLoss() });
  }

  /** Tokens of one step. */
  get tokensPerStep(): number {
    return this.#windows.batchSize * this.#windows.timesteps;
  }

  /**
   * Which learning rates suit this model on these data; trains nothing. See {@link findLearningRate}. @throws ABORTED
   */
  findLearningRate(options: TaskLearningRateOptions = {}): Promise<LearningRateSearch> {
    const { model } = this.languageModel;
    const windows = this.#windows;
    function* fromItsBeginning(_: number, random: Random): Generator<DatasetBatch> {
      model.resetStates();
      for (const { input, target, anewAfter } of windows.epoch(random)) {
        yield { x: input, y: target };
        forgetRows(model, anewAfter);
      }
    }
    return findLearningRate(model, fromItsBeginning, options);
  }

  /** Trains, and leaves {@link LanguageModelTraining.languageModel} with the weights of its best epoch. */
  async train(controls: TrainingControls = {}): Promise<TrainingOutcome> {
    requireControls('LanguageModelTraining.train', controls);
    const { model, options } = this.languageModel;
    const train: Dataset = (_, random) => this.#batches(random);
    const data = {
      train,
      validation: () => batches(this.#validationStreams),
      epochs: options.epochs,
      patience: options.epochs,
      numBatches: this.numBatches,
      compression: options,
      teacher: this.#teacher,
    };
    // Each epoch reads the text from its beginning. What a row must forget it forgets before a checkpoint is taken.
    const startOver = {
      name: 'startOver',
      onEpochBegin: () => model.resetStates(),
      onBatchEnd: () => forgetRows(model, this.#window?.anewAfter ?? []),
    };
    const outcome = await runTraining(model, data, controls, [startOver, ...this.#optimizerCallbacks]);
    model.resetStates();
    this.languageModel.outcome = outcome;
    return outcome;
  }

  *#batches(random: Random): Generator<DatasetBatch> {
    for (const window of this.#windows.epoch(random)) {
      this.#window = window;
      yield { x: window.input, y: window.target };
      if (this.#teacher !== undefined) forgetRows(this.#teacher.model.model, window.anewAfter);
    }
  }

  /** The loss of the teacher on the tokens that choose the best epoch, in nats a token; undefined without one. */
  async teacherLoss(): Promise<number | undefined> {
    const model = this.#teacher?.model.model;
    if (model === undefined) return undefined;
    if (model.compiledTraining === undefined) model.compile({ optimizer: 'adam', loss: tokenLoss() });
    model.resetStates();
    const { loss } = await model.evaluate(() => batches(this.#validationStreams));
    model.resetStates();
    return loss;
  }
}

const tokenLoss = () => sparseCategoricalCrossentropy({ fromLogits: true });

/** @throws USAGE for tokens that words have no vectors for */
function pretrainedEmbedding(
  codec: TokenCodec,
  vectors: WordVectors,
  tokens: Int32Array,
  { freezeVectors }: Resolved<LanguageModelOptions>,
): ReturnType<typeof embeddingFromVectors> {
  if (codec instanceof TextCodec)
    return embeddingFromVectors(codec.vocabulary, vectors, {
      trainable: !freezeVectors,
      tokens,
      seed: currentRandom().uint32(),
    });
  throw noWordsForVectors(codec.level);
}

/** Undefined for tokens that can spell any text. */
function unknownIn(codec: TokenCodec, texts: readonly string[]): UnknownTokens | undefined {
  return codec instanceof TextCodec
    ? unknownTokens(codec.split(texts.join('')), (token) => codec.vocabulary.has(token))
    : undefined;
}

/** A model that cannot read most of a text has nothing to begin with. */
function requireKnown(unknown: UnknownTokens | undefined, level: string): void {
  if (unknown === undefined || 2 * unknown.numUnknown <= unknown.numTokens) return;
  throw new RondoError('DATA_FORMAT', {
    where: 'LanguageModelTraining, initial',
    what: 'the model to begin with does not know most of the text.',
    expected: `most ${level} in its vocabulary`,
    received:
      `${unknown.numUnknown} of ${unknown.numTokens} ${level} that it reads as unknown, most often ` +
      unknown.examples.join(' '),
    fix: 'begin without a model, or with one of the same language.',
  });
}

/** The wanted size of windows, smaller where the text is too short for it. */
function sizeOf(tokens: Int32Array, options: Resolved<LanguageModelOptions>): { batchSize: number; timesteps: number } {
  const timesteps = Math.min(options.timesteps, tokens.length - 1);
  return {
    timesteps,
    batchSize: Math.max(1, Math.min(options.batchSize, Math.floor((tokens.length - 1) / timesteps))),
  };
}

/** What each stream reads of the tokens, from its own beginning. */
function textsOf(tokens: Int32Array, { batchSize, timesteps, length }: TokenStreams): Int32Array[] {
  const streamLength = Math.floor((tokens.length - 1) / batchSize);
  return Array.from({ length: batchSize }, (_, b) =>
    tokens.subarray(b * streamLength, b * streamLength + length * timesteps + 1),
  );
}

function* batches(streams: TokenStreams): Generator<DatasetBatch> {
  for (const { input, target } of streams) yield { x: input, y: target };
}

function requireVisible(texts: readonly string[]): void {
  if (texts.some((text) => /\S/u.test(text))) return;
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  throw new RondoError('DATA_FORMAT', {
    where: 'LanguageModelTraining',
    what: 'the text holds nothing but white space.',
    expected: 'a text to learn from',
    received: `${length} characters, all of them blank`,
    fix: 'check that this is the right file, and that it was written completely.',
  });
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
  return new RondoError('USAGE', {
    where: 'LanguageModelTraining',
    what: 'this is not the text of the interrupted training.',
    expected: 'the same text',
    fix: 'give the same files in the same order, or start anew without resuming.',
  });
}

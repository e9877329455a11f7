import { fnv1a } from '../../checksum.js';
import { RondoError } from '../../errors.js';
import type { Random } from '../../random.js';
import type { Resolved } from '../../resolved.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { sparseCategoricalCrossentropy } from '../../training/losses/index.js';
import { requireFields } from '../require-texts.js';
import { SeenItems } from '../seen-items.js';
import { trainingBudget } from '../training-rounds.js';
import {
  cosineAdam,
  requireControls,
  runTraining,
  type TaskLearningRateOptions,
  type TrainingControls,
  type TrainingOutcome,
} from '../training-run.js';
import { batchesInOrder, type EncodedPair, epochBatches, numBatchesOf, numTokensOf } from './pair-batches.js';
import { SentenceCodec, type SentenceTokens, tokensFor } from './sentence-codec.js';
import { requirePairs, type SentencePair } from './sentence-pair.js';
import type { TranslationReport } from './translation-report.js';
import { type TrainedPairs, Translator } from './translator.js';
import { translatorNetwork } from './translator-network.js';
import {
  defaultBatchTokens,
  resolvedTranslatorOptions,
  type TranslatorOptions,
  translatorTask,
} from './translator-options.js';
import { WordByWord } from './word-by-word.js';

/** Pairs to train on. Parts that are not given are cut from `train`, as {@link TranslatorOptions} say. */
export interface TranslatorData {
  readonly train: readonly SentencePair[];
  /** Choose the best epoch. */
  readonly validation?: readonly SentencePair[] | undefined;
  /** Are held out for the report. */
  readonly test?: readonly SentencePair[] | undefined;
}

type Parts = Readonly<Record<'train' | 'validation' | 'test', readonly SentencePair[]>>;

/** Most pairs that choose the best epoch where training splits. */
const mostValidation = 2000;

/**
 * An encoder-decoder with attention that learns from pairs of texts: translation, spelling to sound, dates and numbers
 * from one form into another. See {@link translatorNetwork} for what is computed.
 *
 * @example
 * const training = new TranslatorTraining({ train: [{ source: 'ein Haus', target: 'a house' }, ...] });
 * await training.train();
 * const [[{ text }]] = await training.translator.predict(['das Haus']);
 *
 * @throws UNKNOWN_NAME, OUT_OF_RANGE, USAGE, DATA_FORMAT before anything is computed
 */
export class TranslatorTraining {
  readonly translator: Translator;
  /** Steps of an epoch. */
  readonly numBatches: number;
  /** Pairs that are not learned from because a side has more tokens than `timesteps`. */
  readonly numTooLong: number;
  /** Training pairs with an empty side, which are left out. */
  readonly numEmpty: number;
  readonly parts: Parts;
  readonly #learned: readonly EncodedPair[];
  readonly #validation: readonly EncodedPair[];

  /** @param interrupted the translator of a checkpoint, to go on with; its own options then count. */
  constructor(data: TranslatorData, options: TranslatorOptions = {}, interrupted?: Translator) {
    const where = 'TranslatorTraining';
    requireFields(where, data, ['train'], '{ train } with pairs such as { source, target }');
    const resolved = interrupted?.options ?? resolvedTranslatorOptions(options);
    this.parts = partsOf(data, resolved, where);
    const { train, validation } = this.parts;
    this.numEmpty = data.train.filter(({ source, target }) => source.trim() === '' || target.trim() === '').length;
    const levels = levelsOf(train, resolved);
    const codecs = interrupted?.codecs ?? codecsOf(train, { ...resolved, ...levels });
    const encoded = train.map((pair) => encodedPair(pair, codecs));
    const isShort = ({ source, target }: EncodedPair): boolean =>
      Math.max(source.length, target.length) <= resolved.timesteps;
    this.#learned = encoded.filter(isShort);
    this.numTooLong = encoded.length - this.#learned.length;
    if (this.#learned.length === 0) throw nothingShort(resolved.timesteps, where);
    this.#validation = validation.map((pair) => encodedPair(pair, codecs)).filter(isShort);
    const batchTokens =
      interrupted?.options.batchTokens ?? options.batchTokens ?? defaultBatchTokens(numTokensOf(this.#learned));
    this.numBatches = numBatchesOf(this.#learned, { ...resolved, batchTokens });
    const seen = SeenItems.of(
      train.map(({ source }) => source),
      validation.map(({ source }) => source),
    ).toJSON();
    if (interrupted !== undefined) requireSamePairs(interrupted.pairs.seen, seen, where);
    const own = {
      ...resolved,
      ...levels,
      batchTokens,
      ...trainingBudget(options, this.numBatches, translatorTask.rounds),
    };
    this.translator =
      interrupted ??
      newTranslator(
        codecs,
        this.#learned,
        { ...factsOf(this.parts, this.#learned), isShared: codecs.source === codecs.target, seen },
        own,
      );
    const { learningRate, epochs, maxEpochs } = this.translator.options;
    this.translator.model.compile({
      optimizer: cosineAdam({ learningRate, numSteps: this.numBatches * epochs, startsAgain: maxEpochs > epochs }),
      loss: sparseCategoricalCrossentropy(),
    });
  }

  /** Which learning rates suit this model on these pairs; trains nothing. See {@link findLearningRate}. @throws ABORTED */
  findLearningRate(options: TaskLearningRateOptions = {}): Promise<LearningRateSearch> {
    return findLearningRate(this.translator.model, this.#trainData, options);
  }

  /** Trains, and leaves {@link TranslatorTraining.translator} with the weights of its best epoch. */
  async train(controls: TrainingControls = {}): Promise<TrainingOutcome> {
    requireControls('TranslatorTraining.train', controls);
    const { model, options } = this.translator;
    const { epochs, maxEpochs, patience } = options;
    const validation = this.#validation.length === 0 ? undefined : () => batchesInOrder(this.#validation, options);
    const outcome = await runTraining(
      model,
      { train: this.#trainData, validation, epochs, maxEpochs, patience },
      controls,
    );
    this.translator.outcome = outcome;
    return outcome;
  }

  /** How the translator does on the pairs that are held out, or else on those that chose the epoch. */
  async evaluate(part: 'validation' | 'test' = 'test'): Promise<TranslationReport> {
    return this.translator.evaluate(this.parts[part]);
  }

  readonly #trainData = (_epoch: number, random: Random) =>
    epochBatches(this.#learned, this.translator.options, random);
}

function newTranslator(
  codecs: Translator['codecs'],
  learned: readonly EncodedPair[],
  pairs: TrainedPairs,
  options: Resolved<TranslatorOptions>,
): Translator {
  const sizes = { source: codecs.source.size, target: codecs.target.size, isShared: pairs.isShared };
  return new Translator(translatorNetwork(sizes, options), codecs, pairs, WordByWord.of(learned), options);
}

/** What tokens are, where the data are to say it. */
function levelsOf(
  pairs: readonly SentencePair[],
  { sourceTokens, targetTokens }: Resolved<TranslatorOptions>,
): { sourceTokens: SentenceTokens; targetTokens: SentenceTokens } {
  const level = (given: typeof sourceTokens, side: keyof SentencePair): SentenceTokens =>
    given === 'auto' ? tokensFor(pairs.map((pair) => pair[side])) : given;
  return { sourceTokens: level(sourceTokens, 'source'), targetTokens: level(targetTokens, 'target') };
}

/** What sides are made of; byte pairs of both are learned together, and are the same object. */
function codecsOf(
  pairs: readonly SentencePair[],
  options: Resolved<TranslatorOptions> & ReturnType<typeof levelsOf>,
): Translator['codecs'] {
  const { sourceTokens, targetTokens } = options;
  const texts = { source: pairs.map(({ source }) => source), target: pairs.map(({ target }) => target) };
  if (sourceTokens === 'bpe' && targetTokens === 'bpe') {
    const both = SentenceCodec.of([...texts.source, ...texts.target], 'bpe', options);
    return { source: both, target: both };
  }
  return {
    source: SentenceCodec.of(texts.source, sourceTokens, options),
    target: SentenceCodec.of(texts.target, targetTokens, options),
  };
}

function encodedPair({ source, target }: SentencePair, codecs: Translator['codecs']): EncodedPair {
  return { source: codecs.source.encode(source), target: codecs.target.encode(target) };
}

function factsOf(parts: Parts, learned: readonly EncodedPair[]): Omit<TrainedPairs, 'seen' | 'isShared'> {
  const sum = (side: keyof EncodedPair): number => learned.reduce((total, pair) => total + pair[side].length, 0);
  const ratios = learned.map(({ source, target }) => target.length / Math.max(1, source.length)).sort((a, b) => a - b);
  return {
    numPairs: { train: learned.length, validation: parts.validation.length, test: parts.test.length },
    lengthRatio: { mean: sum('target') / sum('source'), most: ratios[Math.floor(0.999 * (ratios.length - 1))] },
  };
}

/** The parts as given, or cut from the training pairs: a source decides by its hash, so that equal ones stay together. */
function partsOf(data: TranslatorData, options: Resolved<TranslatorOptions>, where: string): Parts {
  const all = requirePairs(data.train, `${where}, train`);
  const given = (part: 'validation' | 'test') => data[part] && requirePairs(data[part], `${where}, ${part}`);
  const [validation, test] = [given('validation'), given('test')];
  const { validation: validationShare, test: testShare, splitSeed } = options;
  const shares = {
    test: test === undefined ? testShare : 0,
    validation: validation === undefined ? Math.min(validationShare, mostValidation / all.length) : 0,
  };
  const cut: Record<'train' | 'validation' | 'test', SentencePair[]> = { train: [], validation: [], test: [] };
  for (const pair of all) {
    const at = fnv1a(`${splitSeed} ${pair.source.toLowerCase()}`) / 2 ** 32;
    cut[at < shares.test ? 'test' : at < shares.test + shares.validation ? 'validation' : 'train'].push(pair);
  }
  if (cut.train.length === 0) throw nothingLeft(all.length, where);
  return { train: cut.train, validation: validation ?? cut.validation, test: test ?? cut.test };
}

function nothingLeft(numPairs: number, where: string): RondoError {
  return new RondoError('OUT_OF_RANGE', {
    where,
    what: 'there are too few pairs to hold some out.',
    expected: 'pairs with different sources',
    received: `${numPairs} pairs`,
    fix: 'give more pairs, or validation and test pairs.',
  });
}

function nothingShort(timesteps: number, where: string): RondoError {
  return new RondoError('DATA_FORMAT', {
    where,
    what: 'every pair has a side that is too long.',
    expected: `at most ${timesteps} tokens on each side`,
    fix: 'give `timesteps` a larger number, or cut the texts into sentences.',
  });
}

/** A resumed run ends as if it had not been interrupted only with the same pairs. */
function requireSamePairs(before: TrainedPairs['seen'], now: TrainedPairs['seen'], where: string): void {
  if (before.train === now.train && before.validation === now.validation) return;
  throw new RondoError('USAGE', {
    where,
    what: 'these are not the pairs of the interrupted training.',
    expected: 'the same pairs',
    fix: 'give the same files, or start anew without resuming.',
  });
}

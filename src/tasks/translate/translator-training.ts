import { RondoError } from '../../errors.js';
import type { Random } from '../../random.js';
import type { Resolved } from '../../resolved.js';
import { AverageCheckpoints } from '../../training/callbacks/average-checkpoints.js';
import type { DatasetBatch } from '../../training/dataset.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { sparseCategoricalCrossentropy } from '../../training/losses/index.js';
import {
  type Beginning,
  learnedBefore,
  optionsOfInitial,
  takeWeights,
  type UnknownTokens,
  unknownTokens,
} from '../initial-model.js';
import { withRanksOf } from '../ranks-of-initial.js';
import { requireFields } from '../require-texts.js';
import { type SavedSeenItems, SeenItems } from '../seen-items.js';
import { overVocabulary, requireTeachersTokens } from '../task-teacher.js';
import { trainingBudget } from '../training-rounds.js';
import {
  cosineAdam,
  requireControls,
  runTraining,
  type TaskLearningRateOptions,
  type TrainingControls,
  type TrainingOutcome,
} from '../training-run.js';
import {
  batchesInOrder,
  type EncodedPair,
  epochBatches,
  numBatchesOf,
  numTokensOf,
  type PairBatch,
} from './pair-batches.js';
import { fingerprintOfParts, type PairParts, partsOf, type TranslatorData } from './pair-parts.js';
import { samplingShare, withOwnTokens } from './scheduled-sampling.js';
import { SentenceCodec, type SentenceTokens, tokensFor } from './sentence-codec.js';
import type { SentencePair } from './sentence-pair.js';
import { studentOptions } from './student-options.js';
import type { TranslationReport } from './translation-report.js';
import { type TrainedPairs, Translator, type TranslatorEvaluateOptions } from './translator.js';
import { translatorNetwork } from './translator-network.js';
import {
  defaultBatchTokens,
  resolvedTranslatorOptions,
  type TranslatorOptions,
  translatorOptions,
  translatorTask,
} from './translator-options.js';
import { WordByWord } from './word-by-word.js';

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
  /** Pairs that are neither learned from nor choose because a side has more tokens than `timesteps`. */
  readonly numTooLong: number;
  /** Training pairs with an empty side, which are left out. */
  readonly numEmpty: number;
  readonly parts: PairParts;
  /** Undefined without an earlier model, and for a training that goes on. */
  readonly beginning: Beginning | undefined;
  /** Of the training pairs, what the teacher's vocabulary does not hold; undefined without one. */
  readonly unknownToTeacher: UnknownTokens | undefined;
  readonly #learned: readonly EncodedPair[];
  readonly #validation: readonly EncodedPair[];
  readonly #teacher: TranslatorData['teacher'];

  /** @param interrupted the translator of a checkpoint, to go on with; its own options then count. */
  constructor(data: TranslatorData, options: TranslatorOptions = {}, interrupted?: Translator) {
    const where = 'TranslatorTraining';
    requireFields(where, data, ['train'], '{ train } with pairs such as { source, target }');
    const initial = interrupted === undefined ? data.initial : undefined;
    const given = initial && optionsOfInitial<TranslatorOptions>(where, translatorOptions, options, initial.options);
    const { teacher } = data;
    const chosen = { ...(teacher === undefined ? options : studentOptions(where, data, options)), ...given };
    const resolved = interrupted?.options ?? resolvedTranslatorOptions(chosen);
    const { parts, numEmpty } = partsOf(data, resolved, where);
    this.parts = parts;
    this.numEmpty = numEmpty;
    const { train, validation } = parts;
    const codecs = (interrupted ?? initial ?? teacher?.model)?.codecs ?? codecsOf(train, resolved);
    if (teacher !== undefined)
      for (const side of ['source', 'target'] as const)
        requireTeachersTokens(where, teacher.model.codecs[side], codecs[side]);
    this.unknownToTeacher = teacher && unknownOf(codecs, train);
    this.#teacher = overVocabulary(teacher);
    const encoded = train.map((pair) => encodedPair(pair, codecs));
    const isShort = ({ source, target }: EncodedPair): boolean =>
      Math.max(source.length, target.length) <= resolved.timesteps;
    this.#learned = encoded.filter(isShort);
    const choosing = validation.map((pair) => encodedPair(pair, codecs));
    this.#validation = choosing.filter(isShort);
    this.numTooLong = encoded.length - this.#learned.length + choosing.length - this.#validation.length;
    if (this.#learned.length === 0) throw nothingShort(resolved.timesteps, where);
    const batchTokens =
      interrupted?.options.batchTokens ?? chosen.batchTokens ?? defaultBatchTokens(numTokensOf(this.#learned));
    this.numBatches = numBatchesOf(this.#learned, { ...resolved, batchTokens });
    const fingerprint = fingerprintOfParts(parts);
    if (interrupted !== undefined) requireSamePairs(interrupted, fingerprint, where);
    const own = {
      ...resolved,
      batchTokens,
      ...trainingBudget(options, this.numBatches, translatorTask.rounds),
    };
    this.translator =
      interrupted ??
      newTranslator(
        codecs,
        this.#learned,
        {
          ...factsOf(parts, this.#learned, { numValidation: this.#validation.length, earlier: initial?.pairs.seen }),
          isShared: codecs.source === codecs.target,
          fingerprint,
          reading: data.reading ?? {},
        },
        own,
        initial,
      );
    this.beginning = initial && beginningOf(this.translator, initial, parts);
    const { learningRate, epochs, maxEpochs, labelSmoothing } = this.translator.options;
    this.translator.model.compile({
      optimizer: cosineAdam({ learningRate, numSteps: this.numBatches * epochs, startsAgain: maxEpochs > epochs }),
      loss: sparseCategoricalCrossentropy({ labelSmoothing }),
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
    const { epochs, maxEpochs, patience, averageCheckpoints: numCheckpoints } = options;
    const validation = this.#validation.length === 0 ? undefined : () => batchesInOrder(this.#validation, options);
    const outcome = await runTraining(
      model,
      {
        train: this.#trainData,
        validation,
        epochs,
        maxEpochs,
        patience,
        numBatches: this.numBatches,
        compression: options,
        teacher: this.#teacher,
      },
      controls,
      numCheckpoints > 1 ? [new AverageCheckpoints({ numCheckpoints })] : [],
    );
    this.translator.outcome = outcome;
    return outcome;
  }

  /** How the translator does on the pairs that are held out, or on those that chose the epoch. */
  async evaluate(
    part: 'validation' | 'test' = 'test',
    options: TranslatorEvaluateOptions = {},
  ): Promise<TranslationReport> {
    return this.translator.evaluate(this.parts[part], options);
  }

  readonly #trainData = (epoch: number, random: Random) => {
    const batches = epochBatches(this.#learned, this.translator.options, random);
    return this.translator.options.scheduledSampling > 0 ? this.#withOwnTokens(batches, epoch, random) : batches;
  };

  async *#withOwnTokens(batches: Iterable<PairBatch>, epoch: number, random: Random): AsyncGenerator<DatasetBatch> {
    const { model, options } = this.translator;
    const { scheduledSampling: most, samplingSchedule: schedule, epochs } = options;
    let step = epoch * this.numBatches;
    for (const batch of batches) {
      const share = samplingShare({ schedule, most, numSteps: epochs * this.numBatches }, step++);
      yield await withOwnTokens(batch, model, share, random);
    }
  }
}

function newTranslator(
  codecs: Translator['codecs'],
  learned: readonly EncodedPair[],
  pairs: TrainedPairs,
  options: Resolved<TranslatorOptions>,
  initial: Translator | undefined,
): Translator {
  const sizes = { source: codecs.source.size, target: codecs.target.size, isShared: pairs.isShared };
  const network = withRanksOf(translatorNetwork(sizes, options), initial?.model);
  return new Translator(network, codecs, pairs, WordByWord.of(learned), options);
}

/** What sides are made of; byte pairs of both are learned together, and are the same object. */
function codecsOf(pairs: readonly SentencePair[], options: Resolved<TranslatorOptions>): Translator['codecs'] {
  const texts = { source: pairs.map(({ source }) => source), target: pairs.map(({ target }) => target) };
  const kindOf = (given: typeof options.sourceTokens, side: keyof SentencePair): SentenceTokens =>
    given === 'auto' ? tokensFor(texts[side]) : given;
  const [source, target] = [kindOf(options.sourceTokens, 'source'), kindOf(options.targetTokens, 'target')];
  if (options.pointerGenerator && source !== target)
    throw new RondoError('USAGE', {
      where: 'TranslatorTraining',
      what: '`pointerGenerator` copies tokens, and those of both sides differ.',
      expected: 'tokens of the same kind',
      received: `${source} and ${target}`,
      fix: 'give `sourceTokens` and `targetTokens` the same value, or leave `pointerGenerator` out.',
      option: 'pointerGenerator',
    });
  if (source === target && (source === 'bpe' || options.pointerGenerator)) {
    const both = SentenceCodec.of([...texts.source, ...texts.target], source, options);
    return { source: both, target: both };
  }
  return {
    source: SentenceCodec.of(texts.source, source, options),
    target: SentenceCodec.of(texts.target, target, options),
  };
}

function encodedPair({ source, target }: SentencePair, codecs: Translator['codecs']): EncodedPair {
  return { source: codecs.source.encode(source), target: codecs.target.encode(target) };
}

function factsOf(
  parts: PairParts,
  learned: readonly EncodedPair[],
  { numValidation, earlier }: { readonly numValidation: number; readonly earlier: SavedSeenItems | undefined },
): Omit<TrainedPairs, 'isShared' | 'fingerprint' | 'reading'> {
  const sum = (side: keyof EncodedPair): number => learned.reduce((total, pair) => total + pair[side].length, 0);
  const mostOf = (numbers: readonly number[]): number =>
    [...numbers].sort((a, b) => a - b)[Math.floor(0.999 * (numbers.length - 1))];
  const ratios = learned.map(({ source, target }) => target.length / Math.max(1, source.length));
  return {
    seen: SeenItems.of(sourcesOf(parts.train), sourcesOf(parts.validation)).with(earlier).toJSON(),
    numPairs: { train: learned.length, validation: numValidation, test: parts.test.length },
    lengthRatio: { mean: sum('target') / sum('source'), most: mostOf(ratios) },
    longestTarget: mostOf(learned.map(({ target }) => target.length)),
  };
}

function sourcesOf(part: readonly SentencePair[]): string[] {
  return part.map(({ source }) => source);
}

/** Gives a new translator the weights of an earlier one, with whose tokens it was made. */
function beginningOf({ model, codecs }: Translator, initial: Translator, parts: PairParts): Beginning {
  return {
    ...takeWeights(model, initial.model),
    unknown: unknownOf(codecs, parts.train),
    learnedBefore: learnedBefore(initial.pairs.seen, {
      validation: sourcesOf(parts.validation),
      test: sourcesOf(parts.test),
    }),
  };
}

function unknownOf(codecs: Translator['codecs'], pairs: readonly SentencePair[]): UnknownTokens {
  const bySide = (['source', 'target'] as const).map((side) => {
    const codec = codecs[side];
    const tokens = pairs.flatMap((pair) => codec.split(pair[side]));
    return unknownTokens(tokens, (token) => !codec.encode(token).some((id) => codec.isUnknown(id)));
  });
  const sum = (count: 'numTokens' | 'numUnknown'): number => bySide.reduce((total, side) => total + side[count], 0);
  const examples = new Set(bySide.flatMap((side) => side.examples));
  return { numTokens: sum('numTokens'), numUnknown: sum('numUnknown'), examples: [...examples].slice(0, 10) };
}

function nothingShort(timesteps: number, where: string): RondoError {
  return new RondoError('DATA_FORMAT', {
    where,
    what: 'every pair has a side that is too long.',
    expected: `at most ${timesteps} tokens on each side`,
    fix: 'give `timesteps` a larger number, or cut the texts into sentences.',
    option: 'timesteps',
  });
}

/** A resumed run ends as if it had not been interrupted only with the same pairs. */
function requireSamePairs(interrupted: Translator, fingerprint: number, where: string): void {
  if (interrupted.pairs.fingerprint === fingerprint) return;
  throw new RondoError('USAGE', {
    where,
    what: 'these are not the pairs of the interrupted training.',
    expected: 'the same pairs',
    fix: 'give the same files, or start anew without resuming.',
  });
}

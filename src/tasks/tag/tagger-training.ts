import { detectTagScheme, type TagScheme } from '../../data/tag-schemes.js';
import { RondoError, refuseUnknownOptions } from '../../errors.js';
import { FormVectors } from '../../io/word-vectors/form-vectors.js';
import type { PretrainedVectors } from '../../io/word-vectors/pretrained-vectors.js';
import { type VectorTable, vectorTable } from '../../io/word-vectors/vector-table.js';
import { Dense } from '../../layers/dense.js';
import { currentRandom, type Random } from '../../random.js';
import type { Resolved } from '../../resolved.js';
import type { DatasetBatch } from '../../training/dataset.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { crf as crfLoss, sparseCategoricalCrossentropy } from '../../training/losses/index.js';
import { type Beginning, learnedBefore, takeWeights, unknownTokens } from '../initial-model.js';
import { pickOptions } from '../option-table.js';
import { withRanksOf } from '../ranks-of-initial.js';
import { requireFields } from '../require-texts.js';
import { optionsToBegin } from '../resolved-options.js';
import { SeenItems } from '../seen-items.js';
import { requireTeachersTokens, type TaskTeacher } from '../task-teacher.js';
import { trainingBudget } from '../training-rounds.js';
import {
  cosineAdam,
  requireControls,
  runTraining,
  type TaskLearningRateOptions,
  type TrainingControls,
  type TrainingOutcome,
} from '../training-run.js';
import { HmmTagger } from './hmm-tagger.js';
import { lookUpForm } from './look-up-form.js';
import { studentOptions } from './student-options.js';
import { cutSentences, epochBatches, padded, placesByLength } from './tag-batches.js';
import { type EncodedSentence, requireDifferentTags, TagCodec, tagCodecOptions } from './tag-codec.js';
import { type TagMeasure, tagMetric } from './tag-metrics.js';
import { numWordsOf, requireTagged, sentenceKey, type TaggedSentence } from './tagged-sentence.js';
import {
  type BaselineScore,
  fingerprintOfSentences,
  Tagger,
  type TaggerReport,
  type TrainedSentences,
} from './tagger.js';
import { taggerNetwork } from './tagger-network.js';
import { type TaggerOptions, taggerTask } from './tagger-options.js';
import { scoreOf, taggingReport } from './tagging-report.js';

/** What a tagger learns from. */
export interface TaggerData {
  readonly train: readonly TaggedSentence[];
  /** Choose the best epoch; by default some of the training sentences do, which are then not learned from. */
  readonly validation?: readonly TaggedSentence[] | undefined;
  /** Only measured, by the baseline; {@link Tagger.evaluate} measures the tagger. */
  readonly test?: readonly TaggedSentence[] | undefined;
  /** Vectors to start from, found whatever their case unless `lower` is false. */
  readonly vectors?: PretrainedVectors | undefined;
  /** An earlier tagger, whose weights, words and shape training begins with; other tags have scores anew. */
  readonly initial?: Tagger | undefined;
  /**
   * A larger tagger of the same tags that is learned from besides them; its words, cell, layers and random field are taken,
   * and half its widths where nothing else is said. Its temperature is 1 by default. With a random field the student
   * learns the teacher's distribution over whole sentences, and every tag is named whatever `topK` is; see `distill`.
   */
  readonly teacher?: Omit<TaskTeacher<Tagger>, 'topK'> | undefined;
  /** What the files' column is called, for those who use the tagger. */
  readonly column?: string | undefined;
  /** How the sentences were read; kept in the model's file. See {@link TrainedSentences.reading}. */
  readonly reading?: TrainedSentences['reading'];
}

/**
 * A tagger of words: a vector of each word and of its characters, recurrent layers in both directions, and a
 * conditional random field or the best tag of each word by itself. Lample et al. 2016, "Neural architectures for named
 * entity recognition".
 *
 * @example
 * const file = readConllu(text, { where: 'train.conllu' });
 * const training = new TaggerTraining({ train: taggedSentences(file.sentences.map(({ words }) => words), file.column('upos')) });
 * await training.train();
 * const [tags] = await training.tagger.predict([['They', 'sleep', '.']]);
 *
 * @throws UNKNOWN_NAME, OUT_OF_RANGE for impossible options or too few tags or sentences; DATA_FORMAT, SHAPE_MISMATCH
 *   for sentences that are none
 */
export class TaggerTraining {
  readonly tagger: Tagger;
  /** The sentences that are learned from, and those that choose the best epoch. */
  readonly numSentences: Readonly<Record<'train' | 'validation', number>>;
  readonly numWords: Readonly<Record<'train' | 'validation', number>>;
  /** Steps of an epoch. */
  readonly numBatches: number;
  /** Undefined without an earlier model, and for a training that goes on. */
  readonly beginning: Beginning | undefined;
  readonly #learned: readonly EncodedSentence[];
  readonly #validation: readonly EncodedSentence[];
  readonly #heldOut: readonly TaggedSentence[];
  readonly #measure: TagMeasure;
  readonly #teacher: TaskTeacher<Tagger> | undefined;

  /** @param interrupted the tagger of a checkpoint, to go on with; its own options then count. */
  constructor(data: TaggerData, options: TaggerOptions = {}, interrupted?: Tagger) {
    requireFields('TaggerTraining', data, ['train'], '{ train } with sentences such as { words, tags }');
    const all = requireTagged(data.train, 'TaggerTraining, train');
    if (data.validation !== undefined && options.validation !== undefined) {
      throw new RondoError('USAGE', {
        where: 'TaggerTraining',
        what: 'a share of validation and validation sentences cannot be given together.',
        expected: 'one of them',
        fix: 'leave the share out: the given sentences choose the best epoch.',
      });
    }
    const { teacher } = data;
    const resolved =
      interrupted?.options ??
      (teacher === undefined
        ? optionsToBegin(taggerTask, options, data)
        : studentOptions('TaggerTraining', data, options));
    requireDifferentTags(all, 'TaggerTraining');
    // Trainings that were begun before spellings counted have kept no hashes.
    const keyOf = interrupted !== undefined && interrupted.sentences.seen === undefined ? undefined : sentenceKey;
    const { train, validation } =
      data.validation === undefined
        ? heldOut(all, resolved.validation, keyOf)
        : { train: all, validation: requireTagged(data.validation, 'TaggerTraining, validation') };
    if (interrupted !== undefined) requireSameSentences(interrupted, train, validation);
    const pretrained =
      data.vectors && interrupted === undefined
        ? {
            vectors: new FormVectors(data.vectors, (word) => lookUpForm(word, resolved)),
            numWords: resolved.vectorWords,
          }
        : undefined;
    const initial = interrupted === undefined ? data.initial : undefined;
    const continued =
      (initial && TagCodec.continued(initial.codec, train)) ??
      (teacher && TagCodec.ofTeacher(teacher.model.codec, train, 'TaggerTraining, teacher'));
    const codec =
      interrupted?.codec ??
      continued ??
      TagCodec.fromSentences(train, pickOptions(tagCodecOptions, resolved), pretrained);
    const started = pretrained && tableOf(pretrained.vectors, codec, train, options.wordUnits);
    const scheme =
      interrupted === undefined ? schemeOf(resolved.scheme, train) : (interrupted.sentences.scheme ?? undefined);
    if (teacher !== undefined) requireTeachersCodec(teacher.model.codec, codec);
    this.#teacher = overTags(teacher, codec.tags.length);
    this.#learned = cutSentences(
      train.map((sentence) => codec.encode(sentence)),
      resolved.timesteps,
    );
    this.numBatches = Math.ceil(this.#learned.length / resolved.batchSize);
    const own = {
      ...resolved,
      ...trainingBudget(options, this.numBatches, taggerTask.rounds),
      wordUnits: started?.width ?? resolved.wordUnits,
    };
    this.tagger = interrupted ?? newTagger(data, { train, validation }, { codec, scheme, started, options: own });
    this.beginning = initial && beginningOf(this.tagger, initial, { train, validation, test: data.test ?? [] });
    this.#heldOut = validation;
    this.numSentences = { train: train.length, validation: validation.length };
    this.numWords = { train: numWordsOf(train), validation: numWordsOf(validation) };
    this.#validation = cutSentences(
      choosing(validation, codec).map((sentence) => codec.encode(sentence)),
      resolved.timesteps,
    );
    this.#measure = scheme === undefined ? 'accuracy' : 'spanF1';
    const { model } = this.tagger;
    const { learningRate, epochs, maxEpochs } = this.tagger.options;
    const measures: TagMeasure[] = scheme === undefined ? ['accuracy'] : ['accuracy', 'spanF1'];
    model.compile({
      optimizer: cosineAdam({ learningRate, numSteps: this.numBatches * epochs, startsAgain: maxEpochs > epochs }),
      loss: resolved.crf ? crfLoss() : sparseCategoricalCrossentropy({ fromLogits: true }),
      metrics: measures.map((measure) => tagMetric(measure, model, codec.tags)),
    });
  }

  /**
   * Which learning rates suit this model on these data; trains nothing. See {@link findLearningRate}. @throws ABORTED
   */
  findLearningRate(options: TaskLearningRateOptions = {}): Promise<LearningRateSearch> {
    return findLearningRate(this.tagger.model, this.#trainData, options);
  }

  /** Trains, and leaves {@link TaggerTraining.tagger} with the weights of its best epoch. */
  async train(controls: TrainingControls = {}): Promise<TrainingOutcome> {
    requireControls('TaggerTraining.train', controls);
    const { model, options } = this.tagger;
    const data = {
      train: this.#trainData,
      validation: () => batchesInOrder(this.#validation),
      epochs: options.epochs,
      maxEpochs: options.maxEpochs,
      patience: options.patience,
      monitor: this.#measure === 'accuracy' ? 'valAccuracy' : 'valSpanF1',
      numBatches: this.numBatches,
      compression: options,
      teacher: this.#teacher,
    };
    const outcome = await runTraining(model, data, controls);
    this.tagger.outcome = outcome;
    return outcome;
  }

  /**
   * The share of the tags that the teacher finds in some sentences, and of how many of these it has learned; undefined
   * without one.
   */
  async evaluateTeacher(
    sentences: readonly TaggedSentence[] = this.#heldOut,
  ): Promise<{ accuracy: number; numLearned: number } | undefined> {
    const report = await this.#teacher?.model.evaluate(sentences);
    return report && { accuracy: report.accuracy, numLearned: report.numTrained };
  }

  /** How the tagger does on the validation sentences. */
  async evaluate(controls: { signal?: AbortSignal | undefined } = {}): Promise<TaggerReport> {
    return this.tagger.evaluate(this.#heldOut, controls);
  }

  readonly #trainData = (_epoch: number, random: Random) =>
    epochBatches(this.#learned, this.tagger.options.batchSize, random);
}

/** Every tag is named, and temperature 1 is the default: over sequences a higher one spreads over all that nobody says. */
function overTags(teacher: TaggerData['teacher'], numTags: number): TaskTeacher<Tagger> | undefined {
  if (teacher === undefined) return undefined;
  refuseUnknownOptions('TaggerTraining, teacher', teacher, ['model', 'temperature', 'alpha']);
  return { ...teacher, temperature: teacher.temperature ?? 1, topK: numTags };
}

/** @throws USAGE for a student that was begun with other words or tags than its teacher's */
function requireTeachersCodec(teacher: TagCodec, own: TagCodec): void {
  const tokens = ({ words, characters, affixes, tags }: TagCodec) => ({
    size: words.size,
    toJSON: () => [words.tokens, characters.tokens, affixes.tokens, tags],
  });
  requireTeachersTokens('TaggerTraining', tokens(teacher), tokens(own));
}

function* batchesInOrder(sentences: readonly EncodedSentence[]): Generator<DatasetBatch> {
  for (const places of placesByLength(sentences.map(({ words }) => words.length)))
    yield padded(Array.from(places, (place) => sentences[place]));
}

interface TaggerParts {
  readonly codec: TagCodec;
  readonly scheme: TagScheme | undefined;
  readonly started: VectorTable | undefined;
  readonly options: Resolved<TaggerOptions>;
}

function newTagger(
  data: TaggerData,
  { train, validation }: { train: readonly TaggedSentence[]; validation: readonly TaggedSentence[] },
  { codec, scheme, started, options }: TaggerParts,
): Tagger {
  const test = data.test && requireTagged(data.test, 'TaggerTraining, test');
  const hmm = new HmmTagger(train, codec.tags);
  const measured = (part: BaselineScore['part'], sentences: readonly TaggedSentence[]): BaselineScore => {
    const report = taggingReport(
      sentences,
      sentences.map(({ words }) => hmm.tag(words)),
      { scheme, isUnknown: (word) => codec.isUnknown(word) },
    );
    return { ...scoreOf(report), part, fingerprint: fingerprintOfSentences(sentences) };
  };
  const facts = {
    numSentences: train.length,
    numWords: numWordsOf(train),
    numValidationSentences: validation.length,
    fingerprint: fingerprintOfSentences(train),
    column: data.column ?? null,
    reading: data.reading,
    scheme: scheme ?? null,
    baseline: [measured('validation', validation), ...(test === undefined ? [] : [measured('test', test)])],
    commonestTag: commonestTagOf(train),
    vectors: started?.coverage ?? null,
    seen: SeenItems.of(
      train.map(({ words }) => sentenceKey(words)),
      validation.map(({ words }) => sentenceKey(words)),
    )
      .with(data.initial?.sentences.seen)
      .toJSON(),
  };
  const model = withRanksOf(taggerNetwork(codec, scheme, options), data.initial?.model);
  if (started !== undefined)
    [...model.namedWeights()].find(([name]) => name.endsWith('/words/embeddings'))![1].variable.assign(started.values);
  return new Tagger(model, codec, facts, options);
}

function commonestTagOf(sentences: readonly TaggedSentence[]): string {
  const counts = new Map<string, number>();
  for (const { tags } of sentences) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].reduce((most, own) => (own[1] > most[1] ? own : most))[0];
}

/** What the words' vectors start from. */
function tableOf(
  vectors: FormVectors,
  codec: TagCodec,
  train: readonly TaggedSentence[],
  wordUnits: number | undefined,
): VectorTable {
  const counts = new Float64Array(codec.words.size);
  for (const sentence of train) for (const id of codec.encode(sentence).words) counts[id]++;
  return vectorTable(codec.words, vectors, 'TaggerTraining', {
    random: currentRandom(),
    width: { wordUnits },
    counts,
    isOfText: (id) => id < codec.numSeenWords,
  });
}

/**
 * Every n-th different sentence is held out, so that both parts come from everywhere in the file.
 *
 * @param keyOf equal for sentences that stay together; without it all are different.
 */
function heldOut(
  sentences: readonly TaggedSentence[],
  share: number,
  keyOf: ((words: readonly string[]) => string) | undefined,
): { train: TaggedSentence[]; validation: TaggedSentence[] } {
  const every = Math.round(1 / share);
  const numbers = new Map<string, number>();
  const numberOf = sentences.map(({ words }, place) => {
    const key = keyOf?.(words) ?? String(place);
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
  const isHeld = (place: number): boolean => numberOf[place] % every === every - 1;
  const [train, validation] = [
    sentences.filter((_, place) => !isHeld(place)),
    sentences.filter((_, place) => isHeld(place)),
  ];
  if (validation.length > 0) return { train, validation };
  throw new RondoError('OUT_OF_RANGE', {
    where: 'TaggerTraining',
    what: 'there are too few sentences to hold some out.',
    expected: `at least ${every} different ones`,
    received: `${sentences.length}, of them ${numbers.size} different`,
    fix: 'give validation sentences, more sentences, or a larger share of validation.',
  });
}

/**
 * The validation sentences that can choose an epoch: a tag that training never showed has no label.
 * {@link Tagger.evaluate} counts all.
 */
function choosing(validation: readonly TaggedSentence[], codec: TagCodec): readonly TaggedSentence[] {
  const known = new Set(codec.tags);
  const kept = validation.filter(({ tags }) => tags.every((tag) => known.has(tag)));
  if (kept.length > 0) return kept;
  const unseen = [...new Set(validation.flatMap(({ tags }) => tags.filter((tag) => !known.has(tag))))];
  throw new RondoError('DATA_FORMAT', {
    where: 'TaggerTraining, validation',
    what: 'every sentence has a tag that training never shows.',
    expected: `tags such as ${codec.tags.slice(0, 10).join(', ')}`,
    received: unseen.slice(0, 10).join(', '),
    fix: 'give validation sentences from the same column of the same kind of data.',
  });
}

/** Gives a new tagger the weights of an earlier one; the scores of other tags begin anew. */
function beginningOf(
  { model, codec }: Tagger,
  initial: Tagger,
  { train, validation, test }: Readonly<Record<'train' | 'validation' | 'test', readonly TaggedSentence[]>>,
): Beginning {
  const first = model.layers.findIndex((layer) => layer instanceof Dense);
  const keysOf = (sentences: readonly TaggedSentence[]): string[] => sentences.map(({ words }) => sentenceKey(words));
  return {
    ...takeWeights(model, initial.model, codec.tags === initial.codec.tags ? [] : model.layers.slice(first)),
    unknown: unknownTokens(
      train.flatMap(({ words }) => words),
      (word) => codec.words.has(codec.lookUpForm(word)),
    ),
    learnedBefore: learnedBefore(initial.sentences.seen, { validation: keysOf(validation), test: keysOf(test) }),
  };
}

function schemeOf(given: Resolved<TaggerOptions>['scheme'], train: readonly TaggedSentence[]): TagScheme | undefined {
  if (given === 'none') return undefined;
  return given === 'auto' ? detectTagScheme(train.map(({ tags }) => tags)) : given;
}

/** A resumed run ends as if it had not been interrupted only with the same sentences. */
function requireSameSentences(
  interrupted: Tagger,
  train: readonly TaggedSentence[],
  validation: readonly TaggedSentence[],
): void {
  const chosenOn = interrupted.sentences.baseline.find(({ part }) => part === 'validation');
  if (interrupted.isTrainedOn(train) && chosenOn?.fingerprint === fingerprintOfSentences(validation)) return;
  throw new RondoError('USAGE', {
    where: 'TaggerTraining',
    what: 'these are not the sentences of the interrupted training.',
    expected: 'the same sentences',
    fix: 'give the same files, or start anew without resuming.',
  });
}

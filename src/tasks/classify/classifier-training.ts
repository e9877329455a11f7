import type { LabelledTexts } from '../../data/text-rows.js';
import { tokenSpansOf } from '../../data/token-spans.js';
import { numUnknownOf } from '../../data/vocabulary.js';
import { RondoError } from '../../errors.js';
import type { PretrainedVectors } from '../../io/word-vectors/pretrained-vectors.js';
import type { Random } from '../../random.js';
import type { Resolved } from '../../resolved.js';
import { findLearningRate, type LearningRateSearch } from '../../training/find-learning-rate.js';
import { categoricalCrossentropy } from '../../training/losses/index.js';
import type { Beginning } from '../initial-model.js';
import { optionsToBegin } from '../resolved-options.js';
import { SeenItems } from '../seen-items.js';
import { requireTeachersClasses, requireTeachersTokens, type TaskTeacher } from '../task-teacher.js';
import { trainingBudget } from '../training-rounds.js';
import {
  cosineAdam,
  requireControls,
  runTraining,
  type TaskLearningRateOptions,
  type TrainingControls,
  type TrainingOutcome,
} from '../training-run.js';
import { calibrationError, fitTemperature, probabilitiesOf } from './calibration.js';
import { classWeightsOf } from './class-weights.js';
import { type ClassificationReport, classificationReport } from './classification-report.js';
import type { Classifier, TrainedTexts } from './classifier.js';
import { type ClassifierBaseline, classifierBaseline, type TokenisedPart } from './classifier-baseline.js';
import {
  type ClassifierOptions,
  classifierTask,
  requireLocaleOfSegments,
  resolveClassifierOptions,
} from './classifier-options.js';
import { type ClassifierParts, partsOf } from './classifier-parts.js';
import { keepTexts } from './keep-texts.js';
import { continuedClassifier, newClassifier } from './new-classifier.js';
import { requireClasses, requireLabelledTexts, requireLabels } from './require-labelled.js';
import { studentOptions } from './student-options.js';
import { TextBatches } from './text-batches.js';
import { overlapOf, type TextOverlap, textKey } from './text-keys.js';
import { textsFingerprint } from './texts-fingerprint.js';
import { tokensRead } from './token-encoder.js';
import { tokenKindFor } from './token-kind-for.js';

/** Labelled texts to train on. Parts that are not given are cut from `train`, as {@link ClassifierOptions} say. */
export interface ClassifierData {
  readonly train: LabelledTexts;
  /** Chooses the best epoch and calibrates. */
  readonly validation?: LabelledTexts | undefined;
  /** Is held out for the report. */
  readonly test?: LabelledTexts | undefined;
  /** How the texts were read; kept in the model's file. See {@link TrainedTexts.reading}. */
  readonly reading?: TrainedTexts['reading'] | undefined;
  /** An earlier classifier, whose weights, tokens and shape training begins with; other classes have an output anew. */
  readonly initial?: Classifier | undefined;
  /**
   * A larger classifier of the same classes that is learned from besides the labels; its tokens, cell, layers and pooling
   * are taken, and half its widths where nothing else is said. Its temperature is 2 by default.
   */
  readonly teacher?: TaskTeacher<Classifier> | undefined;
}

export interface ClassifierTrainingOptions extends ClassifierOptions {
  /** Vectors that the embedding starts from, found whatever their case where the texts are lower-cased. */
  vectors?: PretrainedVectors | undefined;
}

/** One part of the data, ready to compute with. */
interface Part {
  readonly ids: readonly Int32Array[];
  readonly classes: Int32Array;
}

/**
 * A recurrent classifier of texts: tokens, an embedding, recurrent layers, pooling and a softmax. The weights of the
 * best epoch are kept and their probabilities calibrated on the texts that chose it.
 *
 * @example
 * const training = new ClassifierTraining({ train: { texts, labels } }, { epochs: 8 });
 * await training.train();
 * const { accuracy } = await training.evaluate();
 * const [{ label, probability }] = await training.classifier.predict(['what a film']);
 *
 * @throws UNKNOWN_NAME, OUT_OF_RANGE, DATA_FORMAT, USAGE before anything is computed.
 */
export class ClassifierTraining {
  readonly classifier: Classifier;
  /** Steps of an epoch. */
  readonly numBatches: number;
  /** Undefined without an earlier model, and for a training that goes on. */
  readonly beginning: Beginning | undefined;
  readonly #validation: Part;
  readonly #test: Part | undefined;
  readonly #trainBatches: TextBatches;
  readonly #validationBatches: TextBatches;
  readonly #parts: ClassifierParts;
  readonly #teacher: ClassifierData['teacher'];

  /** @param interrupted the classifier of a checkpoint, to go on with; its own options then count. */
  constructor(data: ClassifierData, { vectors, ...options }: ClassifierTrainingOptions = {}, interrupted?: Classifier) {
    const where = 'ClassifierTraining';
    requireLabelledTexts(where, data);
    const resolved = interrupted?.options ?? optionsOf(where, options, data, vectors);
    requireLabels(data);
    const settings = {
      tokens: resolved.tokens,
      lower: resolved.lower,
      locale: resolved.locale,
      timesteps: resolved.timesteps,
      truncating: resolved.truncating,
      padding: resolved.padding,
    };
    const readable = (rows: LabelledTexts): LabelledTexts =>
      keepTexts(
        rows,
        rows.texts.flatMap((text, i) => (tokenSpansOf(text, settings).length > 0 ? [i] : [])),
        resolved.empty,
      );
    const given = {
      train: readable(data.train),
      validation: data.validation && readable(data.validation),
      test: data.test && readable(data.test),
    };
    requireClasses(given.train, data.train);
    // Trainings that were begun before spellings counted have kept no hashes.
    const isBySpelling = interrupted !== undefined && interrupted.data.seen === undefined;
    const keysOf = ({ texts }: LabelledTexts): readonly string[] =>
      isBySpelling ? texts : texts.map((text) => textKey(text, settings));
    const parts = partsOf(given, keysOf(given.train), resolved);
    this.#parts = parts;
    this.numBatches = Math.ceil(parts.train.texts.length / resolved.batchSize);
    const found = [...new Set(parts.train.labels)].sort((a, b) => (a < b ? -1 : 1));
    const { teacher } = data;
    if (teacher !== undefined) requireTeachersClasses(`${where}, teacher`, teacher.model.labels, found);
    const labels = teacher?.model.labels ?? found;
    this.#teacher = teacher && { ...teacher, topK: teacher.topK ?? labels.length };

    const fingerprintOfAll = textsFingerprint(given.train, given.validation, given.test);
    if (interrupted !== undefined && interrupted.data.fingerprintOfAll !== fingerprintOfAll) throw otherTexts();
    const seen = SeenItems.of(keysOf(parts.train), keysOf(parts.validation));
    const parameters = {
      parts,
      labels,
      settings,
      options: { ...resolved, ...trainingBudget(options, this.numBatches, classifierTask.rounds) },
      given: vectors && { vectors, embeddingUnits: options.embeddingUnits },
      encoder: teacher?.model.encoder,
      facts: {
        numSkipped: numTextsOf(data) - numTextsOf(given),
        fingerprint: textsFingerprint(given.train),
        fingerprintOfAll,
        reading: data.reading ?? {},
        seen: seen.with(data.initial?.data.seen).toJSON(),
      },
    };
    const initial = interrupted === undefined ? data.initial : undefined;
    const continued = initial && continuedClassifier(initial, parameters);
    this.beginning = continued?.beginning;
    this.classifier = interrupted ?? continued?.classifier ?? newClassifier(parameters);
    const { classifier } = this;
    if (teacher !== undefined) requireTeachersTokens(where, teacher.model.encoder, classifier.encoder);
    const { learningRate, epochs, maxEpochs } = classifier.options;
    const part = (rows: LabelledTexts): Part => ({
      ids: classifier.encodeAll(rows, 'error').ids,
      classes: classifier.classesOf(rows),
    });
    const train = part(parts.train);
    this.#validation = part(parts.validation);
    this.#test = parts.test && part(parts.test);
    const batchOptions = {
      numClasses: labels.length,
      batchSize: resolved.batchSize,
      padding: resolved.padding,
      unknownId: classifier.encoder.unknownId,
      classWeights: classWeightsOf(resolved.classWeight, labels, classifier.data.classCounts, where),
    };
    this.#trainBatches = new TextBatches(train.ids, train.classes, batchOptions);
    this.#validationBatches = new TextBatches(this.#validation.ids, this.#validation.classes, {
      ...batchOptions,
      batchSize: 4 * resolved.batchSize,
    });
    classifier.model.compile({
      optimizer: cosineAdam({ learningRate, numSteps: this.numBatches * epochs, startsAgain: maxEpochs > epochs }),
      loss: categoricalCrossentropy({ labelSmoothing: resolved.labelSmoothing }),
      metrics: ['categoricalAccuracy'],
    });
  }

  /**
   * The different tokens of texts, as the options cut them: to read their vectors alone from a large file. @throws
   * UNKNOWN_NAME, OUT_OF_RANGE
   */
  static tokensOf(texts: readonly string[], options: ClassifierOptions = {}): Set<string> {
    const settings = resolveClassifierOptions('ClassifierTraining.tokensOf', options);
    const tokens = new Set<string>();
    for (const text of texts) for (const { token } of tokenSpansOf(text, settings)) tokens.add(token);
    return tokens;
  }

  /**
   * Which learning rates suit this model on these data; trains nothing. See {@link findLearningRate}. @throws ABORTED
   */
  findLearningRate(options: TaskLearningRateOptions = {}): Promise<LearningRateSearch> {
    return findLearningRate(this.classifier.model, this.#trainData, options);
  }

  /** Trains, and leaves {@link ClassifierTraining.classifier} with the weights of its best epoch, calibrated. */
  async train(controls: TrainingControls = {}): Promise<TrainingOutcome> {
    requireControls('ClassifierTraining.train', controls);
    const { classifier } = this;
    const validation = this.#validation;
    const { epochs, maxEpochs, patience } = classifier.options;
    const outcome = await runTraining(
      classifier.model,
      {
        train: this.#trainData,
        validation: () => this.#validationBatches.byLength(),
        epochs,
        maxEpochs,
        patience,
        numBatches: this.numBatches,
        compression: classifier.options,
        teacher: this.#teacher,
      },
      controls,
    );
    classifier.outcome = outcome;
    if (outcome.stopReason === 'aborted') return outcome;
    const numClasses = classifier.labels.length;
    const logits = await classifier.logits(validation.ids, controls.signal);
    const temperature = fitTemperature(logits, validation.classes, numClasses);
    const errorAt = (t: number): number =>
      calibrationError(probabilitiesOf(logits, numClasses, t), validation.classes, numClasses);
    classifier.calibration = {
      temperature,
      errorBefore: errorAt(1),
      errorAfter: errorAt(temperature),
      numTexts: validation.ids.length,
    };
    const { accuracy } = await this.evaluate({ signal: controls.signal });
    const { test = this.#parts.validation } = this.#parts;
    classifier.baseline = { ...this.baseline(), accuracy, fingerprint: textsFingerprint(test) };
    return outcome;
  }

  /**
   * Measures the classifier on the part that was held out; without one, or where it is asked for, on the part that
   * chose the best epoch.
   *
   * @throws ABORTED
   */
  async evaluate({
    signal,
    part,
  }: {
    signal?: AbortSignal | undefined;
    part?: 'validation' | undefined;
  } = {}): Promise<ClassificationReport & { part: 'held out' | 'validation'; uncalibratedError: number }> {
    const { classifier } = this;
    const validation = this.#validation;
    const test = part === 'validation' ? undefined : this.#test;
    const { ids, classes } = test ?? validation;
    const numClasses = classifier.labels.length;
    const logits = await classifier.logits(ids, signal);
    return {
      part: test === undefined ? 'validation' : 'held out',
      uncalibratedError: calibrationError(probabilitiesOf(logits, numClasses), classes, numClasses),
      ...classificationReport(classifier.labels, classes, probabilitiesOf(logits, numClasses, classifier.temperature)),
    };
  }

  /**
   * What the teacher says of the texts that {@link ClassifierTraining.evaluate} measures, and of how many of these it has
   * learned; undefined without one.
   *
   * @throws ABORTED
   */
  async evaluateTeacher({
    signal,
  }: {
    signal?: AbortSignal | undefined;
  } = {}): Promise<{ accuracy: number; numLearned: number } | undefined> {
    const teacher = this.#teacher?.model;
    if (teacher === undefined) return undefined;
    const { ids, classes } = this.#test ?? this.#validation;
    const numClasses = teacher.labels.length;
    const logits = await teacher.logits(ids, signal);
    const { accuracy } = classificationReport(teacher.labels, classes, probabilitiesOf(logits, numClasses));
    const { texts } = this.#parts.test ?? this.#parts.validation;
    const learned = teacher.data.seen && SeenItems.fromJSON(teacher.data.seen);
    const { settings } = teacher.encoder;
    const isLearned = (text: string): boolean => learned?.partOf(textKey(text, settings)) === 'train';
    return { accuracy, numLearned: texts.filter(isLearned).length };
  }

  /** What is right without a network, of the texts that {@link ClassifierTraining.evaluate} measures. */
  baseline(): ClassifierBaseline {
    return (this.#baseline ??= this.#measuredBaseline());
  }

  #baseline: ClassifierBaseline | undefined;

  #measuredBaseline(): ClassifierBaseline {
    const { classifier } = this;
    const parts = this.#parts;
    const { settings } = classifier.encoder;
    const tokenised = (rows: LabelledTexts): TokenisedPart => ({
      tokens: rows.texts.map((text) => tokensRead(text, settings).map(({ token }) => token)),
      classes: classifier.classesOf(rows),
    });
    const [train, validation] = [tokenised(parts.train), tokenised(parts.validation)];
    return classifierBaseline(settings.tokens, classifier.labels.length, {
      train,
      validation,
      measured: parts.test === undefined ? validation : tokenised(parts.test),
    });
  }

  /** How many texts of the other parts are also learned from, in this or another spelling. */
  overlap(): { readonly validation: TextOverlap; readonly test: TextOverlap | undefined } {
    const { train, validation, test } = this.#parts;
    const keyOf = (text: string): string => textKey(text, this.classifier.encoder.settings);
    return {
      validation: overlapOf(validation.texts, train.texts, keyOf),
      test: test && overlapOf(test.texts, train.texts, keyOf),
    };
  }

  /** Share of the validation texts' tokens that are not in the vocabulary. */
  get unknownShare(): number {
    const { ids } = this.#validation;
    const { unknownId } = this.classifier.encoder;
    const numTokens = ids.reduce((sum, { length }) => sum + length, 0);
    return ids.reduce((sum, own) => sum + numUnknownOf(own, unknownId), 0) / Math.max(1, numTokens);
  }

  readonly #trainData = (_epoch: number, random: Random) =>
    this.#trainBatches.shuffled(random, this.classifier.options.tokenDropout);
}

/** @throws USAGE for shares of a list, and a seed of its split, where the texts of those parts are given */
function requireSplit(where: string, options: ClassifierOptions, { validation, test }: ClassifierData): void {
  const isWhole = validation !== undefined && (test !== undefined || options.test === 0);
  const rules = [
    { name: 'validation', isIdle: validation !== undefined, why: 'the texts that choose the best epoch are given' },
    { name: 'test', isIdle: test !== undefined, why: 'the texts that are held out are given' },
    { name: 'splitSeed', isIdle: isWhole, why: 'nothing is split' },
  ] as const;
  const idle = rules.find(({ name, isIdle }) => isIdle && options[name] !== undefined);
  if (idle === undefined) return;
  throw new RondoError('USAGE', {
    where,
    what: `\`${idle.name}\` would change nothing: ${idle.why}.`,
    received: `${idle.name} ${options[idle.name]}`,
    fix: `leave \`${idle.name}\` out, or those texts.`,
  });
}

/**
 * All options: those that an earlier classifier decides, or the kind of token that suits the texts where none is said.
 */
function optionsOf(
  where: string,
  options: ClassifierOptions,
  data: ClassifierData,
  vectors: PretrainedVectors | undefined,
): Resolved<ClassifierOptions> {
  const { train, initial, teacher } = data;
  requireSplit(where, options, data);
  if (teacher !== undefined) return requireLocaleOfSegments(where, studentOptions(where, data, options, vectors));
  const isOpen = initial === undefined && vectors === undefined && options.locale === undefined;
  const tokens = options.tokens ?? (isOpen ? tokenKindFor(train.texts) : undefined);
  return requireLocaleOfSegments(where, optionsToBegin(classifierTask, { ...options, tokens }, { vectors, initial }));
}

function numTextsOf({ train, validation, test }: ClassifierData): number {
  return train.texts.length + (validation?.texts.length ?? 0) + (test?.texts.length ?? 0);
}

function otherTexts(): RondoError {
  return new RondoError('USAGE', {
    where: 'ClassifierTraining',
    what: 'these are not the texts of the interrupted training.',
    expected: 'the same texts',
    fix: 'give the same files in the same order, or start anew without resuming.',
  });
}

import { bucketsByLength } from '../../data/length-buckets.js';
import { padSequences } from '../../data/pad-sequences.js';
import { splitStratified } from '../../data/stratified-split.js';
import { type LabelledTexts, pickTextRows, placeOf, type TextRows } from '../../data/text-rows.js';
import { numUnknownOf } from '../../data/vocabulary.js';
import { nearestNames, RondoError, refuseUnknownOptions } from '../../errors.js';
import type { VectorCoverage } from '../../io/word-vectors/coverage.js';
import type { Resolved } from '../../resolved.js';
import { scope, tensor } from '../../tensor/tensor.js';
import type { Sequential } from '../../training/sequential.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import type { ModuleCode, TakenByNet } from '../module-code.js';
import { requireFields, requireTexts } from '../require-texts.js';
import { type SavedSeenItems, SeenItems } from '../seen-items.js';
import type { TaskFields, TaskModel } from '../task.js';
import type { TrainingOutcome } from '../training-run.js';
import { likeliest, probabilitiesOf } from './calibration.js';
import { type ClassificationReport, classificationReport } from './classification-report.js';
import type { ClassifierBaseline } from './classifier-baseline.js';
import { classifierCode } from './classifier-code.js';
import type { ClassifierOptions } from './classifier-options.js';
import { type EmptyTexts, keepTexts } from './keep-texts.js';
import { textKey } from './text-keys.js';
import { textsFingerprint } from './texts-fingerprint.js';
import type { TokenEncoder } from './token-encoder.js';

/** What is computed at once. */
const batchLimits = { batchSize: 256, mostSteps: 16_384 };

/** What a classifier remembers of the texts it was trained on; plain JSON. */
export interface TrainedTexts {
  readonly numTraining: number;
  readonly numValidation: number;
  readonly numTest: number;
  /** Texts left out because they hold no token. */
  readonly numSkipped: number;
  /** Training texts of each class. */
  readonly classCounts: readonly number[];
  /** Shares that were cut from the one list of texts; 0 where a part was given by itself, or not at all. */
  readonly shares: { readonly validation: number; readonly test: number };
  /** Of the one list of texts that was split, to know it again. */
  readonly fingerprint: number;
  /** Of all texts given, to know them again when a training is resumed. */
  readonly fingerprintOfAll: number;
  /** How much of the training texts the given vectors cover; null without vectors. */
  readonly vectors: VectorCoverage | null;
  /** Which texts were learned from and which chose the best epoch, by {@link textKey}; older files do not say. */
  readonly seen?: SavedSeenItems | undefined;
  /** How the texts were read, such as the name of their column, for reading others in the same way. */
  readonly reading: Readonly<Record<string, string>>;
}

/** How the probabilities were calibrated, on the texts that chose the best epoch. */
export interface Calibration {
  /** See `fitTemperature`. */
  readonly temperature: number;
  /** Expected calibration error with a temperature of 1. */
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly numTexts: number;
}

/** What a classifier says of a text. */
export interface ClassPrediction {
  /** The likeliest class. */
  readonly label: string;
  readonly probability: number;
  /** Of every class, in the order of {@link Classifier.labels}; 1 in sum. */
  readonly probabilities: readonly number[];
}

/** Which of some texts training has seen, and how right a classifier is on the others. */
export interface SeenTexts {
  /** Learned from. */
  readonly numTrained: number;
  /** Chose the best epoch. */
  readonly numChosen: number;
  /** Accuracy on the others; null where there are none, or all are. */
  readonly unseenAccuracy: number | null;
}

/** The texts that are measured, of those given. */
export interface MeasuredTexts {
  readonly kept: LabelledTexts;
  /**
   * `held out`, `validation`: that part of the list it was trained on. `trained on`: all were learned from or chose the
   * epoch.
   */
  readonly part: 'all' | 'held out' | 'validation' | 'trained on';
  /** By text kept: what training used it for; undefined where it has not seen it. */
  readonly seen: readonly ('train' | 'validation' | undefined)[];
}

/** What training found of the texts that it measured at its end: those held out, or those that chose the epoch. */
export interface TrainedBaseline extends ClassifierBaseline {
  /** Of the classifier. */
  readonly accuracy: number;
  /** Of the texts, to know them again. */
  readonly fingerprint: number;
}

/** What {@link Classifier.evaluate} finds. */
export interface ClassifierReport extends ClassificationReport, SeenTexts {
  readonly part: MeasuredTexts['part'];
  /** Tokens of the texts that are measured, and how many of them the vocabulary does not hold. */
  readonly numTokens: number;
  readonly numUnknown: number;
  /**
   * What is right without a network on the same texts; naive Bayes is known only of those that training measured at its
   * end.
   */
  readonly baseline: Omit<ClassifierBaseline, 'naiveBayes'> & { readonly naiveBayes: number | null };
}

/** A trained classifier of texts with everything needed to use it. See {@link ClassifierTraining}. */
export class Classifier implements TaskModel {
  readonly task = 'classify';

  constructor(
    /** Token ids `[batch, time]` to class probabilities `[batch, classes]`, before calibration. */
    readonly model: Sequential,
    readonly encoder: TokenEncoder,
    /** The classes, in the order of their code units. */
    readonly labels: readonly string[],
    readonly data: TrainedTexts,
    /** Everything it was trained with. */
    readonly options: Readonly<Resolved<ClassifierOptions>>,
    /** How training went; undefined before. */
    public outcome?: TrainingOutcome,
    /** Undefined before training is done. */
    public calibration?: Calibration,
    /** Undefined before training is done, and in files of earlier versions. */
    public baseline?: TrainedBaseline,
  ) {}

  #seenItems: SeenItems | undefined;

  get temperature(): number {
    return this.calibration?.temperature ?? 1;
  }

  /**
   * The class of each text, or of a single one, with calibrated probabilities.
   *
   * @throws DATA_FORMAT for a text without a token, naming it; ABORTED
   */
  async predict(
    texts: TextRows | readonly string[] | string,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<ClassPrediction[]> {
    refuseUnknownOptions('Classifier.predict', options, ['signal']);
    const example = 'a text, a list of texts, or { texts }';
    const given: unknown = typeof texts === 'string' ? [texts] : texts;
    const isList = Array.isArray(given);
    if (!isList) requireFields('Classifier.predict', given, ['texts'], example);
    const rows = isList ? { texts: given as readonly string[], labels: undefined } : (given as TextRows);
    requireTexts('Classifier.predict', rows.texts, example);
    const probabilities = await this.probabilities(this.encodeAll(rows, 'error').ids, options.signal);
    const numClasses = this.labels.length;
    return rows.texts.map((_, row) => {
      const best = likeliest(probabilities, row, numClasses);
      return {
        label: this.labels[best],
        probability: probabilities[row * numClasses + best],
        probabilities: Array.from(probabilities.subarray(row * numClasses, (row + 1) * numClasses)),
      };
    });
  }

  /**
   * Measures the classifier. Of the list of texts it was trained on, only the part that was held out is measured (the
   * one that chose the best epoch where nothing else was held out). Of other texts all are, and the report says how
   * many of them training has seen.
   *
   * @param options.empty what to do about texts without a token; by default as in training.
   * @throws UNKNOWN_NAME for a label that training did not see; DATA_FORMAT; ABORTED
   */
  async evaluate(
    data: LabelledTexts,
    { signal, empty = this.options.empty }: { signal?: AbortSignal | undefined; empty?: EmptyTexts | undefined } = {},
  ): Promise<ClassifierReport> {
    const { rows } = this.encodeAll(data, empty);
    const { kept, part, seen } = this.measuredPart(rows);
    const truth = this.classesOf(kept);
    const numClasses = this.labels.length;
    const { ids } = this.encodeAll(kept, 'error');
    const probabilities = await this.probabilities(ids, signal);
    const unseen = seen.flatMap((own, row) => (own === undefined ? [row] : []));
    const numRight = unseen.reduce(
      (sum, row) => sum + (likeliest(probabilities, row, numClasses) === truth[row] ? 1 : 0),
      0,
    );
    return {
      part,
      numTrained: seen.filter((own) => own === 'train').length,
      numChosen: seen.filter((own) => own === 'validation').length,
      unseenAccuracy: unseen.length === 0 || unseen.length === seen.length ? null : numRight / unseen.length,
      ...classificationReport(this.labels, truth, probabilities),
      numTokens: ids.reduce((sum, { length }) => sum + length, 0),
      numUnknown: ids.reduce((sum, own) => sum + numUnknownOf(own, this.encoder.unknownId), 0),
      baseline: this.#baselineOf(kept, truth),
    };
  }

  #baselineOf(rows: LabelledTexts, truth: Int32Array): ClassifierReport['baseline'] {
    if (this.baseline?.fingerprint === textsFingerprint(rows)) {
      const { majority, naiveBayes, numDistinct } = this.baseline;
      return { majority, naiveBayes, numDistinct };
    }
    const { classCounts } = this.data;
    const commonest = classCounts.indexOf(classCounts.reduce((most, count) => Math.max(most, count), 0));
    return {
      majority: truth.reduce((sum, label) => sum + (label === commonest ? 1 : 0), 0) / truth.length,
      naiveBayes: null,
      numDistinct: new Set(rows.texts.map((text) => textKey(text, this.encoder.settings))).size,
    };
  }

  /** The texts of a list to measure: all, or of the list it was trained on those that it has not learned from. */
  measuredPart(rows: LabelledTexts): MeasuredTexts {
    const { shares, fingerprint, seen: saved } = this.data;
    const isTrainingList = textsFingerprint(rows) === fingerprint;
    const part = shares.test > 0 ? 'held out' : 'validation';
    if (saved === undefined) {
      if (!isTrainingList) return { kept: rows, part: 'all', seen: rows.texts.map(() => undefined) };
      if (shares.test === 0 && shares.validation === 0)
        return { kept: rows, part: 'trained on', seen: rows.texts.map(() => 'train') };
      const split = splitStratified(rows.texts, rows.labels, shares, this.options.splitSeed);
      const kept = pickTextRows(rows, part === 'held out' ? split.test : split.validation);
      return { kept, part, seen: kept.texts.map(() => (part === 'held out' ? undefined : 'validation')) };
    }
    const items = (this.#seenItems ??= SeenItems.fromJSON(saved));
    const seen = rows.texts.map((text) => items.partOf(textKey(text, this.encoder.settings)));
    if (isTrainingList && (shares.test > 0 || shares.validation > 0)) {
      const wanted = part === 'held out' ? undefined : 'validation';
      const kept = seen.flatMap((own, i) => (own === wanted ? [i] : []));
      // An earlier model that training began with may have learned from all of that part.
      if (kept.length > 0) return { kept: pickTextRows(rows, kept), part, seen: kept.map(() => wanted) };
    }
    return { kept: rows, part: seen.length > 0 && seen.every((own) => own !== undefined) ? 'trained on' : 'all', seen };
  }

  /** Calibrated probabilities of rows of token ids, `[rows, classes]`. */
  async probabilities(ids: readonly Int32Array[], signal?: AbortSignal): Promise<Float64Array> {
    return probabilitiesOf(await this.logits(ids, signal), this.labels.length, this.temperature);
  }

  /**
   * What goes into the softmax, of rows of token ids, `[rows, classes]`. Rows of similar length are computed together.
   */
  async logits(ids: readonly Int32Array[], signal?: AbortSignal): Promise<Float64Array> {
    const numClasses = this.labels.length;
    const result = new Float64Array(ids.length * numClasses);
    const lengths = ids.map(({ length }) => length);
    for (const batch of bucketsByLength(lengths, batchLimits)) {
      const { data, shape } = padSequences(
        Array.from(batch, (row) => (ids[row].length === 0 ? [0] : ids[row])),
        { padding: this.encoder.settings.padding },
      );
      const logits = await scope(() => this.model.applyHead(tensor(data, shape)).logits()).data();
      batch.forEach((row, i) => result.set(logits.subarray(i * numClasses, (i + 1) * numClasses), row * numClasses));
      if (signal?.aborted === true)
        throw new RondoError('ABORTED', {
          where: 'Classifier',
          what: 'it was stopped before it was done.',
          fix: 'start it again for a result.',
        });
      if (hostIsWaiting()) await yieldToHost();
    }
    return result;
  }

  /**
   * The token ids of texts, without those that have none where they are skipped. @throws DATA_FORMAT where they are not
   */
  encodeAll<Rows extends TextRows>(rows: Rows, empty: EmptyTexts): { rows: Rows; ids: Int32Array[] } {
    const ids = rows.texts.map((text) => this.encoder.encode(text));
    const kept = ids.flatMap(({ length }, i) => (length > 0 ? [i] : []));
    return { rows: keepTexts(rows, kept, empty), ids: kept.map((i) => ids[i]) };
  }

  /** The class of each label. @throws UNKNOWN_NAME for labels that training did not see */
  classesOf(rows: LabelledTexts): Int32Array {
    const classes = new Map(this.labels.map((label, i) => [label, i]));
    const unknown = new Set(rows.labels.filter((label) => !classes.has(label)));
    if (unknown.size === 0) return Int32Array.from(rows.labels, (label) => classes.get(label)!);
    const first = rows.labels.findIndex((label) => unknown.has(label));
    // Any single character is near any other.
    const near = rows.labels[first].length > 2 ? nearestNames(rows.labels[first], this.labels, 1) : [];
    const listed = [...unknown]
      .slice(0, 10)
      .map((label) => `\`${label}\``)
      .join(', ');
    throw new RondoError('UNKNOWN_NAME', {
      where: placeOf(rows, first),
      what:
        unknown.size === 1
          ? `training has not seen the label ${listed}${near.length > 0 ? `; did you mean \`${near[0]}\`?` : '.'}`
          : `training has not seen ${unknown.size} labels.`,
      expected: `one of ${this.labels
        .slice(0, 20)
        .map((label) => `\`${label}\``)
        .join(', ')}${this.labels.length > 20 ? ` and ${this.labels.length - 20} more` : ''}`,
      received: listed,
      fix: 'check the column of labels, correct or remove these rows, or train with texts of these classes.',
    });
  }

  /** `createClassifier().predict(text)` of a module of `standaloneCode`. */
  moduleCode(takes: TakenByNet): ModuleCode {
    return classifierCode(this, takes);
  }

  /** What a model file keeps beside the weights, the options and the outcome. */
  toJSON(): TaskFields {
    const { calibration, baseline } = this;
    return {
      encoder: this.encoder.toJSON(),
      labels: this.labels,
      data: {
        ...this.data,
        vectors: this.data.vectors && { ...this.data.vectors },
        seen: this.data.seen && { ...this.data.seen },
      },
      calibration: calibration === undefined ? null : { ...calibration },
      ...(baseline && { baseline: { ...baseline } }),
    };
  }
}

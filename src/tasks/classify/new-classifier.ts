import { tokenForm } from '../../data/token-spans.js';
import { FormVectors } from '../../io/word-vectors/form-vectors.js';
import type { PretrainedVectors } from '../../io/word-vectors/pretrained-vectors.js';
import { vectorTable } from '../../io/word-vectors/vector-table.js';
import { currentRandom } from '../../random.js';
import type { Resolved } from '../../resolved.js';
import { type Beginning, learnedBefore, takeWeights, unknownTokens } from '../initial-model.js';
import { withRanksOf } from '../ranks-of-initial.js';
import { Classifier, type TrainedTexts } from './classifier.js';
import { classifierModel } from './classifier-model.js';
import type { ClassifierOptions } from './classifier-options.js';
import type { ClassifierParts } from './classifier-parts.js';
import { textKey } from './text-keys.js';
import { TokenEncoder, tokensRead } from './token-encoder.js';

/** What a classifier is made of before it is trained. */
export interface NewClassifier {
  readonly parts: ClassifierParts;
  readonly labels: readonly string[];
  readonly settings: TokenEncoder['settings'];
  readonly options: Resolved<ClassifierOptions>;
  /** What the embedding starts from, and how wide it is to be where that is said. */
  readonly given: { readonly vectors: PretrainedVectors; readonly embeddingUnits: number | undefined } | undefined;
  /** What reads the texts, where a teacher decides it; else made of them. */
  readonly encoder: TokenEncoder | undefined;
  readonly facts: Pick<TrainedTexts, 'numSkipped' | 'fingerprint' | 'fingerprintOfAll' | 'reading' | 'seen'>;
}

/** A classifier of the tokens of its texts, whose weights begin at random or from vectors. */
export function newClassifier(made: NewClassifier): Classifier {
  const { parts, labels, settings, options, given, facts } = made;
  const { maxTokens, minCount, vectorWords } = options;
  const formOf = (word: string): string => tokenForm(word, settings.lower);
  const pretrained = given && { vectors: new FormVectors(given.vectors, formOf), numWords: vectorWords };
  const encoder =
    made.encoder ?? TokenEncoder.fromTexts(parts.train.texts, settings, { maxTokens, minCount }, pretrained);
  const counts = new Float64Array(encoder.size);
  if (given !== undefined) for (const text of parts.train.texts) for (const id of encoder.encode(text)) counts[id]++;
  const tableOptions = {
    random: currentRandom(),
    width: { embeddingUnits: given?.embeddingUnits },
    counts,
    isOfText: (id: number) => counts[id] > 0,
  };
  const table = pretrained && vectorTable(encoder.vocabulary, pretrained.vectors, 'ClassifierTraining', tableOptions);
  const width = table?.width ?? options.embeddingUnits;
  const trainable = table === undefined || !options.freezeVectors;
  const model = classifierModel(options, labels.length, { numTokens: encoder.size, width, trainable });
  if (table !== undefined) model.layers[0].weights[0].assign(table.values);
  const data = trainedTexts(parts, labels, facts, table?.coverage ?? null);
  return new Classifier(model, encoder, labels, data, { ...options, embeddingUnits: width });
}

/**
 * A classifier with the tokens, the shape and the weights of an earlier one; its output begins anew where the classes
 * are others.
 */
export function continuedClassifier(
  initial: Classifier,
  { parts, labels, options, facts }: NewClassifier,
): { classifier: Classifier; beginning: Beginning } {
  const { encoder } = initial;
  const embedding = { numTokens: encoder.size, width: options.embeddingUnits, trainable: true };
  const model = withRanksOf(classifierModel(options, labels.length, embedding), initial.model);
  const isSame = (label: string, i: number): boolean => label === initial.labels[i];
  const hasItsClasses = labels.length === initial.labels.length && labels.every(isSame);
  const { settings, vocabulary } = encoder;
  const keysOf = (texts: readonly string[]): string[] => texts.map((text) => textKey(text, settings));
  function* tokens(): Generator<string> {
    for (const text of parts.train.texts) for (const { token } of tokensRead(text, settings)) yield token;
  }
  const beginning: Beginning = {
    ...takeWeights(model, initial.model, hasItsClasses ? [] : model.layers.slice(-1)),
    unknown: unknownTokens(tokens(), (token) => vocabulary.has(token)),
    learnedBefore: learnedBefore(initial.data.seen, {
      validation: keysOf(parts.validation.texts),
      test: keysOf(parts.test?.texts ?? []),
    }),
  };
  const data = trainedTexts(parts, labels, facts, null);
  return { classifier: new Classifier(model, encoder, labels, data, options), beginning };
}

function trainedTexts(
  { train, validation, test, shares }: ClassifierParts,
  labels: readonly string[],
  { numSkipped, fingerprint, fingerprintOfAll, reading, seen }: NewClassifier['facts'],
  vectors: TrainedTexts['vectors'],
): TrainedTexts {
  const classCounts = new Map<string, number>();
  for (const label of train.labels) classCounts.set(label, (classCounts.get(label) ?? 0) + 1);
  return {
    numTraining: train.texts.length,
    numValidation: validation.texts.length,
    numTest: test?.texts.length ?? 0,
    numSkipped,
    classCounts: labels.map((label) => classCounts.get(label)!),
    shares,
    fingerprint,
    fingerprintOfAll,
    vectors,
    reading,
    seen,
  };
}

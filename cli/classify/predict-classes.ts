import { type Classifier, type ClassPrediction, numUnknownOf, type TextRows } from '../../src/index.js';
import type { Answer } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import type { Given } from '../options.js';
import { styleOf } from '../style.js';
import { clipToWidth, displayWidth, padEndToWidth } from '../terminal/display-width.js';
import { printable } from '../terminal/printable.js';
import { isTextArgument } from '../text-argument.js';
import { withSeparators } from '../text-table.js';
import { unknownNote } from '../unknown-tokens.js';
import { readUnlabelled, withReading } from './read-texts.js';
import type { emptyOption, readingOptions } from './reading-options.js';

/** A text, and what the classifier says of it: nothing where it holds no token. */
interface ClassifiedText {
  readonly text: string;
  readonly place: string | undefined;
  readonly prediction: ClassPrediction | undefined;
  /** Tokens that the model reads, and those of them that the vocabulary does not hold. */
  readonly numTokens: number;
  readonly numUnknown: number;
}

type Options = Given<typeof readingOptions & typeof emptyOption> & {
  readonly top: number | undefined;
  readonly number: boolean;
};

/** `rondo predict` of a classifier: the class of a text, or of each text of a file, one line each. */
export async function predictClasses(
  classifier: Classifier,
  data: string,
  { where, path, options }: TaskCall<Options>,
): Promise<Answer> {
  const { labels } = classifier;
  const isText = await isTextArgument(where, path, data);
  const texts = isText ? { texts: [data], labels: undefined } : await textsOf(classifier, data, options);
  const classified = await classifiedTexts(classifier, texts, options);
  return {
    facts: { labels, predictions: classified.map((text) => predictionJson(labels, text)) },
    sections: [predictionLines(labels, classified, options).join('\n')],
    notes: notesOn(classifier, classified),
  };
}

function predictionJson(labels: readonly string[], { text, place, prediction, ...counts }: ClassifiedText): object {
  if (prediction === undefined) return { place, text, label: null, probability: null, probabilities: null, ...counts };
  const { label, probability, probabilities } = prediction;
  const byLabel = Object.fromEntries(labels.map((name, k) => [name, probabilities[k]]));
  return { place, text, label, probability, probabilities: byLabel, ...counts };
}

function predictionLines(
  labels: readonly string[],
  classified: readonly ClassifiedText[],
  { top = 1, number: isNumbered }: Options,
): string[] {
  const decisions = classified.map(({ prediction }) =>
    prediction === undefined ? '' : likeliest(labels, prediction.probabilities, top),
  );
  const numberWidth = isNumbered ? String(classified.length).length + 2 : 0;
  const column = decisions.reduce((widest, decision) => Math.max(widest, displayWidth(decision)), 0) + 2;
  const room = Math.max(20, styleOf().width - column - numberWidth);
  return classified.map(({ text }, i) => {
    const number = isNumbered ? String(i + 1).padEnd(numberWidth) : '';
    return `${number}${padEndToWidth(decisions[i], column)}${clipToWidth(printable(text), room)}`.trimEnd();
  });
}

function notesOn({ options }: Classifier, classified: readonly ClassifiedText[]): string[] {
  const numEmpty = classified.filter(({ prediction }) => prediction === undefined).length;
  const which = numEmpty === 1 ? 'is empty and has' : 'are empty and have';
  const [numUnknown, numTokens] = (['numUnknown', 'numTokens'] as const).map((name) =>
    classified.reduce((sum, text) => sum + text[name], 0),
  );
  const note = unknownNote(numUnknown, numTokens, options.tokens);
  return [
    ...(numEmpty > 0
      ? [`${withSeparators(numEmpty)} of ${withSeparators(classified.length)} texts ${which} no class.`]
      : []),
    ...(note === undefined ? [] : [note]),
  ];
}

async function textsOf({ data }: Classifier, path: string, options: Options): Promise<TextRows> {
  // The format of the training texts says where their labels stand, which these do not have; but fastText's are part of
  // the line.
  const { format, ...reading } = data.reading;
  return readUnlabelled(
    path,
    withReading(options, format === 'fasttext' ? data.reading : reading),
    options.empty !== 'skip',
  );
}

/** Empty texts are kept without an answer, unless they are to be refused or left out. */
async function classifiedTexts(classifier: Classifier, rows: TextRows, { empty }: Options): Promise<ClassifiedText[]> {
  const ids = rows.texts.map((text) => classifier.encoder.encode(text));
  const isRead = ids.map(({ length }) => length > 0);
  const kept =
    empty === 'error' ? classifier.encodeAll(rows, 'error').rows.texts : rows.texts.filter((_, i) => isRead[i]);
  const predictions = (await classifier.predict(kept)).values();
  const answers = rows.texts.map(
    (text, i): ClassifiedText => ({
      text,
      place: rows.places?.[i],
      prediction: isRead[i] ? predictions.next().value : undefined,
      numTokens: ids[i].length,
      numUnknown: numUnknownOf(ids[i], classifier.encoder.unknownId),
    }),
  );
  return empty === 'skip' ? answers.filter(({ prediction }) => prediction !== undefined) : answers;
}

/** `positive 0.931, negative 0.069`: so many classes, the likeliest first. */
function likeliest(labels: readonly string[], probabilities: readonly number[], count: number): string {
  const order = [...labels.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, count);
  return order.map((k) => `${printable(labels[k])} ${probabilities[k].toFixed(3)}`).join(', ');
}

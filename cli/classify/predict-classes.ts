import type { Classifier, ClassPrediction, TextRows } from '../../src/index.js';
import type { Given } from '../options.js';
import { print, printJson, say } from '../output.js';
import { styleOf } from '../style.js';
import { clipToWidth, displayWidth, padEndToWidth } from '../terminal/display-width.js';
import { printable } from '../terminal/printable.js';
import { withSeparators } from '../text-table.js';
import { unknownNote } from '../unknown-tokens.js';
import { readUnlabelled, withReading } from './read-texts.js';
import type { emptyOption, readingOptions } from './reading-options.js';

type Options = Given<typeof readingOptions & typeof emptyOption> & {
  readonly top: number | undefined;
  readonly number: boolean;
  readonly json: boolean;
};

/** A text, and what the classifier says of it: nothing where it holds no token. */
interface Answer {
  readonly text: string;
  readonly place: string | undefined;
  readonly prediction: ClassPrediction | undefined;
  /** Tokens that the model reads, and those of them that the vocabulary does not hold. */
  readonly numTokens: number;
  readonly numUnknown: number;
}

/**
 * `rondo predict` of a classifier: the class of each text of a file or of the standard input, one line each.
 *
 * @param data the name of a file, or the texts themselves.
 */
export async function predictClasses(classifier: Classifier, data: string | TextRows, options: Options): Promise<void> {
  const { labels } = classifier;
  const answers = await answersTo(
    classifier,
    typeof data === 'string' ? await textsOf(classifier, data, options) : data,
    options,
  );
  if (options.json) {
    const predictions = answers.map(({ text, place, prediction, numTokens, numUnknown }) => {
      const counts = { numTokens, numUnknown };
      if (prediction === undefined)
        return { place, text, label: null, probability: null, probabilities: null, ...counts };
      const { label, probability, probabilities } = prediction;
      return {
        place,
        text,
        label,
        probability,
        probabilities: Object.fromEntries(labels.map((name, k) => [name, probabilities[k]])),
        ...counts,
      };
    });
    printJson({ labels, predictions });
    return;
  }
  const decisions = answers.map(({ prediction }) =>
    prediction === undefined ? '' : likeliest(labels, prediction.probabilities, options.top ?? 1),
  );
  const numberWidth = options.number ? String(answers.length).length + 2 : 0;
  const column = decisions.reduce((widest, decision) => Math.max(widest, displayWidth(decision)), 0) + 2;
  const room = Math.max(20, styleOf().width - column - numberWidth);
  answers.forEach(({ text }, i) => {
    const number = options.number ? String(i + 1).padEnd(numberWidth) : '';
    print(`${number}${padEndToWidth(decisions[i], column)}${clipToWidth(printable(text), room)}`.trimEnd());
  });
  const numEmpty = answers.filter(({ prediction }) => prediction === undefined).length;
  const which = numEmpty === 1 ? 'is empty and has' : 'are empty and have';
  if (numEmpty > 0) say(`${withSeparators(numEmpty)} of ${withSeparators(answers.length)} texts ${which} no class.`);
  const [numUnknown, numTokens] = (['numUnknown', 'numTokens'] as const).map((name) =>
    answers.reduce((sum, answer) => sum + answer[name], 0),
  );
  const note = unknownNote(numUnknown, numTokens, classifier.options.tokens);
  if (note !== undefined) say(note);
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
async function answersTo(classifier: Classifier, rows: TextRows, { empty }: Options): Promise<Answer[]> {
  const ids = rows.texts.map((text) => classifier.encoder.encode(text));
  const isRead = ids.map(({ length }) => length > 0);
  const unknown = classifier.encoder.vocabulary.idOf('<unk>');
  const kept =
    empty === 'error' ? classifier.encodeAll(rows, 'error').rows.texts : rows.texts.filter((_, i) => isRead[i]);
  const predictions = (await classifier.predict(kept)).values();
  const answers = rows.texts.map(
    (text, i): Answer => ({
      text,
      place: rows.places?.[i],
      prediction: isRead[i] ? predictions.next().value : undefined,
      numTokens: ids[i].length,
      numUnknown: ids[i].reduce((sum, id) => sum + (id === unknown ? 1 : 0), 0),
    }),
  );
  return empty === 'skip' ? answers.filter(({ prediction }) => prediction !== undefined) : answers;
}

/** `positive 0.931, negative 0.069`: so many classes, the likeliest first. */
function likeliest(labels: readonly string[], probabilities: readonly number[], count: number): string {
  const order = [...labels.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, count);
  return order.map((k) => `${printable(labels[k])} ${probabilities[k].toFixed(3)}`).join(', ');
}

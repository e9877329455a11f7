import type { Classifier } from '../../src/index.js';
import type { Given } from '../options.js';
import { print, printJson } from '../output.js';
import { styleOf } from '../style.js';
import { clipToWidth, displayWidth, padEndToWidth } from '../terminal/display-width.js';
import { printable } from '../terminal/printable.js';
import { readUnlabelled, withReading } from './read-texts.js';
import type { emptyOption, readingOptions } from './reading-options.js';

type Options = Given<typeof readingOptions & typeof emptyOption> & { readonly top: number | undefined; readonly json: boolean };

/** `rondo predict` of a classifier: the class of each text of a file or of the standard input. */
export async function predictClasses(classifier: Classifier, data: string, options: Options): Promise<void> {
  const { labels } = classifier;
  // The format of the training texts says where their labels stand, which these do not have.
  const { format: _format, ...reading } = classifier.data.reading;
  const { rows } = classifier.encodeAll(await readUnlabelled(data, withReading(options, reading)), options.empty ?? 'error');
  const predictions = await classifier.predict(rows);
  if (options.json) {
    const list = predictions.map(({ label, probability, probabilities }, i) => ({ place: rows.places?.[i], text: rows.texts[i], label, probability, probabilities: Object.fromEntries(labels.map((name, k) => [name, probabilities[k]])) }));
    printJson({ labels, predictions: list });
    return;
  }
  const decisions = predictions.map(({ probabilities }) => likeliest(labels, probabilities, options.top ?? 1));
  const column = decisions.reduce((widest, decision) => Math.max(widest, displayWidth(decision)), 0) + 2;
  const room = Math.max(20, styleOf().width - column);
  decisions.forEach((decision, i) => print(`${padEndToWidth(decision, column)}${clipToWidth(printable(rows.texts[i]), room)}`));
}

/** `positive 0.931, negative 0.069`: so many classes, the likeliest first. */
function likeliest(labels: readonly string[], probabilities: readonly number[], count: number): string {
  const order = [...labels.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, count);
  return order.map((k) => `${printable(labels[k])} ${probabilities[k].toFixed(3)}`).join(', ');
}

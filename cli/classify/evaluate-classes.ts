import type { Classifier, ClassifierReport } from '../../src/index.js';
import type { Report } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import type { Given } from '../options.js';
import { percent, withSeparators } from '../text-table.js';
import { unknownNote } from '../unknown-tokens.js';
import { measuredVerdict } from './about-training.js';
import { readLabelled, withReading } from './read-texts.js';
import type { emptyOption, readingOptions } from './reading-options.js';
import { reportText } from './show-report.js';

/** `rondo evaluate` of a classifier. */
export async function evaluateClasses(
  classifier: Classifier,
  files: readonly string[],
  { options }: TaskCall<Given<typeof readingOptions & typeof emptyOption>>,
): Promise<Report> {
  const data = await readLabelled(files, withReading(options, classifier.data.reading));
  const report = await classifier.evaluate(data, { empty: options.empty });
  const { line, verdict } = measuredVerdict(classifier, report);
  const note = partNote(report.part);
  const seen = seenNote(report);
  const unknown = unknownNote(report.numUnknown, report.numTokens, classifier.options.tokens);
  return {
    facts: report,
    sections: [
      note === undefined ? reportText(report) : `${note}\n${reportText(report)}`,
      ...[seen, unknown, line].filter((own) => own !== undefined),
    ],
    verdict,
  };
}

/** How many of the texts training has seen, where it is some of them: the figures are kinder for that. */
function seenNote({ part, numTexts, numTrained, numChosen, unseenAccuracy }: ClassifierReport): string | undefined {
  if (part !== 'all' || numTrained + numChosen === 0) return undefined;
  const share =
    `${withSeparators(numTrained + numChosen)} of ${withSeparators(numTexts)} texts ` +
    `(${percent((numTrained + numChosen) / numTexts)})`;
  return (
    `Training has seen ${share}: it learned from ${withSeparators(numTrained)}, and ${withSeparators(numChosen)} ` +
    `chose the best epoch. On the others the accuracy is ${percent(unseenAccuracy ?? 0)}.`
  );
}

/** Which part of the texts is measured, where it is not all. */
export function partNote(part: ClassifierReport['part']): string | undefined {
  if (part === 'trained on') return 'Training has seen all of these texts: the figures say nothing of others.';
  if (part === 'held out') return 'These are the texts it was trained on: only the part that was held out is measured.';
  if (part === 'validation')
    return (
      'These are the texts it was trained on: only the part that chose the best epoch is measured, which is a ' +
      'little kind.'
    );
  return undefined;
}

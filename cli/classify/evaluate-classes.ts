import type { Classifier, ClassifierReport } from '../../src/index.js';
import type { Given } from '../options.js';
import { print, printJson } from '../output.js';
import { withSeparators } from '../text-table.js';
import { measuredVerdict } from './about-training.js';
import { readLabelled, withReading } from './read-texts.js';
import type { emptyOption, readingOptions } from './reading-options.js';
import { percent, reportText } from './show-report.js';

type Options = Given<typeof readingOptions & typeof emptyOption> & { readonly json: boolean };

/** `rondo evaluate` of a classifier. */
export async function evaluateClasses(
  classifier: Classifier,
  files: readonly string[],
  options: Options,
): Promise<void> {
  const data = await readLabelled(files, withReading(options, classifier.data.reading));
  const report = await classifier.evaluate(data, { empty: options.empty });
  const { line, verdict } = measuredVerdict(classifier, report);
  if (options.json) {
    printJson({ ...report, verdict: verdict ?? null });
    return;
  }
  const note = partNote(report.part);
  if (note !== undefined) print(note);
  print(reportText(report));
  const seen = seenNote(report);
  if (seen !== undefined) print(`\n${seen}`);
  print(`\n${line}`);
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

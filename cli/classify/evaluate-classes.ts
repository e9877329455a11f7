import type { Classifier } from '../../src/index.js';
import type { Given } from '../options.js';
import { readLabelled, withReading } from './read-texts.js';
import type { emptyOption, readingOptions } from './reading-options.js';
import { reportText } from './show-report.js';

type Options = Given<typeof readingOptions & typeof emptyOption> & { readonly json: boolean };

/** `rondo evaluate` of a classifier. */
export async function evaluateClasses(classifier: Classifier, files: readonly string[], options: Options): Promise<void> {
  const data = await readLabelled(files, withReading(options, classifier.data.reading));
  const report = await classifier.evaluate(data, { empty: options.empty });
  if (options.json) {
    console.log(JSON.stringify(report));
    return;
  }
  const note = partNote(report.part);
  if (note !== undefined) console.log(note);
  console.log(reportText(report));
}

/** Which part of the texts is measured, where it is not all. */
export function partNote(part: 'all' | 'held out' | 'validation'): string | undefined {
  if (part === 'held out') return 'These are the texts it was trained on: only the part that was held out is measured.';
  if (part === 'validation') return 'These are the texts it was trained on: only the part that chose the best epoch is measured, which is a little kind.';
  return undefined;
}

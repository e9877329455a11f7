import type { ClassificationReport } from '../../src/index.js';
import { styleOf } from '../style.js';
import { counted, fourDigits, percent, shortNumber, textTable, withSeparators } from '../text-table.js';
import { confusionMatrix } from './confusion-matrix.js';

/** Scores in all, by class, and which classes are taken for which. */
export function reportText(report: ClassificationReport): string {
  const { numTexts, accuracy, macroF1, microF1, loss, calibrationError, classes, confusion } = report;
  const shown = shownClasses(classes);
  const rows = shown.map(({ label, precision, recall, f1, support }) => [
    label,
    fourDigits(precision),
    fourDigits(recall),
    fourDigits(f1),
    withSeparators(support),
  ]);
  return [
    `${counted(numTexts, 'text')}: accuracy ${percent(accuracy)}, macro F1 ${percent(macroF1)}, micro F1 ` +
      `${percent(microF1)}, loss ${shortNumber(loss)}, calibration error ${percent(calibrationError)}`,
    '',
    textTable(['class', 'precision', 'recall', 'F1', 'texts'], rows),
    ...(shown.length < classes.length
      ? [
          `${withSeparators(classes.length - shown.length)} of ${withSeparators(classes.length)} classes are ` +
            'left out: shown are those of the lowest F1 and of the most texts; --json gives all.',
        ]
      : []),
    '',
    confusionMatrix(
      classes.map(({ label }) => label),
      confusion,
      styleOf(),
    ),
  ].join('\n');
}

/** Most rows of the table by class. */
const mostClasses = 40;

const byName = new Intl.Collator('en', { numeric: true });

/**
 * The classes of a table: where there are many, the worst and the most frequent ones; in the natural order of their
 * names.
 */
export function shownClasses(classes: ClassificationReport['classes']): ClassificationReport['classes'] {
  const inOrder = [...classes].sort((a, b) => byName.compare(a.label, b.label));
  if (inOrder.length <= mostClasses) return inOrder;
  const worst = inOrder.filter(({ support }) => support > 0).sort((a, b) => a.f1 - b.f1 || b.support - a.support);
  const chosen = new Set(worst.slice(0, mostClasses / 2));
  for (const own of [...inOrder].sort((a, b) => b.support - a.support)) if (chosen.size < mostClasses) chosen.add(own);
  return inOrder.filter((own) => chosen.has(own));
}

import type { ClassificationReport } from '../../src/index.js';
import { styleOf } from '../style.js';
import { fourDigits, shortNumber, textTable, withSeparators } from '../text-table.js';
import { confusionMatrix } from './confusion-matrix.js';

/** Scores in all, by class, and which classes are taken for which. */
export function reportText(report: ClassificationReport): string {
  const { numTexts, accuracy, macroF1, microF1, loss, calibrationError, classes, confusion } = report;
  const rows = classes.map(({ label, precision, recall, f1, support }) => [label, fourDigits(precision), fourDigits(recall), fourDigits(f1), withSeparators(support)]);
  return [
    `${withSeparators(numTexts)} texts: accuracy ${percent(accuracy)}, macro F1 ${percent(macroF1)}, micro F1 ${percent(microF1)}, loss ${shortNumber(loss)}, calibration error ${percent(calibrationError)}`,
    '',
    textTable(['class', 'precision', 'recall', 'F1', 'texts'], rows),
    '',
    confusionMatrix(classes.map(({ label }) => label), confusion, styleOf()),
  ].join('\n');
}

/** `87.3 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

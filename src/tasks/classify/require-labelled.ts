import { type LabelledTexts, placeOf } from '../../data/text-rows.js';
import { RondoError } from '../../errors.js';
import { requireFields, requireTexts } from '../require-texts.js';

/** Texts with labels, by part. */
interface LabelledParts {
  readonly train: LabelledTexts;
  readonly validation?: LabelledTexts | undefined;
  readonly test?: LabelledTexts | undefined;
}

/** @throws USAGE, DATA_FORMAT */
export function requireLabelledTexts(where: string, data: LabelledParts): void {
  const example = '{ train: { texts, labels } }, two lists of texts of one length';
  requireFields(where, data, ['train'], example);
  for (const part of ['train', 'validation', 'test'] as const) {
    const rows = data[part];
    if (rows === undefined) continue;
    requireFields(`${where}, ${part}`, rows, ['texts', 'labels'], example);
    requireTexts(`${where}, ${part}, texts`, rows.texts, example);
    requireTexts(`${where}, ${part}, labels`, rows.labels, example);
  }
}

/** @throws DATA_FORMAT for texts without a label */
export function requireLabels(data: LabelledParts): void {
  for (const rows of [data.train, data.validation, data.test]) {
    if (rows === undefined || (Array.isArray(rows.labels) && rows.labels.length === rows.texts.length)) continue;
    throw new RondoError('DATA_FORMAT', {
      where: placeOf(rows, 0),
      what: 'the texts do not all have a label.',
      expected: `${rows.texts.length} labels`,
      received: `${rows.labels?.length ?? 0}`,
      fix: 'give one label for each text.',
    });
  }
}

/** @param all with those that were left out. @throws DATA_FORMAT for less than two classes */
export function requireClasses(train: LabelledTexts, all: LabelledTexts): void {
  const labels = [...new Set(train.labels)];
  if (labels.length >= 2) return;
  if (labels.length === 0 && all.texts.length > 0)
    throw new RondoError('DATA_FORMAT', {
      where: placeOf(all, 0),
      what: 'no text holds a token.',
      expected: 'texts of at least two classes',
      received: `${all.texts.length} empty texts`,
      fix: 'check the column of texts.',
    });
  throw new RondoError('DATA_FORMAT', {
    where: placeOf(train, 0),
    what: 'there are not two classes to tell apart.',
    expected: 'texts of at least two classes',
    received: labels.length === 0 ? 'no texts' : `only \`${labels[0]}\`, ${train.texts.length} times`,
    fix: 'check the column of labels, and give texts of other classes too.',
  });
}

import { pickTextRows, placeOf, type TextRows } from '../../data/text-rows.js';
import { RondoError } from '../../errors.js';

/** What to do about texts without a token: refuse them, or leave them out. */
export type EmptyTexts = 'error' | 'skip';

/**
 * The rows whose texts hold a token.
 *
 * @param kept their positions.
 * @throws DATA_FORMAT naming the first of the others where they are not to be skipped
 */
export function keepTexts<Rows extends TextRows>(rows: Rows, kept: readonly number[], empty: EmptyTexts): Rows {
  const numEmpty = rows.texts.length - kept.length;
  if (numEmpty === 0) return rows;
  if (empty === 'skip') return pickTextRows(rows, kept);
  const others = new Set(kept);
  const first = rows.texts.findIndex((_, i) => !others.has(i));
  throw new RondoError('DATA_FORMAT', {
    where: placeOf(rows, first),
    what: `the text is empty${numEmpty > 1 ? `, the first of ${numEmpty} in ${rows.texts.length} texts` : ''}.`,
    expected: 'at least one token',
    received: JSON.stringify(rows.texts[first].slice(0, 40)),
    fix: 'fill it in or remove it; to leave such texts out, set `empty` to skip.',
    option: 'empty',
  });
}

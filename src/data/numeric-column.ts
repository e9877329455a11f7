import { RondoError, refuseUnknownOptions, unknownName } from '../errors.js';
import { cellKind } from './cell-kind.js';
import type { Table } from './table.js';

const missingChoices = ['error', 'interpolate', 'previous'] as const;

export interface NumericColumnOptions {
  /**
   * What to do about cells without a finite number (empty, NA, NaN, null, `-`, `?`, inf); 'error' by default.
   *
   * - `error`: refuse the column, naming the first such line.
   * - `interpolate`: the straight line between the neighbours; before the first and after the last number, that number.
   *   It looks into the future of each gap.
   * - `previous`: the last number before the gap; a gap at the very start is refused.
   */
  missing?: (typeof missingChoices)[number];
}

/**
 * One column as numbers, `[rows]`.
 *
 * @throws UNKNOWN_NAME for a column that does not exist; DATA_FORMAT naming file, line and column for a cell that is no
 * number, or is missing and may not be.
 */
export function numericColumn(table: Table, name: string, options: NumericColumnOptions = {}): Float64Array {
  refuseUnknownOptions('numericColumn', options, ['missing']);
  const { missing = 'error' } = options;
  if (!missingChoices.includes(missing)) throw unknownName('numericColumn', 'choice of `missing`', String(missing), missingChoices);
  const cells = table.column(name);
  const values = new Float64Array(cells.length);
  let numMissing = 0;
  for (let i = 0; i < cells.length; i++) {
    const kind = cellKind(cells[i]);
    if (kind === 'number') values[i] = Number(cells[i]);
    else if (kind === 'missing') {
      values[i] = NaN;
      numMissing++;
    } else throw notANumber(table, name, cells, i);
  }
  if (numMissing === 0) return values;
  if (numMissing === values.length) {
    throw new RondoError('DATA_FORMAT', {
      where: `${table.where}, column \`${name}\``,
      what: 'the column holds no number at all.',
      expected: 'numbers',
      received: `${numMissing} missing values`,
      fix: 'choose another column.',
    });
  }
  const first = values.findIndex((value) => Number.isNaN(value));
  if (missing === 'error') throw missingValue(table, name, cells, first, numMissing);
  if (missing === 'interpolate') interpolate(values);
  else {
    if (first === 0) throw nothingBefore(table, name);
    for (let i = first; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = values[i - 1];
  }
  return values;
}

function interpolate(values: Float64Array): void {
  let known = -1;
  for (let i = 0; i <= values.length; i++) {
    if (i < values.length && Number.isNaN(values[i])) continue;
    const before = known < 0 ? values[i] : values[known];
    const after = i === values.length ? before : values[i];
    const gap = i - known;
    for (let k = known + 1; k < i; k++) {
      const share = (k - known) / gap;
      values[k] = before === after ? before : before * (1 - share) + after * share;
    }
    known = i;
  }
}

function notANumber(table: Table, name: string, cells: readonly string[], row: number): RondoError {
  const numMore = cells.filter((cell, i) => i > row && ['text', 'date'].includes(cellKind(cell))).length;
  const cell = cells[row].trim();
  return new RondoError('DATA_FORMAT', {
    where: `${table.where}, line ${table.lines[row]}, column \`${name}\``,
    what: `the cell is not a number${numMore > 0 ? `, nor are ${numMore} more below it` : ''}.`,
    expected: 'a number such as 12, -0.5 or 1e3',
    received: JSON.stringify(cell.slice(0, 80)),
    fix: adviceFor(cell),
  });
}

function adviceFor(cell: string): string {
  if (cellKind(cell) === 'date') return 'choose another column; this one holds dates.';
  if (/^[+-]?\d{1,3}(\.\d{3})*,\d+$/.test(cell) && !/^[+-]?\d{1,3}(,\d{3})+$/.test(cell)) return 'write decimals with a point, not a comma.';
  if (/^[+-]?\d{1,3}([, '\u00a0\u202f]\d{3})+(\.\d+)?$/.test(cell)) return 'remove the thousands separators.';
  if (/^[+-]?[\d.,]+\s*%$/.test(cell)) return 'remove the percent signs.';
  if (/^[^\d\s]{1,3}\s?[\d.,]+$|^[\d.,]+\s?\D{1,3}$/.test(cell)) return 'remove the unit, and write the number alone.';
  return 'correct the cell, or choose another column.';
}

function missingValue(table: Table, name: string, cells: readonly string[], row: number, count: number): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: `${table.where}, line ${table.lines[row]}, column \`${name}\``,
    what: count === 1 ? 'a value is missing.' : `a value is missing, the first of ${count} in ${cells.length} rows.`,
    expected: 'a finite number',
    received: JSON.stringify(cells[row]),
    fix: "fill the gap, or set missing to 'interpolate' or 'previous'.",
  });
}

function nothingBefore(table: Table, name: string): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: `${table.where}, line ${table.lines[0]}, column \`${name}\``,
    what: 'the column begins with a missing value, so there is no previous one.',
    expected: "a number in the first row when missing is 'previous'",
    fix: "fill the cell, remove the row, or set missing to 'interpolate'.",
  });
}

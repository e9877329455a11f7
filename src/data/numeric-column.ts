import { RondoError, refuseUnknownOptions, unknownName } from '../errors.js';
import { type CellColumn, commaCode, plainValue, textCode } from './cell-column.js';
import { cellKind } from './cell-kind.js';
import { isThousands } from './number-forms.js';
import {
  type NumberFacts,
  type NumberNotation,
  numberFacts,
  requireClearNotation,
  requireSameUnit,
} from './number-notation.js';
import type { Table } from './table.js';
import { writtenNumber } from './written-number.js';

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
  missing?: (typeof missingChoices)[number] | undefined;
  /** How the same column was written in the data that a model was trained on: decides where the cells do not. */
  notation?: NumberNotation | undefined;
}

/** Numbers of a column, as its cells hold them. */
export interface CellNumbers {
  /** `[rows]`; NaN for a cell that holds none. */
  readonly values: Float64Array;
  readonly facts: NumberFacts;
}

/**
 * One column as numbers, and NaN wherever a cell holds none: it is missing, or text.
 *
 * @throws UNKNOWN_NAME for a column that does not exist; DATA_FORMAT where numbers can be read in two ways, or have
 *   another unit than `notation` says.
 */
export function cellNumbers(table: Table, name: string, notation?: NumberNotation): CellNumbers {
  const facts = numberFacts(table, name, notation);
  requireClearNotation(table, name, facts);
  requireSameUnit(table, name, facts, notation);
  const cells = table.cells(name);
  return {
    values: Float64Array.from({ length: table.numRows }, (_, row) => numberInCell(cells, row, facts.notation)),
    facts,
  };
}

/**
 * One column as numbers, `[rows]`. All of its cells decide how it is written: with a point or a comma before decimals,
 * with thousands set apart, with a unit; see {@link numberFacts}.
 *
 * @throws UNKNOWN_NAME for a column that does not exist; DATA_FORMAT naming file, line and column for a cell that is no
 * number, or is missing and may not be; as {@link cellNumbers}.
 */
export function numericColumn(table: Table, name: string, options: NumericColumnOptions = {}): Float64Array {
  refuseUnknownOptions('numericColumn', options, ['missing', 'notation']);
  const { missing = 'error', notation } = options;
  if (!missingChoices.includes(missing))
    throw unknownName('numericColumn', 'choice of `missing`', String(missing), missingChoices);
  return filledNumbers(table, name, cellNumbers(table, name, notation), missing);
}

/** The numbers of a column with its gaps filled, in place; as {@link numericColumn}. @throws DATA_FORMAT */
export function filledNumbers(
  table: Table,
  name: string,
  { values, facts }: CellNumbers,
  missing: NonNullable<NumericColumnOptions['missing']>,
): Float64Array {
  const cells = table.cells(name);
  const { number, date, text } = facts.counts;
  if (number === values.length) return values;
  if (date + text > 0) {
    const row = values.findIndex((value, i) => Number.isNaN(value) && cellKind(cells.text(i)) !== 'missing');
    throw notANumber(table, name, row, date + text, facts.notation);
  }
  const numMissing = values.length - number;
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
  if (missing === 'error') throw missingValue(table, name, first, numMissing);
  if (missing === 'interpolate') interpolate(values);
  else {
    if (first === 0) throw nothingBefore(table, name);
    for (let i = first; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = values[i - 1];
  }
  return values;
}

/** The number in a cell; NaN where there is none. */
export function numberInCell(cells: CellColumn, row: number, { decimal, before, after }: NumberNotation): number {
  const code = cells.code(row);
  if (code < textCode) {
    if (before !== '' || after !== '') return NaN;
    const digits = cells.digits(row);
    if (code === 0 || code < commaCode === (decimal === 'point')) return plainValue(digits, code);
    return isThousands(digits, code) ? digits : NaN;
  }
  const number = writtenNumber(cells.text(row));
  if (number === undefined || number.before !== before || number.after !== after) return NaN;
  return Number.isFinite(number[decimal]) ? number[decimal] : NaN;
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

/** Of the first of some cells that are neither numbers nor missing. */
export function notANumber(
  table: Table,
  name: string,
  row: number,
  count: number,
  notation: NumberNotation,
): RondoError {
  const cell = table.cells(name).text(row).trim();
  return new RondoError('DATA_FORMAT', {
    where: `${table.where}, line ${table.lines[row]}, column \`${name}\``,
    what: `the cell is not a number${count > 1 ? `, nor are ${count - 1} more` : ''}.`,
    expected: expectedNumber(notation),
    received: JSON.stringify(cell.slice(0, 80)),
    fix: adviceFor(cell, notation),
  });
}

function expectedNumber({ decimal, before, after }: NumberNotation): string {
  if (before + after !== '') return `a number as in the other cells, such as ${JSON.stringify(`${before}12${after}`)}`;
  return decimal === 'comma'
    ? 'a number with a comma before decimals, as in other cells, such as 12 or -0,5'
    : 'a number such as 12, -0.5 or 1e3';
}

function adviceFor(cell: string, { decimal, before, after }: NumberNotation): string {
  if (cellKind(cell) === 'date') return 'choose another column; this one holds dates.';
  const number = writtenNumber(cell);
  if (number === undefined) return 'correct the cell, or choose another column.';
  if (number.before !== before || number.after !== after)
    return 'write all numbers of the column with the same unit, or all without.';
  return `write all numbers of the column with a ${decimal} before decimals.`;
}

function missingValue(table: Table, name: string, row: number, count: number): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: `${table.where}, line ${table.lines[row]}, column \`${name}\``,
    what: count === 1 ? 'a value is missing.' : `a value is missing, the first of ${count} in ${table.numRows} rows.`,
    expected: 'a finite number',
    received: JSON.stringify(table.cells(name).text(row)),
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

import { type CellColumn, commaCode, textCode } from './cell-column.js';
import { cellKind } from './cell-kind.js';
import { writtenNumber } from './written-number.js';

/** Numbers that stand between the same signs. */
export interface UnitCount {
  readonly before: string;
  readonly after: string;
  /** By the readings that fit them: both with one value, only one, or both with different values. */
  either: number;
  point: number;
  comma: number;
  ambiguous: number;
}

/** How the cells of a column are written; counts of cells. */
export interface NumberForms {
  missing: number;
  date: number;
  text: number;
  readonly units: UnitCount[];
  /** Ambiguous cells by the sign in them, which may stand before decimals or between thousands. */
  readonly ambiguous: { point: number; comma: number };
  /** Of ambiguous cells: one of them, whether any ends in 0, and the least of their values without the sign. */
  example: string;
  endsInZero: boolean;
  least: number;
  /** Cells of digits alone that are below a thousand, and the largest of all of these. */
  shortWhole: number;
  largestWhole: number;
  /** Numbers with signs between thousands that no reading can take for decimals; numbers in parentheses. */
  grouped: number;
  parentheses: number;
  /** Whether dates are written as 31.12.2020. */
  hasDottedDates: boolean;
}

/** A column with more units than this is a column of words. */
const mostUnits = 32;

/** Goes through a column once. */
export function numberForms(cells: CellColumn, numRows: number): NumberForms {
  const plain: UnitCount = { before: '', after: '', either: 0, point: 0, comma: 0, ambiguous: 0 };
  const forms: NumberForms = {
    missing: 0,
    date: 0,
    text: 0,
    units: [plain],
    ambiguous: { point: 0, comma: 0 },
    example: '',
    endsInZero: false,
    least: Infinity,
    shortWhole: 0,
    largestWhole: 0,
    grouped: 0,
    parentheses: 0,
    hasDottedDates: false,
  };
  for (let row = 0; row < numRows; row++) {
    const code = cells.code(row);
    if (code >= textCode) countText(forms, cells.text(row));
    else countPlain(forms, plain, Math.abs(cells.digits(row)), code, () => cells.text(row));
  }
  return forms;
}

function countPlain(forms: NumberForms, plain: UnitCount, digits: number, code: number, text: () => string): void {
  if (code === 0) {
    plain.either++;
    if (digits < 1000) forms.shortWhole++;
    if (digits > forms.largestWhole) forms.largestWhole = digits;
  } else if (isThousands(digits, code)) addAmbiguous(forms, plain, code < commaCode, digits, text);
  else if (code < commaCode) plain.point++;
  else plain.comma++;
}

/**
 * Whether the sign of a plain number may stand between thousands: three digits behind it, one to three before, no
 * leading 0.
 */
export function isThousands(digits: number, code: number): boolean {
  const size = Math.abs(digits);
  return code % commaCode === 3 && size >= 1000 && size < 1_000_000;
}

function addAmbiguous(
  forms: NumberForms,
  unit: UnitCount,
  hasPoint: boolean,
  digits: number,
  text: () => string,
): void {
  unit.ambiguous++;
  if (hasPoint) forms.ambiguous.point++;
  else forms.ambiguous.comma++;
  if (forms.example === '') forms.example = text();
  if (digits % 10 === 0) forms.endsInZero = true;
  if (digits < forms.least) forms.least = digits;
}

function countText(forms: NumberForms, cell: string): void {
  const kind = cellKind(cell);
  const number = kind === 'number' || kind === 'text' ? writtenNumber(cell) : undefined;
  if (number === undefined) {
    forms[kind === 'number' ? 'text' : kind]++;
    if (kind === 'date' && /^\d{1,2}\.\d{1,2}\.\d{2}/.test(cell.trim())) forms.hasDottedDates = true;
    return;
  }
  const { before, after, point, comma } = number;
  let unit = forms.units.find((known) => known.before === before && known.after === after);
  if (unit === undefined && forms.units.length === mostUnits) {
    forms.text++;
    return;
  }
  if (unit === undefined) forms.units.push((unit = { before, after, either: 0, point: 0, comma: 0, ambiguous: 0 }));
  if (number.isInParentheses) forms.parentheses++;
  if (Number.isNaN(comma)) unit.point++;
  else if (Number.isNaN(point)) unit.comma++;
  else if (point === comma) unit.either++;
  else
    addAmbiguous(forms, unit, Math.abs(point) < Math.abs(comma), Math.max(Math.abs(point), Math.abs(comma)), () =>
      cell.trim(),
    );
  const whole = /^\D*(\d+)\D*$/.exec(cell);
  if (whole !== null) {
    const size = Number(whole[1]);
    if (size < 1000) forms.shortWhole++;
    if (size > forms.largestWhole) forms.largestWhole = size;
  } else if (Math.abs(Number.isNaN(point) ? comma : point) >= 1000 && /\d[.,'\u2019\s]\d{3}(?!\d)/.test(cell))
    forms.grouped++;
}

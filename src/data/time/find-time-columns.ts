import { cellKind } from '../cell-kind.js';
import type { Table } from '../table.js';
import type { StampCells } from './choose-notation.js';
import { dateMs } from './civil-time.js';
import { notationsOf } from './notations-of.js';

/** Columns that hold the stamps of a table, and others that hold stamps or parts of them. */
export interface FoundTimeColumns {
  readonly columns: readonly string[];
  readonly others: readonly string[];
}

/** Parts of a date in columns of their own, by what they are called. */
const partNames = {
  year: /^(year|yr|yyyy|jahr|ano|año|annee|année|anno|jaar|年)$/i,
  month: /^(month|mon|mo|mm|mth|mnth|monat|mes|mês|mois|mese|maand|月)$/i,
  day: /^(day|dd|dy|tag|dia|día|jour|giorno|dag|mday|day[_ ]?of[_ ]?month|日)$/i,
  hour: /^(hour|hr|hh|stunde|hora|heure|ora|uur|时)$/i,
  minute: /^(minute|min|minuto|minuut|分)$/i,
} as const;

type PartName = keyof typeof partNames;

/** Names of columns of times; a number is a stamp only with one, or in the first column. */
const timeName = new RegExp(
  [
    'date|datum|data(?![a-z])|fecha|dato|tarih|time|zeit|hora|heure|tijd|stamp|^ts$|epoch|^day|tag$|^dia|^jour',
    'month|monat|^mes$|mois|^mese$|year|jahr|^a[nñ]o$|ann[eé]e|^anno$|jaar|week|woche|quarter|quartal|period|^t$|^ds$',
    '日期|时间|年|月',
  ].join('|'),
  'i',
);

const clockName = /hour|stunde|hora|heure|uhr|time|zeit/i;

const clockCell = /^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s?[ap]\.?m\.?)?$/i;

/** Cells that are looked at to tell what a column holds. */
const numLookedAt = 400;

/** The columns of a table that are clearly its stamps; undefined where none are. */
export function findTimeColumns(table: Table): FoundTimeColumns | undefined {
  const texts = table.columns.filter((name) => kindOf(table, name) === 'date');
  if (texts.length > 0) {
    const [first, ...others] = texts;
    const clock = table.columns.find((name) => kindOf(table, name) === 'clock') ?? hourBeside(table, first);
    return { columns: clock === undefined ? [first] : [first, clock], others };
  }
  const parts = partColumns(table);
  if (parts !== undefined) return { columns: parts, others: [] };
  const numeric = table.columns.find((name, i) => isNumericStamp(table, name, i));
  if (numeric === undefined) return undefined;
  const clock = table.columns.find((name) => kindOf(table, name) === 'clock');
  return { columns: clock === undefined ? [numeric] : [numeric, clock], others: [] };
}

function sampleOf(table: Table, name: string): string[] {
  const cells = table.cells(name);
  const stride = Math.max(1, table.numRows / numLookedAt);
  const sample: string[] = [];
  for (let at = 0; at < table.numRows; at += stride) sample.push(cells.text(Math.floor(at)).trim());
  return sample.filter((cell) => cellKind(cell) !== 'missing');
}

/** Whether most cells are dates, times of a day, numbers or something else. */
function kindOf(table: Table, name: string): 'date' | 'clock' | 'number' | 'other' {
  const cells = sampleOf(table, name);
  if (cells.length === 0) return 'other';
  const most = (holds: (cell: string) => boolean): boolean =>
    cells.filter(holds).length >= 0.9 * cells.length - 1 && cells.some(holds);
  if (most((cell) => cellKind(cell) === 'number')) return 'number';
  if (most((cell) => clockCell.test(cell))) return 'clock';
  return most((cell) => cellKind(cell) !== 'number' && notationsOf(startOf(cell)).length > 0) ? 'date' : 'other';
}

function startOf(cell: string): string {
  const at = cell.indexOf(' - ');
  return at < 8 ? cell : cell.slice(0, at);
}

/** A column of hours beside dates that each stand in several rows. */
function hourBeside(table: Table, dates: string): string | undefined {
  const cells = table.cells(dates);
  const first = Array.from({ length: Math.min(table.numRows, numLookedAt) }, (_, row) => cells.text(row));
  if (first.some((cell) => /\d:\d\d|T\d/.test(cell)) || new Set(first).size > 0.5 * first.length) return undefined;
  return table.columns.find(
    (name) => (partNames.hour.test(name) || clockName.test(name)) && name !== dates && areWhole(table, name, 0, 24),
  );
}

function areWhole(table: Table, name: string, from: number, to: number): boolean {
  const cells = sampleOf(table, name);
  return (
    cells.length > 0 &&
    cells.every((cell) => /^\d{1,4}(\.0)?$/.test(cell) && Number(cell) >= from && Number(cell) <= to)
  );
}

const partRanges: Readonly<Record<PartName, readonly [number, number]>> = {
  year: [1000, 2999],
  month: [1, 12],
  day: [1, 31],
  hour: [0, 24],
  minute: [0, 59],
};

/** Year and month, and what follows them, in columns of their own. */
function partColumns(table: Table): string[] | undefined {
  const columns: string[] = [];
  for (const part of Object.keys(partNames) as PartName[]) {
    const name = table.columns.find(
      (name) => partNames[part].test(name.trim()) && areWhole(table, name, ...partRanges[part]),
    );
    if (name === undefined) break;
    columns.push(name);
  }
  return columns.length >= 2 ? columns : undefined;
}

function isNumericStamp(table: Table, name: string, index: number): boolean {
  const cells = sampleOf(table, name);
  if (kindOf(table, name) !== 'number' || cells.length < 3) return false;
  const numbers = cells.map(Number);
  const isNamed = timeName.test(name);
  const isInOrder =
    numbers.every((value, i) => i === 0 || value > numbers[i - 1]) ||
    numbers.every((value, i) => i === 0 || value < numbers[i - 1]);
  if (!isNamed && !(index === 0 && isInOrder)) return false;
  const every = (holds: (value: number) => boolean): boolean => numbers.filter(holds).length >= 0.9 * numbers.length;
  const areTexts = (pattern: RegExp): boolean =>
    cells.filter((cell) => pattern.test(cell)).length >= 0.9 * cells.length;
  const isDate = (year: number, month: number, day: number): boolean =>
    year >= 1700 &&
    year < 2200 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    new Date(dateMs(year, month, day)).getUTCMonth() === month - 1;
  const digits = (cell: string, from: number, to: number): number => Number(cell.slice(from, to));
  if (
    areTexts(/^\d{8}(\d{2}|\d{4}|\d{6})?$/) &&
    cells.filter((cell) => isDate(digits(cell, 0, 4), digits(cell, 4, 6), digits(cell, 6, 8))).length >=
      0.9 * cells.length
  )
    return true;
  if (
    areTexts(/^(\d{6}|\d{4}\.\d{1,2})$/) &&
    every((value) =>
      isDate(
        Math.floor(value > 9999 ? value / 100 : value),
        Math.round(value > 9999 ? value % 100 : (value % 1) * 100),
        1,
      ),
    )
  )
    return true;
  // A column of years may stand beside others that count or measure.
  if (areTexts(/^\d{4}$/) && every((value) => value >= 1500 && value < 2200)) return isInOrder || isNamed;
  if (
    areTexts(/^\d+(\.\d+)?$/) &&
    every(
      (value) =>
        (value >= 1e8 && value < 5e9) ||
        (value >= 1e11 && value < 5e12) ||
        (value >= 1e14 && value < 5e15) ||
        (value >= 1e17 && value < 5e18),
    )
  )
    return true;
  return isNamed && isInOrder && areTexts(/^\d{5}(\.\d+)?$/) && every((value) => value >= 20_000 && value < 80_000);
}

/** The cells of columns that make a stamp together, as one text a row. */
export function joinedCells(table: Table, columns: readonly string[]): StampCells {
  if (columns.length === 1) return withLastZeros(table, columns[0]);
  const cells = columns.map((name) => table.cells(name));
  const parts = columns.map((name) =>
    (Object.keys(partNames) as PartName[]).find(
      (part) => partNames[part].test(name.trim()) && areWhole(table, name, 0, 9999),
    ),
  );
  const whole = (column: number, row: number): string =>
    cells[column]
      .text(row)
      .trim()
      .replace(/^(\d{1,4})\.0$/, '$1');
  const padded = (column: number, row: number): string => whole(column, row).replace(/^\d$/, '0$&');
  const isDateInParts = parts[0] === 'year' && parts[1] === 'month';
  const textOf = (row: number): string => {
    if (!isDateInParts) return columns.map((_, i) => (i > 0 ? padded(i, row) : whole(i, row))).join(' ');
    const date = [whole(0, row), ...parts.slice(1, 3).map((_, i) => padded(i + 1, row))].join('-');
    const clock = parts.slice(3).map((_, i) => padded(i + 3, row));
    return clock.length === 0 ? date : `${date} ${clock[0]}:${clock[1] ?? '00'}`;
  };
  return { length: table.numRows, text: textOf };
}

/** Numbers lose their last zero: beside 2019.09 and 2019.11, 2019.1 is October. */
function withLastZeros(table: Table, name: string): StampCells {
  const cells = table.cells(name);
  const sample = sampleOf(table, name);
  const areMonths =
    sample.every((cell) => /^\d{4}\.\d{1,2}$/.test(cell)) && sample.some((cell) => /^\d{4}\.0\d$/.test(cell));
  return {
    length: table.numRows,
    text: (row) =>
      areMonths
        ? cells
            .text(row)
            .trim()
            .replace(/^\d{4}\.1$/, '$&0')
        : cells.text(row),
  };
}

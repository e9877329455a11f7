import { RondoError } from '../../errors.js';
import { cellKind } from '../../data/cell-kind.js';
import { numericColumn, type NumericColumnOptions } from '../../data/numeric-column.js';
import type { Table } from '../../data/table.js';
import type { Series } from './series.js';

/** Which columns of a table a forecast uses. */
export interface SeriesColumnsOptions {
  /** The column to forecast; the only numeric column where there is just one. */
  target?: string;
  /** What else the model sees: `all` other numeric columns (default), `none`, or columns by name. */
  features?: 'all' | 'none' | readonly string[];
  /** What to do about missing values; `error` by default. */
  missing?: NumericColumnOptions['missing'];
}

/** A column that is not used, and why. */
export interface LeftOutColumn {
  readonly name: string;
  readonly reason: 'date' | 'text' | 'counter' | 'constant' | 'empty';
}

/** The columns of a table that a forecast uses, the target first, as series of them. */
export interface SeriesColumns {
  readonly names: readonly string[];
  readonly series: readonly Series[];
  /** The first column of dates or times, for showing; undefined where there is none. */
  readonly dateColumn: string | undefined;
  readonly leftOut: readonly LeftOutColumn[];
}

/**
 * Takes the target and the features out of a table. Columns of dates and text are left out, and so are columns that only
 * count rows or never change: they say nothing about the future that the model could use.
 *
 * @throws UNKNOWN_NAME for a column that does not exist; DATA_FORMAT for one that holds no numbers.
 */
export function seriesColumns(table: Table, options: SeriesColumnsOptions = {}): SeriesColumns {
  const kinds = new Map(table.columns.map((name) => [name, kindOfColumn(table, name)]));
  const isNumeric = (name: string): boolean => ['number', 'counter', 'constant'].includes(kinds.get(name)!);
  const target = options.target ?? onlyNumeric(table, table.columns.filter((name) => kinds.get(name) === 'number'));
  table.indexOf(target);
  const { features = 'all' } = options;
  const others = features === 'none' ? [] : features === 'all' ? table.columns.filter((name) => name !== target && kinds.get(name) === 'number') : features;
  for (const name of others) table.indexOf(name);
  const names = [...new Set([target, ...others])];
  const columns = names.map((name) => numericColumn(table, name, { missing: options.missing ?? 'error' }));
  const values = new Float64Array(table.numRows * names.length);
  const isReal = new Uint8Array(values.length);
  columns.forEach((column, c) => {
    const cells = table.column(names[c]);
    column.forEach((value, row) => {
      values[row * names.length + c] = value;
      isReal[row * names.length + c] = cellKind(cells[row]) === 'number' ? 1 : 0;
    });
  });
  return {
    names,
    series: [{ name: '', numRows: table.numRows, values, isReal, times: undefined }],
    dateColumn: table.columns.find((name) => kinds.get(name) === 'date'),
    leftOut: table.columns
      .filter((name) => !names.includes(name) && (features === 'all' || !isNumeric(name)))
      .map((name) => ({ name, reason: kinds.get(name) as LeftOutColumn['reason'] })),
  };
}

function kindOfColumn(table: Table, name: string): LeftOutColumn['reason'] | 'number' {
  const cells = table.column(name);
  const counts = { number: 0, date: 0, missing: 0, text: 0 };
  for (const cell of cells) counts[cellKind(cell)] += 1;
  if (counts.missing === cells.length) return 'empty';
  if (counts.date > counts.number && counts.date >= counts.text) return 'date';
  // A few cells that are no numbers are faults to report; a column of words is not.
  if (counts.text > counts.number) return 'text';
  if (counts.number < cells.length || cells.length < 3) return 'number';
  const step = Number(cells[1]) - Number(cells[0]);
  if (Math.abs(step) === 1 && cells.every((cell, i) => i === 0 || Number(cell) - Number(cells[i - 1]) === step)) return 'counter';
  return cells.every((cell) => Number(cell) === Number(cells[0])) ? 'constant' : 'number';
}

function onlyNumeric(table: Table, numeric: readonly string[]): string {
  if (numeric.length === 1) return numeric[0];
  throw new RondoError('USAGE', {
    where: table.where,
    what: numeric.length === 0 ? 'no column holds numbers that change.' : 'several columns hold numbers, so the target must be named.',
    expected: 'a target column',
    received: numeric.length === 0 ? table.columns.join(', ') : numeric.join(', '),
    fix: numeric.length === 0 ? 'give a table with a column of numbers.' : `name one, for example target ${numeric[numeric.length - 1]}.`,
  });
}

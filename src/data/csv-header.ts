import { RondoError } from '../errors.js';
import { type CellKind, cellKind } from './cell-kind.js';
import { writtenNumber } from './written-number.js';

/**
 * Refuses a first line that is not column names: empty or repeated names, or values.
 *
 * @param firstRow the cells of the row below it; undefined where there is none.
 */
export function requireColumnNames(
  where: string,
  columns: readonly string[],
  firstRow: readonly string[] | undefined,
): void {
  if (looksLikeValues(columns, firstRow)) {
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'the first line holds values, not column names.',
      expected: 'a line of column names, such as `date,value`',
      received: shortened(columns),
      fix:
        `give the names of the ${columns.length === 1 ? 'column' : `${columns.length} columns`} as \`columns\`, ` +
        'such as ' +
        `${columns
          .slice(0, 3)
          .map((_, i) => 'abc'[i])
          .join(',')}${columns.length > 3 ? ',...' : ''}, or add a first line with them.`,
      option: 'columns',
    });
  }
  const empty = columns.flatMap((name, i) => (name === '' ? [i + 1] : []));
  if (empty.length > 0) {
    throw new RondoError('DATA_FORMAT', {
      where: `${where}, column ${empty.slice(0, 10).join(', ')}`,
      what: empty.length === 1 ? 'a column has no name.' : `${empty.length} columns have no name.`,
      expected: 'a name for each column',
      received: shortened(columns),
      fix:
        empty.length === 1 && empty[0] === 1
          ? 'name the column; pandas leaves out this column with to_csv(..., index=False).'
          : 'name the columns, remove the extra separators, or remove lines above the one with the names.',
    });
  }
  requireDifferentNames(where, columns);
}

/** @throws DATA_FORMAT where two columns have one name */
export function requireDifferentNames(where: string, columns: readonly string[]): void {
  const seen = new Map<string, number>();
  for (const [i, name] of columns.entries()) {
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, i + 1);
      continue;
    }
    throw new RondoError('DATA_FORMAT', {
      where: `${where}, column ${i + 1}`,
      what: `two columns are named \`${name}\`.`,
      expected: 'a different name for each column',
      received: `\`${name}\` in columns ${first} and ${i + 1}`,
      fix: 'rename one of them.',
    });
  }
}

/** Refuses names given by the user that are not as many as the columns. */
export function requireNumColumns(where: string, line: number, columns: readonly string[], numCells: number): void {
  if (columns.length === numCells) return;
  throw new RondoError('DATA_FORMAT', {
    where: `${where}, line ${line}`,
    what: `there are ${columns.length} names of columns for ${numCells} columns.`,
    expected: `a name for each of the ${numCells} columns`,
    received: shortened(columns),
    fix: 'give as many names as a row has cells; if the file has a line of names, give none.',
  });
}

/**
 * Values give themselves away by a number or date where a name should stand, above a row of the same kinds. Years and
 * whole numbers counted in order (0, 1, 2, ... or 1990, 1991, ...) do name columns, unless a year stands below.
 */
function looksLikeValues(names: readonly string[], firstRow: readonly string[] | undefined): boolean {
  const numbers = names.filter((name) => valueKind(name) === 'number');
  if (numbers.length > 1 && numbers.every((name, i) => /^\d+$/.test(name) && Number(name) === Number(numbers[0]) + i))
    return false;
  const below = names.map((_, i) => firstRow?.[i] ?? '');
  const isValue = (name: string, i: number): boolean => {
    const kind = valueKind(name);
    return kind === 'date' || (kind === 'number' && (!isYear(name) || isYear(below[i])));
  };
  if (!names.some(isValue)) return false;
  if (names.some((name, i) => isFraction(name) && valueKind(below[i]) === 'number')) return true;
  return names.every((name, i) => valueKind(below[i]) === 'missing' || valueKind(below[i]) === valueKind(name));
}

function isYear(cell: string): boolean {
  return /^[12]\d{3}$/.test(cell.trim());
}

function isFraction(cell: string): boolean {
  return valueKind(cell) === 'number' && !/^\d+$/.test(cell.trim());
}

/** The kind of a cell, with numbers as other countries write them. */
function valueKind(cell: string): CellKind {
  const kind = cellKind(cell);
  if (kind !== 'text') return kind;
  const number = writtenNumber(cell);
  return number !== undefined && number.before + number.after === '' ? 'number' : 'text';
}

export function shortened(cells: readonly string[]): string {
  const shown = cells.slice(0, 8).map((cell) => `\`${cell.length > 30 ? `${cell.slice(0, 30)}...` : cell}\``);
  return shown.join(', ') + (cells.length > 8 ? ` and ${cells.length - 8} more` : '');
}

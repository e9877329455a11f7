import { RondoError } from '../errors.js';
import { cellKind } from './cell-kind.js';
import type { Table } from './table.js';

/** Refuses a first line that is not column names: empty or repeated names, or values. */
export function requireColumnNames(
  where: string,
  columns: readonly string[],
  line: number,
  firstRow: readonly string[] | undefined,
): void {
  const here = `${where}, line ${line}`;
  if (looksLikeValues(columns, firstRow)) {
    throw new RondoError('DATA_FORMAT', {
      where: here,
      what: 'the first line holds values, not column names.',
      expected: 'a line of column names, such as `date,value`',
      received: shortened(columns),
      fix: 'add a first line with a name for each column.',
    });
  }
  const empty = columns.flatMap((name, i) => (name === '' ? [i + 1] : []));
  if (empty.length > 0) {
    throw new RondoError('DATA_FORMAT', {
      where: `${here}, column ${empty.slice(0, 10).join(', ')}`,
      what: empty.length === 1 ? 'a column has no name.' : `${empty.length} columns have no name.`,
      expected: 'a name for each column',
      received: shortened(columns),
      fix: empty.length === 1 && empty[0] === 1
        ? 'name the column; pandas leaves out this column with to_csv(..., index=False).'
        : 'name the columns, or remove the extra separators.',
    });
  }
  const seen = new Map<string, number>();
  for (const [i, name] of columns.entries()) {
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, i + 1);
      continue;
    }
    throw new RondoError('DATA_FORMAT', {
      where: `${here}, column ${i + 1}`,
      what: `two columns are named \`${name}\`.`,
      expected: 'a different name for each column',
      received: `\`${name}\` in columns ${first} and ${i + 1}`,
      fix: 'rename one of them.',
    });
  }
}

/**
 * Refuses a table without rows, rows with a wrong number of cells, and a table of dates alone.
 * It stands here because each of these often comes from a first line that was misread.
 */
export function requireRows(table: Table, delimiter: string): void {
  const { where, columns, rows, lines } = table;
  if (rows.length === 0) {
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'there is a line of column names but no row below it.',
      expected: 'at least one row',
      received: shortened(columns),
      fix: 'check that the file was written completely.',
    });
  }
  const ragged = rows.findIndex((row) => row.length !== columns.length);
  if (ragged >= 0) {
    const row = rows[ragged];
    const numMore = rows.filter((other) => other.length !== columns.length).length - 1;
    const separator = delimiter === '\t' ? 'tab' : `\`${delimiter}\``;
    throw new RondoError('DATA_FORMAT', {
      where: `${where}, line ${lines[ragged]}, column ${Math.min(row.length, columns.length) + 1}`,
      what: `the row has too ${row.length < columns.length ? 'few' : 'many'} cells${numMore > 0 ? `, and so have ${numMore} more rows` : ''}.`,
      expected: `${columns.length} cells separated by ${separator}: ${shortened(columns)}`,
      received: `${row.length} cells: ${shortened(row)}`,
      fix: `correct the row, and quote cells that hold a ${separator}.`,
    });
  }
  const sample = rows.slice(0, 100);
  if (sample.every((row) => row.every((cell) => cellKind(cell) === 'date'))) {
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'the table holds only dates or times, no values.',
      expected: 'a column of values beside the dates',
      received: `${columns.length === 1 ? 'the column' : 'the columns'} ${shortened(columns)}, line ${lines[0]}: ${shortened(rows[0])}`,
      fix: 'add the column of values; if it is there, check the separator and the quotes.',
    });
  }
}

/**
 * Values give themselves away by a number or date where a name should stand, above a row of the same kinds. Years and
 * the numbers 0, 1, 2, ... in order do name columns.
 */
function looksLikeValues(names: readonly string[], firstRow: readonly string[] | undefined): boolean {
  if (names.length > 1 && names.every((name, i) => name === String(i))) return false;
  const kinds = names.map(cellKind);
  const isYear = (name: string): boolean => /^[12]\d{3}$/.test(name);
  if (!names.some((name, i) => kinds[i] === 'date' || (kinds[i] === 'number' && !isYear(name)))) return false;
  if (firstRow === undefined) return true;
  return names.every((_, i) => firstRow[i] === undefined || kinds[i] === cellKind(firstRow[i]) || cellKind(firstRow[i]) === 'missing');
}

function shortened(cells: readonly string[]): string {
  const shown = cells.slice(0, 8).map((cell) => `\`${cell.length > 30 ? `${cell.slice(0, 30)}...` : cell}\``);
  return shown.join(', ') + (cells.length > 8 ? ` and ${cells.length - 8} more` : '');
}

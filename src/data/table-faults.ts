import { counted } from '../counted.js';
import { RondoError } from '../errors.js';
import { cellKind } from './cell-kind.js';
import { shortened } from './csv-header.js';
import type { Table } from './table.js';

/** The first row with a wrong number of cells, and how many more there are. */
export interface RaggedRows {
  readonly line: number;
  readonly numCells: number;
  readonly text: string;
  numMore: number;
}

/**
 * Refuses a table without rows, rows with a wrong number of cells, and a table of dates alone: each of these often
 * comes from a first line that was misread.
 */
export function requireRows(table: Table, delimiter: string, ragged: RaggedRows | undefined): void {
  const { where, columns, lines } = table;
  if (ragged !== undefined) throw wrongWidth(table, delimiter, ragged);
  if (table.numRows === 0) {
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'there is a line of column names but no row below it.',
      expected: 'at least one row',
      received: shortened(columns),
      fix: 'check that the file was written completely.',
    });
  }
  const sample = Array.from({ length: Math.min(100, table.numRows) }, (_, row) => table.row(row));
  if (sample.every((row) => row.every((cell) => cellKind(cell) === 'date'))) {
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'the table holds only dates or times, no values.',
      expected: 'a column of values beside the dates',
      received:
        `${columns.length === 1 ? 'the column' : 'the columns'} ${shortened(columns)}, line ${lines[0]}: ` +
        shortened(sample[0]),
      fix: 'add the column of values; if it is there, check the separator and the quotes.',
    });
  }
}

function wrongWidth(
  { where, columns }: Table,
  delimiter: string,
  { line, numCells, text, numMore }: RaggedRows,
): RondoError {
  const separator = separatorName(delimiter);
  const more = numMore > 0 ? `, and so ${numMore === 1 ? 'has' : 'have'} ${counted(numMore, 'more row')}` : '';
  return new RondoError('DATA_FORMAT', {
    where: `${where}, line ${line}, column ${Math.min(numCells, columns.length) + 1}`,
    what: `the row has too ${numCells < columns.length ? 'few' : 'many'} cells${more}.`,
    expected: `${counted(columns.length, 'cell')} separated by ${separator}: ${shortened(columns)}`,
    received: `${counted(numCells, 'cell')}: ${JSON.stringify(text)}`,
    fix: `correct the row, and quote cells that hold a ${separator}.`,
  });
}

export function nothingInTable(where: string, sizeBytes: number): RondoError {
  return new RondoError('DATA_FORMAT', {
    where,
    what: 'the file holds no table.',
    expected: 'a line of column names and rows below it',
    received: sizeBytes === 0 ? 'nothing' : `${sizeBytes} bytes of white space`,
    fix: 'check that the file was written completely.',
  });
}

export function tooManyColumns(where: string, line: number, most: number): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: `${where}, line ${line}`,
    what: `the line has more than ${most} cells.`,
    expected: `at most ${most} columns`,
    received: 'a line of more',
    fix: 'check that lines end where rows do; a table on its side must be turned so that columns are series.',
  });
}

/** A row that goes on and on. */
export function unendedRow(where: string, line: number, sizeBytes: number): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: `${where}, line ${line}`,
    what: 'the line is too long for a row of a table.',
    expected: 'rows that end with their line',
    received: `${sizeBytes} bytes without a line end`,
    fix: 'check that this is a table, with a line end after each row.',
  });
}

/** A quote and where it stands. */
export interface QuoteFault {
  readonly where: string;
  readonly line: number;
  readonly character: number;
  /** It is never closed; else a text follows where it is closed. */
  readonly isOpen: boolean;
  readonly shown: string;
  readonly delimiter: string;
}

export function badQuote({ where, line, character, isOpen, shown, delimiter }: QuoteFault): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: `${where}, line ${line}, character ${character}`,
    what: isOpen ? 'a quoted cell is never closed.' : 'a quoted cell goes on after its closing quote.',
    expected: `a closing \`"\` before the next ${separatorName(delimiter)} or line end`,
    received: JSON.stringify(shown),
    fix: 'close the quote, and write a quote inside a quoted cell twice ("").',
  });
}

function separatorName(delimiter: string): string {
  return delimiter === '\t' ? 'tab' : `\`${delimiter}\``;
}

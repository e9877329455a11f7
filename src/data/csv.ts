import type { ParseError } from 'papaparse';
import { RondoError, refuseUnknownOptions } from '../errors.js';
import { requireColumnNames, requireRows } from './csv-header.js';
import { Table } from './table.js';

export { numericColumn, type NumericColumnOptions } from './numeric-column.js';
export { Table } from './table.js';

export interface ReadTableOptions {
  /** The file's name, for messages. */
  where: string;
  /** The character between cells; found from the first lines when left out (comma, tab, semicolon or bar). */
  delimiter?: string;
}

/**
 * Reads CSV or TSV text (RFC 4180: cells may be quoted, quotes inside are doubled). The first line holds the column
 * names. Blank lines are skipped, except between the rows of a single-column table, where they are empty cells.
 *
 * @throws DATA_FORMAT naming file, line and column when names are missing, empty or repeated, a row has too many or
 * too few cells, a quote stays open, there are no rows, or there is nothing but dates.
 */
export async function readTable(text: string, options: ReadTableOptions): Promise<Table> {
  refuseUnknownOptions('readTable', options, ['where', 'delimiter']);
  const { where } = options;
  requireDelimiter(options.delimiter);
  const { default: papa } = await import('papaparse');
  const clean = withUnixLines(text);
  if (clean.trim() === '') {
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'the file holds no table.',
      expected: 'a line of column names and rows below it',
      received: `${text.length} characters of white space`,
      fix: 'check that the file was written completely.',
    });
  }
  const delimiter = options.delimiter ?? guessDelimiter(papa.parse, clean);
  const { data, errors } = papa.parse<string[]>(clean, { delimiter, newline: '\n' });
  const quoteError = errors.find((error) => error.type === 'Quotes');
  if (quoteError !== undefined) throw badQuote(clean, where, quoteError, delimiter);

  const { rows, lines } = withLineNumbers(data);
  const columns = rows[0].map((name) => name.trim());
  requireColumnNames(where, columns, lines[0], rows[1]);
  const table = new Table(where, columns, rows.slice(1), lines.slice(1));
  requireRows(table, delimiter);
  return table;
}

function requireDelimiter(delimiter: string | undefined): void {
  if (delimiter === undefined || (delimiter.length === 1 && !/[\r\n"\ufeff]/.test(delimiter))) return;
  throw new RondoError('OUT_OF_RANGE', {
    where: 'readTable',
    what: '`delimiter` is not a character that can stand between cells.',
    expected: 'one character, not a quote or a line end',
    received: JSON.stringify(delimiter),
    fix: 'give one character such as "," or "\\t", or leave the option out.',
  });
}

/** One kind of line end throughout: a parser that is told one kind glues or splits the rows that have another. */
function withUnixLines(text: string): string {
  const unmarked = text.startsWith('\ufeff') ? text.slice(1) : text;
  return unmarked.includes('\r') ? unmarked.replace(/\r\n?/g, '\n') : unmarked;
}

function guessDelimiter(parse: typeof import('papaparse').parse, text: string): string {
  const preview = parse<string[]>(text, {
    preview: 10,
    newline: '\n',
    skipEmptyLines: 'greedy',
    delimitersToGuess: [',', '\t', ';', '|'],
  });
  return preview.meta.delimiter;
}

/** Drops blank lines and finds the line on which each row begins; a quoted cell may hold line ends. */
function withLineNumbers(data: readonly string[][]): { rows: string[][]; lines: number[] } {
  const isBlank = (row: readonly string[]): boolean => row.length === 1 && row[0].trim() === '';
  const numCells = data.find((row) => !isBlank(row))?.length ?? 0;
  let last = data.length - 1;
  while (last > 0 && isBlank(data[last])) last--;
  const rows: string[][] = [];
  const lines: number[] = [];
  let line = 1;
  for (let i = 0; i <= last; i++) {
    const row = data[i];
    const isInnerCell = numCells === 1 && rows.length > 0;
    if (!isBlank(row) || isInnerCell) {
      rows.push(row);
      lines.push(line);
    }
    line += 1;
    for (const cell of row) line += numLineEnds(cell);
  }
  return { rows, lines };
}

function numLineEnds(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at >= 0; at = cell.indexOf('\n', at + 1)) count++;
  return count;
}

function badQuote(text: string, where: string, error: ParseError, delimiter: string): RondoError {
  // The parser points behind the opening quote.
  const at = Math.max(0, Math.min(error.index ?? 0, text.length) - 1);
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = 1 + numLineEnds(before);
  const isOpen = error.code === 'MissingQuotes';
  return new RondoError('DATA_FORMAT', {
    where: `${where}, line ${line}, character ${at - lineStart + 1}`,
    what: isOpen ? 'a quoted cell is never closed.' : 'a quoted cell goes on after its closing quote.',
    expected: `a closing \`"\` before the next ${delimiter === '\t' ? 'tab' : `\`${delimiter}\``} or line end`,
    received: JSON.stringify(text.slice(Math.max(lineStart, at - 20), at + 40)),
    fix: 'close the quote, and write a quote inside a quoted cell twice ("").',
  });
}

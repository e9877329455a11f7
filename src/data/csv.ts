import { refuseUnknownOptions, unknownName } from '../errors.js';
import { requireDelimiter } from './delimiter.js';
import type { Table } from './table.js';
import { TableReader, type TableReaderOptions } from './table-reader.js';
import { decimalSigns } from './written-number.js';

export { type NumericColumnOptions, numericColumn } from './numeric-column.js';
export { Table } from './table.js';

export type ReadTableOptions = TableReaderOptions;

/**
 * The bytes of a table, all at once or as they come: a stream of Node, the body of a response, any iteration over
 * pieces.
 */
export type TableSource = string | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Characters that are encoded at once. */
const pieceLength = 2 ** 18;

/**
 * Reads CSV or TSV (RFC 4180: cells may be quoted, quotes inside are doubled). The first line holds the column names,
 * unless they are given. Blank lines are skipped, except between the rows of a single-column table, where they are
 * empty cells. A first line `sep=;`, as spreadsheets write it, tells the separator.
 *
 * Cells are kept in a few bytes each and the source is not, so a table may be much larger than a string can be.
 *
 * @param source text, or bytes in UTF-8.
 * @throws DATA_FORMAT naming file, line and column when names are missing, empty or repeated, a row has too many or
 * too few cells, a quote stays open, there are no rows, or there is nothing but dates.
 */
export async function readTable(source: TableSource, options: ReadTableOptions): Promise<Table> {
  refuseUnknownOptions('readTable', options, ['where', 'delimiter', 'columns', 'decimal']);
  requireDelimiter(options.delimiter);
  const { decimal } = options;
  if (decimal !== undefined && !decimalSigns.includes(decimal))
    throw unknownName('readTable', 'sign of `decimal`', String(decimal), decimalSigns);
  const reader = new TableReader(options);
  if (typeof source === 'string') for (const piece of encoded(source)) reader.push(piece);
  else if (source instanceof Uint8Array) reader.push(source);
  else for await (const piece of source) reader.push(piece);
  return reader.end();
}

function* encoded(text: string): Iterable<Uint8Array> {
  const encoder = new TextEncoder();
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + pieceLength);
    // A character of two units stays whole.
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end--;
    yield encoder.encode(text.slice(at, end));
    at = end;
  }
}

import type { RondoError } from '../errors.js';
import { firstInvalidByte, notUtf8 } from '../io/utf8.js';
import { CellColumn, commaCode } from './cell-column.js';
import { guessDelimiter } from './delimiter.js';
import {
  areBlank,
  carriageReturn,
  comma,
  lineFeed,
  lineStart,
  minus,
  nine,
  numBlankCells,
  numLineEnds,
  point,
  quote,
  space,
  toldDelimiter,
  zero,
} from './row-bytes.js';
import { Table } from './table.js';
import { badQuote, nothingInTable, type RaggedRows, requireRows, tooManyColumns, unendedRow } from './table-faults.js';
import { TableNames } from './table-names.js';
import type { DecimalSign } from './written-number.js';

export interface TableReaderOptions {
  /** The file's name, for messages. */
  where: string;
  /** The character between cells; found from the first lines when left out (comma, tab, semicolon or bar). */
  delimiter?: string | undefined;
  /**
   * Names of the columns of a table without a line of names. Where its first line holds all of them, it is a line of
   * names.
   */
  columns?: readonly string[] | undefined;
  /** What stands before the decimals of numbers; by default the cells of each column tell. */
  decimal?: DecimalSign | undefined;
}

/** Bytes at the beginning that decide what stands between the cells. */
const headBytes = 2 ** 16;

/** A row that does not end within so many bytes is a fault: most often a quote that is never closed. */
const mostRowBytes = 2 ** 27;

/** A table of more columns is taken for a file without line ends. */
const mostColumns = 100_000;

/** Digits of a plain number: so many are a whole number that float64 holds exactly. */
const mostDigits = 15;

/**
 * Reads a table from its bytes as they come, in UTF-8, and keeps the cells, not the bytes (RFC 4180: cells may be
 * quoted, quotes inside are doubled). Lines may end in any of LF, CR LF and CR. How the bytes are cut into pieces
 * changes nothing.
 */
export class TableReader {
  readonly #where: string;
  readonly #decimal: DecimalSign | undefined;
  /** What is passed over around a plain number. */
  #blank = space;
  /** What has not been read yet, ended by a zero byte. */
  #bytes = new Uint8Array(2 * headBytes);
  #end = 0;
  /** Bytes that there must be before it is worth looking at a row again that did not end. */
  #worthReading = headBytes + 64;
  /** Bytes read before those of `#bytes`. */
  #offset = 0;
  #head = new Uint8Array(0);
  #delimiter: number;
  #hasBegun = false;
  readonly #header: TableNames;
  /** Undefined before the first row. */
  #names: readonly string[] | undefined;
  #cells: CellColumn[] = [];
  #numRows = 0;
  #lines = new Uint32Array(1024);
  /** The line on which the row that is read begins. */
  #line = 1;
  /** Blank lines of a single column after its last cell: empty cells where another cell follows. */
  #numBlank = 0;
  /** Columns at the end that have neither a name nor a value. */
  #numUnnamed = 0;
  #ragged: RaggedRows | undefined;
  // Of the cell and the row that are read:
  #rowAt = 0;
  #digits = 0;
  #code = 0;
  #openQuote: { at: number; line: number } | undefined;
  #innerLines = 0;
  #numCells = 0;

  constructor({ where, delimiter, columns, decimal }: TableReaderOptions) {
    this.#where = where;
    this.#decimal = decimal;
    this.#delimiter = delimiter === undefined ? -1 : delimiter.charCodeAt(0);
    this.#header = new TableNames(where, columns);
  }

  /** Takes the next bytes, which may be used again afterwards. @throws DATA_FORMAT */
  push(bytes: Uint8Array): void {
    this.#append(bytes);
    if (this.#end < this.#worthReading) return;
    if (!this.#hasBegun) this.#begin();
    this.#readRows();
  }

  /** The table of all bytes. @throws DATA_FORMAT */
  end(): Table {
    if (!this.#hasBegun) this.#begin();
    if (this.#end > 0 && this.#bytes[this.#end - 1] !== lineFeed) this.#append(Uint8Array.of(lineFeed));
    this.#readRows();
    if (this.#end > 0) throw this.#unended();
    if (this.#names === undefined) throw nothingInTable(this.#where, this.#offset);
    this.#numRows -= this.#numBlank;
    this.#header.end(this.#ragged);
    for (const column of this.#cells) column.trim(this.#numRows);
    const delimiter = String.fromCharCode(this.#delimiter);
    const lines = this.#lines.slice(0, this.#numRows);
    const table = new Table(this.#where, this.#names, this.#cells, lines, {
      delimiter: this.#names.length + this.#numUnnamed === 1 ? undefined : delimiter,
      decimal: this.#decimal,
      hasNameLine: this.#header.hasLine,
      numUnnamed: this.#numUnnamed,
    });
    requireRows(table, delimiter, this.#ragged);
    return table;
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#end + bytes.length + 1;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#bytes[this.#end] = 0;
  }

  #begin(): void {
    this.#hasBegun = true;
    const isMarked = this.#end >= 3 && this.#bytes[0] === 0xef && this.#bytes[1] === 0xbb && this.#bytes[2] === 0xbf;
    if (isMarked) this.#drop(3);
    const head = this.#bytes.subarray(0, Math.min(this.#end, headBytes));
    this.#head = head.slice(0, 512);
    const bad = firstInvalidByte(head);
    const zeroAt = head.indexOf(0);
    // A character may be cut off by the end of the head.
    if (bad < head.length - 3 || zeroAt >= 0) throw this.#notUtf8(zeroAt >= 0 ? Math.min(zeroAt, bad) : bad);
    if (head[0] !== quote && head.length === this.#end && areBlank(head, 0, head.length))
      throw nothingInTable(this.#where, head.length);
    const told = toldDelimiter(head);
    if (told !== undefined) {
      if (this.#delimiter < 0) this.#delimiter = told.delimiter;
      this.#drop(told.sizeBytes);
      this.#line = 2;
    }
    const rows = this.#bytes.subarray(0, Math.min(this.#end, headBytes));
    if (this.#delimiter < 0) this.#delimiter = guessDelimiter(rows, this.#header.numGiven).charCodeAt(0);
    if (this.#delimiter === space) this.#blank = -1;
  }

  /** Forgets bytes at the front. */
  #drop(count: number): void {
    this.#bytes.copyWithin(0, count, this.#end + 1);
    this.#end -= count;
    this.#offset += count;
  }

  #readRows(): void {
    let at = 0;
    while (at < this.#end) {
      this.#rowAt = at;
      this.#innerLines = 0;
      this.#openQuote = undefined;
      const next = this.#readRow(at);
      if (next < 0) break;
      this.#endRow(at, next);
      this.#line += 1 + this.#innerLines;
      at = next;
    }
    this.#drop(at);
    this.#rowAt = 0;
    if (this.#openQuote !== undefined) this.#openQuote.at -= at;
    // To look at a long row again with every piece would take time that grows with its square.
    this.#worthReading = 2 * this.#end;
    if (this.#end > mostRowBytes) throw this.#unended();
  }

  /** Puts the cells of a row into the columns. Where the next row begins; -1 where this one has not ended yet. */
  #readRow(rowAt: number): number {
    const delimiter = this.#delimiter;
    const bytes = this.#bytes;
    let at = rowAt;
    for (let cell = 0; ; cell++) {
      const numberEnd = this.#readNumber(at, delimiter === comma);
      let byte = bytes[numberEnd];
      if (numberEnd > 0 && (byte === delimiter || byte === lineFeed || byte === carriageReturn)) {
        this.#columnOf(cell)?.setNumber(this.#numRows, this.#digits, this.#code);
        at = numberEnd;
      } else {
        at = bytes[at] === quote ? this.#readQuoted(at, cell) : this.#readText(at, cell);
        if (at < 0) return -1;
        byte = bytes[at];
      }
      at++;
      if (byte === delimiter) continue;
      this.#numCells = cell + 1;
      if (byte === lineFeed) return at;
      // The line feed of a CR LF may come with the next bytes.
      if (at === this.#end) return -1;
      return bytes[at] === lineFeed ? at + 1 : at;
    }
  }

  /** Reads a plain number with spaces around it; where it ends, 0 where it is none. */
  #readNumber(from: number, commaEnds: boolean): number {
    const bytes = this.#bytes;
    const blank = this.#blank;
    let at = from;
    let byte = bytes[at];
    while (byte === blank) byte = bytes[++at];
    const isNegative = byte === minus;
    if (isNegative) byte = bytes[++at];
    const first = at;
    let digits = 0;
    for (; byte >= zero && byte <= nine; byte = bytes[++at]) digits = 10 * digits + byte - zero;
    let numDigits = at - first;
    if (numDigits === 0 || (bytes[first] === zero && numDigits > 1)) return 0;
    let code = 0;
    if (byte === point || (byte === comma && !commaEnds)) {
      if (byte === comma) code = commaCode;
      const decimalsAt = at + 1;
      byte = bytes[++at];
      for (; byte >= zero && byte <= nine; byte = bytes[++at]) digits = 10 * digits + byte - zero;
      const decimals = at - decimalsAt;
      if (decimals === 0) return 0;
      numDigits += decimals;
      code += decimals;
    }
    // What its digits and decimals do not tell completely stays a text.
    if (numDigits > mostDigits || (isNegative && digits === 0)) return 0;
    while (byte === blank) byte = bytes[++at];
    this.#digits = isNegative ? -digits : digits;
    this.#code = code;
    return at;
  }

  #readText(from: number, cell: number): number {
    const bytes = this.#bytes;
    const delimiter = this.#delimiter;
    let at = from;
    let all = 0;
    for (let byte = bytes[at]; byte !== delimiter && byte !== lineFeed && byte !== carriageReturn; byte = bytes[++at]) {
      if (byte === 0) {
        if (at >= this.#end) return -1;
        throw this.#notUtf8(at);
      }
      all |= byte;
    }
    if (all >= 0x80) this.#requireUtf8(from, at);
    this.#columnOf(cell)?.setText(this.#numRows, bytes, from, at);
    return at;
  }

  #readQuoted(from: number, cell: number): number {
    const bytes = this.#bytes;
    const close = this.#closingQuote(from);
    if (close < 0) {
      this.#openQuote = { at: from, line: this.#line + this.#innerLines };
      return -1;
    }
    let next = close + 1;
    while (bytes[next] === this.#blank) next++;
    if (next >= this.#end) return -1;
    const byte = bytes[next];
    const isEnd = byte === this.#delimiter || byte === lineFeed || byte === carriageReturn;
    if (!isEnd) throw this.#badQuote(from, false, this.#line + this.#innerLines);
    if (this.#readNumber(from + 1, false) === close)
      this.#columnOf(cell)?.setNumber(this.#numRows, this.#digits, this.#code);
    else {
      const text = this.#unquoted(from + 1, close);
      this.#columnOf(cell)?.setText(this.#numRows, text, 0, text.length);
    }
    return next;
  }

  /** Where the quote at `from` is closed; -1 where that, or the byte behind it, has not come yet. */
  #closingQuote(from: number): number {
    let at = from;
    for (;;) {
      at = this.#bytes.indexOf(quote, at + 1);
      if (at < 0 || at + 1 >= this.#end) return -1;
      if (this.#bytes[at + 1] !== quote) return at;
      at++;
    }
  }

  /** What stands between quotes: doubled quotes are one, and every line end is a line feed. */
  #unquoted(from: number, to: number): Uint8Array {
    const text = new Uint8Array(to - from);
    let length = 0;
    for (let i = from; i < to; i++) {
      let byte = this.#bytes[i];
      if (byte === 0) throw this.#notUtf8(i);
      if (byte === quote) i++;
      if (byte === carriageReturn) {
        if (this.#bytes[i + 1] === lineFeed) i++;
        byte = lineFeed;
      }
      if (byte === lineFeed) this.#innerLines++;
      text[length++] = byte;
    }
    this.#requireUtf8(from, to);
    return text.subarray(0, length);
  }

  /** Where the cells of a column go; undefined beyond the last column. */
  #columnOf(cell: number): CellColumn | undefined {
    if (cell < this.#cells.length || this.#names !== undefined) return this.#cells[cell];
    if (cell >= mostColumns) throw tooManyColumns(this.#where, this.#line, mostColumns);
    this.#cells.push(new CellColumn());
    return this.#cells[cell];
  }

  #endRow(from: number, next: number): void {
    const isBlank = this.#numCells === 1 && areBlank(this.#bytes, from, next);
    if (this.#names === undefined) {
      if (isBlank) return;
      const cells = this.#cells.map((column) => column.text(0).trim());
      const isNameLine = this.#header.begin(cells, this.#line);
      this.#names = this.#header.names;
      this.#numUnnamed = this.#header.numUnnamed;
      if (isNameLine) this.#cells = this.#names.map(() => new CellColumn());
      else this.#cells.length = Math.min(this.#cells.length, this.#names.length);
      if (isNameLine) return;
    }
    const numColumns = this.#names.length;
    if (isBlank) {
      if (numColumns > 1) return;
      this.#cells[0].setText(this.#numRows, this.#bytes, 0, 0);
      this.#addLine(this.#line);
      this.#numBlank++;
      return;
    }
    this.#numBlank = 0;
    if (this.#numCells > numColumns) {
      const numExtra = Math.min(this.#numCells - numColumns, numBlankCells(this.#bytes, from, next, this.#delimiter));
      this.#numCells -= numExtra;
      this.#numUnnamed = Math.max(this.#numUnnamed, numExtra);
    }
    if (!this.#header.isCompared) {
      const isWhole = this.#numCells === numColumns;
      const shown = isWhole ? [] : this.#shownRow(from, next).split(String.fromCharCode(this.#delimiter));
      const cells = isWhole ? this.#cells.map((column) => column.text(this.#numRows)) : shown;
      this.#header.compare(this.#line, this.#numCells, cells);
    }
    if (this.#numCells === numColumns) this.#addLine(this.#line);
    else if (this.#ragged !== undefined) this.#ragged.numMore++;
    else this.#ragged = { line: this.#line, numCells: this.#numCells, text: this.#shownRow(from, next), numMore: 0 };
  }

  #addLine(line: number): void {
    if (this.#numRows === this.#lines.length) {
      const longer = new Uint32Array(2 * this.#lines.length);
      longer.set(this.#lines);
      this.#lines = longer;
    }
    this.#lines[this.#numRows++] = line;
  }

  #shownRow(from: number, next: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(from, Math.min(next, from + 200))).trimEnd();
  }

  #requireUtf8(from: number, to: number): void {
    const bad = firstInvalidByte(this.#bytes.subarray(from, to));
    if (bad < to - from) throw this.#notUtf8(from + bad);
  }

  #notUtf8(at: number): RondoError {
    const line = this.#line + numLineEnds(this.#bytes, this.#rowAt, at);
    const bytes = this.#bytes.subarray(0, this.#end);
    return notUtf8(bytes, at, { where: this.#where, head: this.#head, offset: this.#offset + at, line, mayName: true });
  }

  #unended(): RondoError {
    if (this.#openQuote !== undefined) return this.#badQuote(this.#openQuote.at, true, this.#openQuote.line);
    return unendedRow(this.#where, this.#line, this.#end);
  }

  #badQuote(at: number, isOpen: boolean, line: number): RondoError {
    const start = lineStart(this.#bytes, at);
    const text = (from: number, to: number): string => new TextDecoder().decode(this.#bytes.subarray(from, to));
    return badQuote({
      where: this.#where,
      line,
      character: text(start, at).length + 1,
      isOpen,
      shown: text(Math.max(start, at - 20), Math.min(this.#end, at + 40)),
      delimiter: String.fromCharCode(this.#delimiter),
    });
  }
}

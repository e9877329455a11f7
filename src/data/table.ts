import { counted } from '../counted.js';
import { describeValue, nearestNames, RondoError } from '../errors.js';
import { CellColumn } from './cell-column.js';
import { requireDifferentNames } from './csv-header.js';
import type { DecimalSign } from './written-number.js';

/** What is known of a table beside its cells. */
export interface TableFacts {
  /** The character between cells; undefined where there was none. */
  readonly delimiter?: string | undefined;
  /** What stands before the decimals of its numbers, where that was told; else the cells tell. */
  readonly decimal?: DecimalSign | undefined;
  /** Whether its first line held the names of its columns; else they were given. Default true. */
  readonly hasNameLine?: boolean | undefined;
  /** Columns at the end without a name and without a value, which were left out. Default 0. */
  readonly numUnnamed?: number | undefined;
}

/** A table of text cells with named columns; every row has one cell for each column. */
export class Table {
  readonly #cells: readonly CellColumn[];
  readonly delimiter: string | undefined;
  readonly decimal: DecimalSign | undefined;
  readonly hasNameLine: boolean;
  readonly numUnnamed: number;

  /**
   * @param where the file's name, for messages.
   * @param cells of each column.
   * @param lines the line of the file on which each row begins, counted from 1.
   */
  constructor(
    readonly where: string,
    readonly columns: readonly string[],
    cells: readonly CellColumn[],
    readonly lines: ArrayLike<number>,
    { delimiter, decimal, hasNameLine = true, numUnnamed = 0 }: TableFacts = {},
  ) {
    this.#cells = cells;
    this.delimiter = delimiter;
    this.decimal = decimal;
    this.hasNameLine = hasNameLine;
    this.numUnnamed = numUnnamed;
  }

  /**
   * A table of rows of texts that come from no file; its lines are counted as if names stood on the first.
   *
   * @throws DATA_FORMAT where two columns have one name, a row has not one cell for each, or a cell is no text
   */
  static fromRows(where: string, columns: readonly string[], rows: readonly (readonly string[])[]): Table {
    requireDifferentNames(where, columns);
    for (const [i, row] of rows.entries()) requireTexts(`${where}, row ${i + 1}`, columns, row);
    const cells = columns.map((_, c) => CellColumn.of(rows.map((row) => row[c])));
    return new Table(
      where,
      columns,
      cells,
      Uint32Array.from(rows, (_, i) => i + 2),
    );
  }

  /** That columns at the end were left out, as separators at the ends of lines make them; undefined where none were. */
  get unnamedNote(): string | undefined {
    return this.numUnnamed === 0
      ? undefined
      : `${counted(this.numUnnamed, 'column')} at the end without a name and without values left out`;
  }

  get numRows(): number {
    return this.lines.length;
  }

  /**
   * Position of a column.
   * @throws UNKNOWN_NAME listing the columns and the nearest names.
   */
  indexOf(name: string): number {
    const index = this.columns.indexOf(name);
    if (index >= 0) return index;
    const near = nearestNames(name, this.columns);
    const quote = (names: readonly string[]): string => names.map((known) => `\`${known}\``).join(', ');
    const numMore = this.columns.length - 50;
    throw new RondoError('UNKNOWN_NAME', {
      where: this.where,
      what: `there is no column \`${name}\`${near.length > 0 ? `; did you mean ${quote(near)}?` : '.'}`,
      expected: `one of ${quote(this.columns.slice(0, 50))}${numMore > 0 ? ` and ${numMore} more` : ''}`,
      received: `\`${name}\``,
      fix: near.length > 0 ? `use ${quote(near.slice(0, 1))}.` : 'use a name from the first line of the file.',
    });
  }

  /** The cells of one column; a text is made when it is asked for. @throws UNKNOWN_NAME */
  cells(name: string): CellColumn {
    return this.#cells[this.indexOf(name)];
  }

  /** The cells of one column as texts, top to bottom. @throws UNKNOWN_NAME */
  column(name: string): string[] {
    const cells = this.cells(name);
    return Array.from({ length: this.numRows }, (_, row) => cells.text(row));
  }

  /** The cells of one row as texts. */
  row(row: number): string[] {
    return this.#cells.map((cells) => cells.text(row));
  }
}

/** A number counts as its text; a Date has many. @throws DATA_FORMAT */
function requireTexts(where: string, columns: readonly string[], row: readonly unknown[]): void {
  if (row.length !== columns.length) {
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'the row has the wrong number of cells.',
      expected: counted(columns.length, 'cell'),
      received: counted(row.length, 'cell'),
      fix: 'give one cell for each column.',
    });
  }
  const wrong = row.findIndex((cell) => typeof cell !== 'string' && typeof cell !== 'number');
  if (wrong < 0) return;
  throw new RondoError('DATA_FORMAT', {
    where,
    what: `the cell of \`${columns[wrong]}\` is no text.`,
    received: describeValue(row[wrong]),
    fix: row[wrong] instanceof Date ? 'write date.toISOString().' : "write it as a text; '' where there is none.",
  });
}

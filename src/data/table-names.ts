import { requireColumnNames, requireDifferentNames, requireNumColumns } from './csv-header.js';
import type { RaggedRows } from './table-faults.js';

/**
 * The names of a table's columns: those of its first line, or those that were given for a table without such a line.
 */
export class TableNames {
  readonly #where: string;
  readonly #given: readonly string[] | undefined;
  #names: readonly string[] = [];
  /** The line of names with what was left out at its end; empty where there is none. */
  #line: readonly string[] = [];
  #lineNumber = 1;
  #isCompared = false;

  constructor(where: string, given: readonly string[] | undefined) {
    this.#where = where;
    this.#given = given?.map((name) => name.trim());
    if (this.#given !== undefined) requireDifferentNames(`${where}, the names given`, this.#given);
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** Undefined where none were given. */
  get numGiven(): number | undefined {
    return this.#given?.length;
  }

  get hasLine(): boolean {
    return this.#line.length > 0;
  }

  get isCompared(): boolean {
    return this.#isCompared;
  }

  /** Columns at the end of the line of names that have none. */
  get numUnnamed(): number {
    return Math.max(0, this.#line.length - this.#names.length);
  }

  /** Takes the first row. Whether it is a line of names, and no values. */
  begin(cells: readonly string[], lineNumber: number): boolean {
    if (this.#given !== undefined && !this.#given.every((name) => cells.includes(name))) {
      this.#names = this.#given;
      return false;
    }
    // Spreadsheets write columns at the end that hold nothing: they are no columns, unless a row has a value there.
    let end = cells.length;
    while (end > 0 && cells[end - 1] === '') end--;
    this.#names = end === 0 ? cells : cells.slice(0, end);
    this.#line = cells;
    this.#lineNumber = lineNumber;
    return true;
  }

  /** Compares the names with the first row of values. @throws DATA_FORMAT */
  compare(lineNumber: number, numCells: number, cells: readonly string[]): void {
    this.#isCompared = true;
    if (!this.hasLine) requireNumColumns(this.#where, lineNumber, this.#names, numCells);
    else this.#require(this.#names, cells);
  }

  /** At the end of the table. @throws DATA_FORMAT */
  end(ragged: RaggedRows | undefined): void {
    if (!this.#isCompared) this.#require(this.#names);
    // A value where the line of names has nothing.
    if (ragged !== undefined && ragged.numCells > this.#names.length && this.numUnnamed > 0) this.#require(this.#line);
  }

  #require(names: readonly string[], firstRow?: readonly string[]): void {
    requireColumnNames(`${this.#where}, line ${this.#lineNumber}`, names, firstRow);
  }
}

import { nearestNames, RondoError } from '../errors.js';

/** A table of text cells with named columns; every row has one cell for each column. */
export class Table {
  /**
   * @param where the file's name, for messages.
   * @param lines the line of the file on which each row begins, counted from 1.
   */
  constructor(
    readonly where: string,
    readonly columns: readonly string[],
    readonly rows: readonly (readonly string[])[],
    readonly lines: readonly number[],
  ) {}

  get numRows(): number {
    return this.rows.length;
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
    throw new RondoError('UNKNOWN_NAME', {
      where: this.where,
      what: `there is no column \`${name}\`${near.length > 0 ? `; did you mean ${quote(near)}?` : '.'}`,
      expected: `one of ${quote(this.columns.slice(0, 50))}${this.columns.length > 50 ? ` and ${this.columns.length - 50} more` : ''}`,
      received: `\`${name}\``,
      fix: near.length > 0 ? `use ${quote(near.slice(0, 1))}.` : 'use a name from the first line of the file.',
    });
  }

  /** The cells of one column, top to bottom. */
  column(name: string): string[] {
    const index = this.indexOf(name);
    return this.rows.map((row) => row[index]);
  }
}

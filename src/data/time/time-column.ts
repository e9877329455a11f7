import { counted } from '../../counted.js';
import { RondoError } from '../../errors.js';
import { cellKind } from '../cell-kind.js';
import type { Table } from '../table.js';
import { chooseNotation, numFilled, type ReadCells, readCells, type StampCells } from './choose-notation.js';
import { findTimeColumns, joinedCells } from './find-time-columns.js';
import { TimeFormat, type TimeNotation } from './time-format.js';

/** Where a table has its stamps, and how they are written; plain JSON, to read other tables alike. */
export interface TimeReading {
  /** One column, or several that make a stamp together: date and time, or year, month, day, hour. */
  readonly columns: readonly string[];
  readonly notation: TimeNotation;
}

/** The stamps of a table. */
export interface TimeColumn {
  readonly reading: TimeReading;
  readonly format: TimeFormat;
  /** Milliseconds since 1970, by row; NaN in rows without a stamp, as a line of totals. */
  readonly times: Float64Array;
  /** The zone that each stamp is written with; undefined where none has one. */
  readonly zones: readonly string[] | undefined;
  /** Rows without a stamp. */
  readonly foreignRows: readonly number[];
  /** Other columns that hold stamps or parts of them. */
  readonly others: readonly string[];
}

export interface TimeColumnOptions {
  /** A column, several separated by commas, `auto` (default): the one that is clearly of stamps, or `none`. */
  time?: string | undefined;
  /** How its stamps are written, as {@link TimeNotation.format}; `auto` (default) finds it from all cells. */
  timeFormat?: string | undefined;
  /** How another table of the kind was read; it counts where these cells are written so too. */
  known?: TimeReading | undefined;
}

/** A column may hold so large a share of cells that are no stamps: totals, notes, blanks. */
const mostForeign = 0.1;

/**
 * Finds and reads the stamps of a table; undefined where it has none, or none are wanted.
 *
 * @throws UNKNOWN_NAME for a column that does not exist; DATA_FORMAT naming file and line for a date that does not
 * exist, and where day and month could be either way round.
 */
export function timeColumn(table: Table, options: TimeColumnOptions = {}): TimeColumn | undefined {
  const { time = 'auto', known } = options;
  const timeFormat = options.timeFormat === 'auto' ? undefined : options.timeFormat;
  if (time === 'none') return undefined;
  const given = time === 'auto' ? known?.columns : columnsNamed(table, time);
  if (given === undefined) return foundColumn(table, timeFormat);
  for (const name of given) table.indexOf(name);
  const cells = joinedCells(table, given);
  const before = known !== undefined && timeFormat === undefined ? readCells(cells, known.notation) : undefined;
  const read =
    before !== undefined && isMostlyStamps(before, cells)
      ? before
      : chooseNotation(table, given, cells, { timeFormat, isGiven: true });
  if (read === undefined || !isMostlyStamps(read, cells)) throw noStamps(table, given, cells, read, timeFormat);
  return finished(table, given, cells, read, []);
}

/** The columns of `a` or `a,b`: a name may hold a comma itself. */
function columnsNamed(table: Table, time: string): string[] {
  if (table.columns.includes(time) || !time.includes(',')) return [time];
  return time.split(',').map((name) => name.trim());
}

function foundColumn(table: Table, timeFormat: string | undefined): TimeColumn | undefined {
  const found = findTimeColumns(table);
  if (found === undefined) return undefined;
  const cells = joinedCells(table, found.columns);
  const read = chooseNotation(table, found.columns, cells, { timeFormat, isGiven: false });
  if (read === undefined || !isMostlyStamps(read, cells)) {
    // What looks like dates throughout, but is not of one order, is no column of anything else.
    if (read !== undefined && read.impossible.length > 0)
      return finished(table, found.columns, cells, read, found.others);
    if (timeFormat !== undefined) throw noStamps(table, found.columns, cells, read, timeFormat);
    return undefined;
  }
  return finished(table, found.columns, cells, read, found.others);
}

function isMostlyStamps({ numRead }: ReadCells, cells: StampCells): boolean {
  return numRead > 0 && numRead >= (1 - mostForeign) * numFilled(cells) - 1;
}

function finished(
  table: Table,
  columns: readonly string[],
  cells: StampCells,
  read: ReadCells,
  others: readonly string[],
): TimeColumn {
  const { impossible, times, zones, notation } = read;
  if (impossible.length > 0) {
    const [row] = impossible;
    const numMore = impossible.length - 1;
    throw new RondoError('DATA_FORMAT', {
      where: `${table.where}, line ${table.lines[row]}, column \`${columns.join(', ')}\``,
      what: `there is no such time${numMore > 0 ? `, nor in ${counted(numMore, 'more row')}` : ''}.`,
      expected: `times written as ${notation.format}`,
      received: JSON.stringify(cells.text(row).slice(0, 80)),
      fix: 'correct the cell, or say how the times are written with `timeFormat`.',
      option: 'timeFormat',
    });
  }
  const foreignRows: number[] = [];
  times.forEach((ms, row) => Number.isNaN(ms) && foreignRows.push(row));
  return {
    reading: { columns, notation },
    format: new TimeFormat(notation),
    times,
    zones,
    foreignRows,
    others,
  };
}

function noStamps(
  table: Table,
  columns: readonly string[],
  cells: StampCells,
  read: ReadCells | undefined,
  timeFormat: string | undefined,
): RondoError {
  let row = 0;
  while (
    row < cells.length - 1 &&
    (cellKind(cells.text(row)) === 'missing' || (read !== undefined && !Number.isNaN(read.times[row])))
  )
    row++;
  return new RondoError('DATA_FORMAT', {
    where: `${table.where}, line ${table.lines[row]}, column \`${columns.join(', ')}\``,
    what: `most cells of the column are no times${timeFormat === undefined ? '' : ' of this format'}.`,
    expected: timeFormat ?? 'dates, times, or numbers that grow with time',
    received: JSON.stringify(cells.text(row).slice(0, 80)),
    fix:
      timeFormat === undefined
        ? "name another column, or say how they are written with `timeFormat`; 'none' for `time` takes the rows " +
          'in their order.'
        : 'correct `timeFormat`, or leave it out.',
    option: timeFormat === undefined ? 'time' : 'timeFormat',
  });
}

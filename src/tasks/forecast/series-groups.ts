import { cellKind } from '../../data/cell-kind.js';
import { RondoError } from '../../errors.js';
import type { Table } from '../../data/table.js';
import type { TimeColumn } from '../../data/time/time-column.js';
import type { SeriesNote } from './series-note.js';

/** A share of rows with a stamp that another row has, above which the rows are of several series, or no series at all. */
const mostRepeats = 0.05;

/** The columns that name a series: `store`, or `store,item` together. */
export function seriesColumnsNamed(table: Table, series: string): string[] {
  const names = table.columns.includes(series) ? [series] : series.split(',').map((name) => name.trim());
  for (const name of names) table.indexOf(name);
  return names;
}

/** The name of each row's series. */
export function seriesNames(table: Table, columns: readonly string[]): string[] {
  const cells = columns.map((name) => table.column(name));
  return Array.from({ length: table.numRows }, (_, row) => cells.map((column) => column[row].trim()).join(', '));
}

/**
 * The rows of each series as they stand in the file, without those that have no stamp.
 *
 * @param columns that name the series; none where the table is one.
 */
export function seriesGroups(table: Table, columns: readonly string[], stamps: TimeColumn | undefined): Map<string, Int32Array> {
  const all = Int32Array.from({ length: table.numRows }, (_, row) => row);
  const stamped = stamps === undefined || stamps.foreignRows.length === 0 ? all : all.filter((row) => !Number.isNaN(stamps.times[row]));
  if (columns.length === 0) return new Map([['', stamped]]);
  const names = seriesNames(table, columns);
  const rows = new Map<string, number[]>();
  for (const row of stamped) {
    const known = rows.get(names[row]);
    if (known === undefined) rows.set(names[row], [row]);
    else known.push(row);
  }
  return new Map([...rows].map(([name, list]) => [name, Int32Array.from(list)]));
}

/** Whether the stamps of rows rise throughout, or fall: then none stands there twice. */
function areInOrder(rows: Int32Array, { times }: TimeColumn): boolean {
  const every = (sign: number): boolean => rows.every((row, i) => i === 0 || sign * (times[row] - times[rows[i - 1]]) > 0);
  return every(1) || every(-1);
}

/**
 * Looks for stamps that begin again within a series.
 *
 * @param isGiven whether the columns of time were named, so that they are meant.
 * @returns a note where the stamps are none to go by, and nothing in the table tells more: they were found, not given.
 * @throws DATA_FORMAT naming the column that tells series apart where one does, and where the columns of time were named.
 */
export function repeatedStamps(table: Table, groups: ReadonlyMap<string, Int32Array>, stamps: TimeColumn, columns: readonly string[], isGiven: boolean): SeriesNote | undefined {
  let [numRows, numRepeats, firstRow] = [0, 0, -1];
  for (const rows of groups.values()) {
    if (areInOrder(rows, stamps)) {
      numRows += rows.length;
      continue;
    }
    const seen = new Set<number>();
    for (const row of rows) {
      numRows++;
      if (!seen.has(stamps.times[row])) seen.add(stamps.times[row]);
      else {
        if (numRepeats === 0) firstRow = row;
        numRepeats++;
      }
    }
  }
  if (numRepeats <= Math.max(2, mostRepeats * numRows)) return undefined;
  const apart = columnsThatTellApart(table, stamps, columns);
  const stamp = stamps.format.write(stamps.times[firstRow], stamps.zones?.[firstRow]);
  const tell = apart?.join(' and ');
  if (apart === undefined && !isGiven) {
    const { columns: own } = stamps.reading;
    const text = `${own.join(', ')} repeats its times (${stamp} and ${numRepeats - 1} more), and no column tells series apart: the rows are taken in their order`;
    return { kind: 'repeats', count: numRepeats, text };
  }
  throw new RondoError('DATA_FORMAT', {
    where: `${table.where}, line ${table.lines[firstRow]}, column \`${stamps.reading.columns.join(', ')}\``,
    what: `the stamps begin again: ${stamp} stands there a second time, and ${numRepeats - 1} more rows repeat one${apart === undefined ? '' : `, but not within one ${tell}`}.`,
    expected: columns.length === 0 ? 'one row for each stamp, or a column that names the series of each row' : `one row for each stamp of each ${columns.join(', ')}`,
    received: `${numRows} rows, ${numRows - numRepeats} different stamps`,
    fix:
      apart === undefined
        ? "sum or average the rows of each stamp first, name the columns that tell series apart with `series`, or give `time` 'none' to take the rows in their order."
        : `give \`series\` '${apart.join(',')}' to forecast each one as a series of its own, or keep the rows of one.`,
    option: 'series',
  });
}

/** The column, or the pair of them, within whose values each stamp stands once; that with the fewest values. */
function columnsThatTellApart(table: Table, stamps: TimeColumn, used: readonly string[]): string[] | undefined {
  const isStamp = (name: string): boolean => stamps.reading.columns.includes(name) || stamps.others.includes(name);
  const numStamps = new Set(stamps.times).size;
  const candidates = table.columns.filter((name) => !isStamp(name)).flatMap((name) => {
    const cells = table.column(name);
    const numValues = new Set(cells).size;
    if (numValues < 2 || numValues > cells.length / 3) return [];
    const isText = cells.every((cell) => cellKind(cell) !== 'number');
    // Whole numbers name something where nearly each of them stands beside nearly each stamp; else they rather measure.
    const isNumbered = cells.every((cell) => /^\d+$/.test(cell.trim())) && cells.length >= 0.75 * numValues * numStamps;
    return isText || isNumbered ? [{ name, numValues }] : [];
  }).sort((a, b) => a.numValues - b.numValues).slice(0, 12);
  const tells = (names: readonly string[]): boolean => {
    const series = seriesNames(table, names);
    const seen = new Set<string>();
    let numRepeats = 0;
    series.forEach((name, row) => {
      const key = `${name}\u0000${stamps.times[row]}`;
      if (seen.has(key) && !Number.isNaN(stamps.times[row])) numRepeats++;
      seen.add(key);
    });
    return numRepeats <= Math.max(2, 0.01 * series.length);
  };
  const names = candidates.map(({ name }) => name);
  const sets = used.length > 0 ? names.map((name) => [...used, name]) : [...names.map((name) => [name]), ...names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]))];
  return sets.find(tells);
}

import { counted } from '../../counted.js';
import { cellKind } from '../../data/cell-kind.js';
import type { Table } from '../../data/table.js';
import type { TimeColumn } from '../../data/time/time-column.js';
import { RondoError } from '../../errors.js';
import type { SeriesNote } from './series-note.js';
import { timesOf } from './series-rows.js';

/**
 * A share of rows with a stamp that another row has, above which the rows are of several series, or no series at all.
 */
const mostRepeats = 0.05;

/** The columns that name a series: `store`, or `store,item` together. */
export function seriesColumnsNamed(table: Table, series: string): string[] {
  const names = table.columns.includes(series) ? [series] : series.split(',').map((name) => name.trim());
  for (const name of names) table.indexOf(name);
  return names;
}

/** The series of each row, as a number, with the names that the numbers stand for. */
interface RowSeries {
  readonly numbers: Int32Array;
  readonly names: readonly string[];
}

function seriesOfRows(table: Table, columns: readonly string[]): RowSeries {
  const cells = columns.map((name) => table.cells(name));
  const known = new Map<string, number>();
  const numbers = new Int32Array(table.numRows);
  for (let row = 0; row < table.numRows; row++) {
    const name = cells.map((column) => column.text(row).trim()).join(', ');
    let number = known.get(name);
    if (number === undefined) known.set(name, (number = known.size));
    numbers[row] = number;
  }
  return { numbers, names: [...known.keys()] };
}

/**
 * The rows of each series as they stand in the file, without those that have no stamp.
 *
 * @param columns that name the series; none where the table is one.
 */
export function seriesGroups(
  table: Table,
  columns: readonly string[],
  stamps: TimeColumn | undefined,
): Map<string, Int32Array> {
  const all = Int32Array.from({ length: table.numRows }, (_, row) => row);
  const stamped =
    stamps === undefined || stamps.foreignRows.length === 0
      ? all
      : all.filter((row) => !Number.isNaN(stamps.times[row]));
  if (columns.length === 0) return new Map([['', stamped]]);
  const { numbers, names } = seriesOfRows(table, columns);
  const counts = new Uint32Array(names.length);
  for (const row of stamped) counts[numbers[row]]++;
  const rows = Array.from(counts, (count) => new Int32Array(count));
  counts.fill(0);
  for (const row of stamped) rows[numbers[row]][counts[numbers[row]]++] = row;
  return new Map(names.map((name, i) => [name, rows[i]] as const).filter(([, own]) => own.length > 0));
}

/** Whether the stamps of rows rise throughout, or fall: then none stands there twice. */
function areInOrder(rows: Int32Array, { times }: TimeColumn): boolean {
  const every = (sign: number): boolean =>
    rows.every((row, i) => i === 0 || sign * (times[row] - times[rows[i - 1]]) > 0);
  return every(1) || every(-1);
}

/**
 * Looks for stamps that begin again within a series.
 *
 * @param isGiven whether the columns of time were named, so that they are meant.
 * @param isTrained whether a model reads the table: which columns tell series apart is then decided.
 * @returns a note where the stamps are none to go by, and nothing in the table tells more: they were found, not given.
 * @throws DATA_FORMAT naming the column that tells series apart where one does, and where the columns of time were
 * named.
 */
export function repeatedStamps(
  table: Table,
  groups: ReadonlyMap<string, Int32Array>,
  stamps: TimeColumn,
  columns: readonly string[],
  { isGiven, isTrained }: { isGiven: boolean; isTrained: boolean },
): SeriesNote | undefined {
  let [numRows, numRepeats, firstRow] = [0, 0, -1];
  for (const rows of groups.values()) {
    numRows += rows.length;
    if (areInOrder(rows, stamps)) continue;
    const repeats = numRepeated(timesOf(rows, stamps.times));
    if (repeats > 0 && numRepeats === 0) firstRow = firstRepeated(rows, stamps);
    numRepeats += repeats;
  }
  if (numRepeats <= Math.max(2, mostRepeats * numRows)) return undefined;
  const apart = columnsThatTellApart(table, stamps, columns);
  const stamp = stamps.format.write(stamps.times[firstRow], stamps.zones?.[firstRow]);
  const tell = apart?.join(' and ');
  if (apart === undefined && !isGiven) {
    const { columns: own } = stamps.reading;
    const text =
      `${own.join(', ')} repeats its times (${stamp} and ${numRepeats - 1} more), and no column tells series ` +
      'apart: the rows are taken in their order';
    return { kind: 'repeats', count: numRepeats, text };
  }
  throw new RondoError('DATA_FORMAT', {
    where: `${table.where}, line ${table.lines[firstRow]}, column \`${stamps.reading.columns.join(', ')}\``,
    what:
      `the stamps begin again: ${stamp} stands there a second time, and ${counted(numRepeats - 1, 'more row')} ` +
      `${numRepeats === 2 ? 'repeats' : 'repeat'} one${apart === undefined ? '' : `, but not within one ${tell}`}.`,
    expected:
      columns.length === 0
        ? 'one row for each stamp, or a column that names the series of each row'
        : `one row for each stamp of each ${columns.join(', ')}`,
    received: `${numRows} rows, ${counted(numRows - numRepeats, 'different stamp')}`,
    fix: isTrained
      ? `keep one row for each stamp${columns.length === 0 ? '' : ` of each ${columns.join(', ')}`}, or train a ` +
        `model anew${apart === undefined ? '' : ` with --series ${apart.join(',')}`}.`
      : apart === undefined
        ? 'sum or average the rows of each stamp first, name the columns that tell series apart with `series`, or ' +
          "give `time` 'none' to take the rows in their order."
        : `give \`series\` '${apart.join(',')}' to forecast each one as a series of its own, or keep the rows of one.`,
    option: 'series',
  });
}

/** How many numbers are there that another one before them is equal to; sorts them. */
function numRepeated(numbers: Float64Array): number {
  numbers.sort();
  let count = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] === numbers[i - 1]) count++;
  return count;
}

function firstRepeated(rows: Int32Array, { times }: TimeColumn): number {
  const seen = new Set<number>();
  return rows.find((row) => seen.size === seen.add(times[row]).size)!;
}

/** Columns whose values may tell series apart, that with the fewest first. */
function candidateColumns(table: Table, stamps: TimeColumn, numStamps: number): string[] {
  const isStamp = (name: string): boolean => stamps.reading.columns.includes(name) || stamps.others.includes(name);
  const candidates = table.columns
    .filter((name) => !isStamp(name))
    .flatMap((name) => {
      const cells = table.cells(name);
      const values = new Set<string>();
      let [isText, isWhole] = [true, true];
      for (let row = 0; row < table.numRows && (isText || isWhole) && values.size <= table.numRows / 3; row++) {
        const text = cells.text(row);
        values.add(text);
        isText &&= cellKind(text) !== 'number';
        isWhole &&= /^\d+$/.test(text.trim());
      }
      if (values.size < 2 || values.size > table.numRows / 3) return [];
      // Whole numbers name something where nearly each of them stands beside nearly each stamp; else they rather
      // measure.
      const isNumbered = isWhole && table.numRows >= 0.75 * values.size * numStamps;
      return isText || isNumbered ? [{ name, numValues: values.size }] : [];
    });
  return candidates
    .sort((a, b) => a.numValues - b.numValues)
    .slice(0, 12)
    .map(({ name }) => name);
}

/** The column, or the pair of them, within whose values each stamp stands once; that with the fewest values. */
function columnsThatTellApart(table: Table, stamps: TimeColumn, used: readonly string[]): string[] | undefined {
  const different = stamps.times
    .slice()
    .sort()
    .filter((ms, i, sorted) => !Number.isNaN(ms) && ms !== sorted[i - 1]);
  const stampOfRow = Int32Array.from(stamps.times, (ms) => indexIn(different, ms));
  const tells = (names: readonly string[]): boolean => {
    const { numbers } = seriesOfRows(table, names);
    const pairs = new Float64Array(table.numRows);
    let count = 0;
    for (let row = 0; row < table.numRows; row++)
      if (stampOfRow[row] >= 0) pairs[count++] = numbers[row] * different.length + stampOfRow[row];
    return numRepeated(pairs.subarray(0, count)) <= Math.max(2, 0.01 * table.numRows);
  };
  const names = candidateColumns(table, stamps, different.length);
  const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]));
  const sets = used.length > 0 ? names.map((name) => [...used, name]) : [...names.map((name) => [name]), ...pairs];
  return sets.find(tells);
}

/** Where a number stands in others of rising order; -1 for NaN. */
function indexIn(sorted: Float64Array, value: number): number {
  if (Number.isNaN(value)) return -1;
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

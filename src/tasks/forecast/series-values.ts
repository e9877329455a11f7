import { RondoError } from '../../errors.js';
import type { Table } from '../../data/table.js';
import type { Series } from './series.js';
import { counted, type SeriesNote } from './series-note.js';
import type { SeriesRows } from './series-rows.js';

/** What to do about cells without a number. */
export type MissingCells = 'error' | 'previous';

/** What was done to make series whole, added up over all of them. */
export interface Filling {
  /** Cells by column that stand empty in the file and were filled. */
  readonly filled: Map<string, number>;
  /** Steps before the columns have begun. */
  start: number;
  /** Rows at the end without a target. */
  end: number;
  /** Rows whose stamp another row has, and how many of them say the same. */
  repeats: number;
  same: number;
  /** Series without any target. */
  readonly empty: string[];
}

/**
 * The values of one series by steps. Rows of one stamp become their mean. What is missing is filled with the last value before
 * it, never with a later one. A series begins where every column has begun, and ends with the last value of the target: what
 * follows is to be forecast.
 *
 * @param columns numbers by column and row of the table, NaN where a cell is missing; the target first.
 */
export function seriesValues({ name, rows, steps, numSteps, times }: SeriesRows, names: readonly string[], columns: readonly Float64Array[], filling: Filling): Series | undefined {
  const width = columns.length;
  const values = new Float64Array(numSteps * width).fill(NaN);
  const counts = new Uint32Array(numSteps * width);
  const rowsOf = new Uint32Array(numSteps);
  const firstRowOf = new Int32Array(numSteps).fill(-1);
  rows.forEach((row, i) => {
    const step = steps[i];
    if (rowsOf[step]++ === 0) firstRowOf[step] = row;
    else {
      filling.repeats++;
      if (columns.every((column) => Object.is(column[row], column[firstRowOf[step]]))) filling.same++;
    }
    columns.forEach((column, c) => {
      const value = column[row];
      if (Number.isNaN(value)) return;
      const at = step * width + c;
      counts[at]++;
      // The mean of equal values is that value, to the last bit.
      values[at] = counts[at] === 1 ? value : values[at] + (value - values[at]) / counts[at];
    });
  });
  const first = columns.map((_, c) => firstReal(counts, width, c, numSteps));
  const start = first.reduce((latest, step) => Math.max(latest, step), 0);
  let end = numSteps;
  while (end > 0 && counts[(end - 1) * width] === 0) end--;
  if (end <= start) {
    filling.empty.push(name);
    return undefined;
  }
  filling.start += start;
  filling.end += rowsOf.subarray(end).reduce((sum, count) => sum + count, 0);
  const isReal = Uint8Array.from(counts.subarray(start * width, end * width), (count) => (count > 0 ? 1 : 0));
  const kept = values.slice(start * width, end * width);
  for (let at = 0; at < kept.length; at++) {
    if (isReal[at]) continue;
    kept[at] = kept[at - width];
    // An added row is told of as a gap.
    if (rowsOf[start + Math.floor(at / width)] > 0) filling.filled.set(names[at % width], (filling.filled.get(names[at % width]) ?? 0) + 1);
  }
  return { name, numRows: end - start, values: kept, isReal, times: times?.slice(start, end) };
}

function firstReal(counts: Uint32Array, width: number, column: number, numSteps: number): number {
  for (let step = 0; step < numSteps; step++) if (counts[step * width + column] > 0) return step;
  return numSteps;
}

export function newFilling(): Filling {
  return { filled: new Map(), start: 0, end: 0, repeats: 0, same: 0, empty: [] };
}

/** What {@link seriesValues} did, in words. */
export function fillingNotes({ filled, start, end, repeats, same, empty }: Filling, names: readonly string[]): SeriesNote[] {
  const notes: SeriesNote[] = [];
  if (repeats > 0) notes.push({ kind: 'repeats', count: repeats, text: `${counted(repeats, 'row')} with the stamp of another${same === repeats ? ', and the same values: left out' : ': the mean of their values was taken'}` });
  if (start > 0) notes.push({ kind: 'start', count: start, text: `${counted(start, 'row')} at the start, before every column has a value: left out` });
  const total = [...filled.values()].reduce((sum, count) => sum + count, 0);
  if (total > 0) {
    const shown = [...filled].map(([name, count]) => `${count} of ${name}`);
    notes.push({ kind: 'filled', count: total, text: `missing cells (${shown.slice(0, 6).join(', ')}${shown.length > 6 ? ', ...' : ''}) hold the last value before them; those of ${names[0]} are not scored` });
  }
  if (end > 0) notes.push({ kind: 'end', count: end, text: `${counted(end, 'row')} at the end without a value of ${names[0]}: left out, forecasts begin there` });
  if (empty.length > 0) notes.push({ kind: 'dropped', count: empty.length, text: `${counted(empty.length, 'series').replace('seriess', 'series')} without values left out: ${empty.slice(0, 5).join(', ')}` });
  return notes;
}

/** @throws DATA_FORMAT naming the first cell that is missing. */
export function requireNoneMissing(table: Table, rows: readonly SeriesRows[], names: readonly string[], columns: readonly Float64Array[]): void {
  for (const [c, column] of columns.entries()) {
    const missing = rows.flatMap((series) => [...series.rows.filter((row) => Number.isNaN(column[row]))]);
    if (missing.length === 0) continue;
    const row = missing.reduce((first, other) => Math.min(first, other));
    throw new RondoError('DATA_FORMAT', {
      where: `${table.where}, line ${table.lines[row]}, column \`${names[c]}\``,
      what: missing.length === 1 ? 'a value is missing.' : `a value is missing, the first of ${missing.length} in ${table.numRows} rows.`,
      expected: 'a finite number',
      received: JSON.stringify(table.column(names[c])[row]),
      fix: "fill the gap, or set missing to 'previous'.",
    });
  }
  for (const { times, rows: own, numSteps, name } of rows) {
    if (times === undefined || numSteps <= own.length) continue;
    throw new RondoError('DATA_FORMAT', {
      where: table.where,
      what: `${numSteps - own.length} stamps are missing${name === '' ? '' : ` in ${name}`}.`,
      expected: 'a row for each step of time',
      received: `${own.length} rows for ${numSteps} steps`,
      fix: "add the rows, or set missing to 'previous'.",
    });
  }
}

import { counted } from '../../counted.js';
import { isNotFinite } from '../../data/cell-kind.js';
import type { Table } from '../../data/table.js';
import { RondoError } from '../../errors.js';
import type { Series } from './series.js';
import type { SeriesNote } from './series-note.js';
import type { SeriesRows } from './series-rows.js';

/** What to do about cells without a number. */
export type MissingCells = 'error' | 'previous';

/** What was done to make series whole, added up over all of them. */
export interface Filling {
  /** Cells by column that stand empty in the file and were filled. */
  readonly filled: Map<string, number>;
  /** Steps before the columns have begun. */
  start: number;
  /** Rows at the end without a target, and the columns that have values there. */
  end: number;
  readonly atEnd: Set<string>;
  /** Rows whose stamp another row has, and how many of them say the same. */
  repeats: number;
  same: number;
  /** Series without any target. */
  readonly empty: string[];
}

/** Makes the numbers of a column by row of the table, NaN where a cell is missing. */
export type NumbersOf = (name: string) => Float64Array;

/**
 * The values of series by steps. Rows of one stamp become their mean. What is missing is filled with the last value
 * before it, never with a later one. A series begins where every column has begun, and ends with the last value of the
 * target: what follows is to be forecast.
 *
 * @param names of the columns, the target first; the numbers of one at a time are held beside the values.
 */
export function seriesValues(
  rows: readonly SeriesRows[],
  names: readonly string[],
  numbersOf: NumbersOf,
  filling: Filling,
): Series[] {
  const gathered = rows.map((own) => new GatheredSeries(own, names.length));
  names.forEach((name, column) => {
    const numbers = numbersOf(name);
    for (const one of gathered) one.add(column, numbers);
  });
  return gathered.map((one) => one.filled(names, filling)).filter((series) => series !== undefined);
}

/** One series, column by column. */
class GatheredSeries {
  readonly #rows: SeriesRows;
  readonly #width: number;
  readonly #values: Float64Array;
  readonly #isReal: Uint8Array;
  /** Rows of each step; 0 for one that was added. */
  readonly #rowsOf: Uint32Array;
  readonly #firstRowOf: Int32Array;
  /** Of `rows`: whether one says something else than the first of its stamp. */
  readonly #differs: Uint8Array;

  constructor(rows: SeriesRows, width: number) {
    const { numSteps, steps } = rows;
    this.#rows = rows;
    this.#width = width;
    this.#values = new Float64Array(numSteps * width).fill(NaN);
    this.#isReal = new Uint8Array(numSteps * width);
    this.#rowsOf = new Uint32Array(numSteps);
    this.#firstRowOf = new Int32Array(numSteps);
    for (let i = 0; i < steps.length; i++)
      if (this.#rowsOf[steps[i]]++ === 0) this.#firstRowOf[steps[i]] = rows.rows[i];
    this.#differs = new Uint8Array(steps.length);
  }

  add(column: number, numbers: Float64Array): void {
    const { rows, steps, numSteps } = this.#rows;
    const [width, values, isReal] = [this.#width, this.#values, this.#isReal];
    const counts = new Uint32Array(numSteps);
    for (let i = 0; i < rows.length; i++) {
      const [value, step] = [numbers[rows[i]], steps[i]];
      if (this.#rowsOf[step] > 1 && !Object.is(value, numbers[this.#firstRowOf[step]])) this.#differs[i] = 1;
      if (Number.isNaN(value)) continue;
      const at = step * width + column;
      const count = ++counts[step];
      // The mean of equal values is that value, to the last bit.
      values[at] = count === 1 ? value : values[at] + (value - values[at]) / count;
      isReal[at] = 1;
    }
  }

  /** Undefined where nothing is left. */
  filled(names: readonly string[], filling: Filling): Series | undefined {
    const { name, rows, steps, numSteps, times } = this.#rows;
    const [width, rowsOf, isReal] = [this.#width, this.#rowsOf, this.#isReal];
    for (let i = 0; i < rows.length; i++) {
      if (this.#firstRowOf[steps[i]] === rows[i]) continue;
      filling.repeats++;
      if (this.#differs[i] === 0) filling.same++;
    }
    const isTold = (step: number, column: number): boolean => isReal[step * width + column] === 1;
    let [start, end] = [0, numSteps];
    for (let column = 0; column < width; column++) {
      let first = 0;
      while (first < numSteps && !isTold(first, column)) first++;
      start = Math.max(start, first);
    }
    while (end > 0 && !isTold(end - 1, 0)) end--;
    if (end <= start) {
      filling.empty.push(name);
      return undefined;
    }
    filling.start += start;
    for (let step = end; step < numSteps; step++) filling.end += rowsOf[step];
    names.forEach((column, i) => {
      for (let step = end; step < numSteps; step++) if (isTold(step, i)) filling.atEnd.add(column);
    });
    const values = this.#values;
    for (let step = 1; step < end; step++) {
      for (let column = 0; column < width; column++) {
        const at = step * width + column;
        if (isReal[at] === 1) continue;
        values[at] = values[at - width];
        // An added row is told of as a gap.
        if (step >= start && rowsOf[step] > 0)
          filling.filled.set(names[column], (filling.filled.get(names[column]) ?? 0) + 1);
      }
    }
    // Views: a copy of a long series would take as much memory again.
    const [from, to] = [start * width, end * width];
    return {
      name,
      numRows: end - start,
      values: values.subarray(from, to),
      isReal: isReal.subarray(from, to),
      times: times?.subarray(start, end),
    };
  }
}

export function newFilling(): Filling {
  return { filled: new Map(), start: 0, end: 0, atEnd: new Set(), repeats: 0, same: 0, empty: [] };
}

/** What {@link seriesValues} did, in words. */
export function fillingNotes(
  { filled, start, end, atEnd, repeats, same, empty }: Filling,
  names: readonly string[],
): SeriesNote[] {
  const notes: SeriesNote[] = [];
  if (repeats > 0)
    notes.push({
      kind: 'repeats',
      count: repeats,
      text:
        `${counted(repeats, 'row')} with the stamp of ` +
        `another${same === repeats ? ', and the same values: left out' : ': the mean of their values was taken'}`,
    });
  if (start > 0)
    notes.push({
      kind: 'start',
      count: start,
      text: `${counted(start, 'row')} at the start, before every column has a value: left out`,
    });
  const total = [...filled.values()].reduce((sum, count) => sum + count, 0);
  if (total > 0) {
    const shown = [...filled].map(([name, count]) => `${count} of ${name}`);
    notes.push({
      kind: 'filled',
      count: total,
      text:
        `missing cells (${shown.slice(0, 6).join(', ')}${shown.length > 6 ? ', ...' : ''}) hold the last value ` +
        `before them; those of ${names[0]} are not scored`,
    });
  }
  if (end > 0)
    notes.push({
      kind: 'end',
      count: end,
      text:
        `${counted(end, 'row')} at the end without a value of ${names[0]}: left out, forecasts begin ` +
        `there${unused(atEnd)}`,
    });
  if (empty.length > 0)
    notes.push({
      kind: 'dropped',
      count: empty.length,
      text:
        `${counted(empty.length, 'series').replace('seriess', 'series')} without values left out: ` +
        empty.slice(0, 5).join(', '),
    });
  return notes;
}

function unused(columns: ReadonlySet<string>): string {
  if (columns.size === 0) return '';
  const shown = [...columns].slice(0, 6).join(', ');
  return `; what they say of ${shown}${columns.size > 6 ? ', ...' : ''} is not used`;
}

/**
 * @param isTrained whether a model reads the table that was trained so. @throws DATA_FORMAT naming the first cell that
 * is missing.
 */
export function requireNoneMissing(
  table: Table,
  rows: readonly SeriesRows[],
  names: readonly string[],
  numbersOf: NumbersOf,
  isTrained: boolean,
): void {
  for (const name of names) {
    const numbers = numbersOf(name);
    let [numMissing, first] = [0, Infinity];
    for (const { rows: own } of rows) {
      for (const row of own) {
        if (!Number.isNaN(numbers[row])) continue;
        numMissing++;
        first = Math.min(first, row);
      }
    }
    if (numMissing === 0) continue;
    const cell = table.cells(name).text(first);
    const what = isNotFinite(cell) ? 'the cell is no finite number' : 'a value is missing';
    throw new RondoError('DATA_FORMAT', {
      where: `${table.where}, line ${table.lines[first]}, column \`${name}\``,
      what: numMissing === 1 ? `${what}.` : `${what}, the first of ${numMissing} in ${table.numRows} rows.`,
      expected: 'a finite number',
      received: JSON.stringify(cell),
      fix: isTrained
        ? 'fill the gap; a model that was trained with --missing previous would do that itself.'
        : "fill the gap, or set `missing` to 'previous'.",
      option: 'missing',
    });
  }
  for (const { times, rows: own, numSteps, name } of rows) {
    const numMissing = numSteps - own.length;
    if (times === undefined || numMissing <= 0) continue;
    throw new RondoError('DATA_FORMAT', {
      where: table.where,
      what:
        `${counted(numMissing, 'stamp')} ${numMissing === 1 ? 'is' : 'are'} missing` +
        `${name === '' ? '' : ` in ${name}`}.`,
      expected: 'a row for each step of time',
      received: `${counted(own.length, 'row')} for ${counted(numSteps, 'step')}`,
      fix: isTrained
        ? 'add the rows; a model that was trained with --missing previous would do that itself.'
        : "add the rows, or set `missing` to 'previous'.",
      option: 'missing',
    });
  }
}

import { RondoError } from '../../errors.js';
import { cellKind } from '../cell-kind.js';
import type { Table } from '../table.js';
import { monthIndexOf } from './civil-time.js';
import { notationsOf } from './notations-of.js';
import { numericFormats, TimeFormat, type TimeNotation } from './time-format.js';

/** The cells of stamps, a text made when it is asked for: a table may fill a good part of the memory. */
export interface StampCells {
  readonly length: number;
  text(row: number): string;
}

/** Cells read in one notation. */
export interface ReadCells {
  readonly notation: TimeNotation;
  /** By row; NaN where the cell is no stamp. */
  readonly times: Float64Array;
  /** By row; '' where a stamp has none. Undefined where none has. */
  readonly zones: readonly string[] | undefined;
  readonly numRead: number;
  /** Rows whose cells look like stamps and are none. */
  readonly impossible: readonly number[];
}

export function readCells(cells: StampCells, notation: TimeNotation): ReadCells {
  const format = new TimeFormat(notation);
  const times = new Float64Array(cells.length).fill(NaN);
  let zones: string[] | undefined;
  const impossible: number[] = [];
  let numRead = 0;
  for (let row = 0; row < cells.length; row++) {
    const stamp = format.read(startOfSpan(cells.text(row)));
    if (stamp === 'impossible') impossible.push(row);
    else if (stamp !== undefined) {
      times[row] = stamp.ms;
      numRead++;
      if (stamp.zone === '') continue;
      zones ??= new Array<string>(cells.length).fill('');
      zones[row] = stamp.zone;
    }
  }
  return { notation, times, zones, numRead, impossible };
}

/** Rows whose cell is not blank, and says not that it is missing. */
export function numFilled(cells: StampCells): number {
  let count = 0;
  for (let row = 0; row < cells.length; row++) if (cellKind(cells.text(row)) !== 'missing') count++;
  return count;
}

/** Of `01.01.2020 00:00 - 01.01.2020 01:00` the first half. */
function startOfSpan(cell: string): string {
  const at = cell.indexOf(' - ');
  if (at < 8) return cell;
  const start = cell.slice(0, at).trim();
  return Math.abs(start.length - cell.slice(at + 3).trim().length) <= 1 ? start : cell;
}

/** Cells that notations are looked for in, and that show how stamps are padded. */
const numSampled = 60;

/**
 * Reads cells in the notation that fits most of them. Where several fit as many, that counts which makes the steps even
 * and the rows follow in order; dates with points have the day first.
 *
 * @returns undefined where no notation fits any cell.
 * @throws DATA_FORMAT where day and month could be either way round.
 */
export function chooseNotation(
  table: Table,
  columns: readonly string[],
  cells: StampCells,
  { timeFormat, isGiven }: { timeFormat: string | undefined; isGiven: boolean },
): ReadCells | undefined {
  const sample = sampleOf(cells);
  const readings = candidates(sample, timeFormat, isGiven).map((notation) => readCells(cells, notation));
  const most = readings.reduce((largest, { numRead }) => Math.max(largest, numRead), 0);
  if (most === 0) return undefined;
  const best = withoutTwins(readings.filter(({ numRead }) => numRead === most));
  // Where no order of day and month fits most cells, the first says which cells it does not fit.
  const chosen = best.length === 1 || most < 0.9 * numFilled(cells) - 1 ? best[0] : likeliest(best);
  if (chosen === undefined) throw ambiguous(table, columns, cells, best);
  return { ...chosen, notation: timeFormat === undefined ? asWritten(chosen.notation, sample) : chosen.notation };
}

function sampleOf(cells: StampCells): string[] {
  const stride = Math.max(1, cells.length / numSampled);
  const sample: string[] = [];
  for (let at = 0; at < cells.length; at += stride) sample.push(startOfSpan(cells.text(Math.floor(at))));
  return sample.filter((cell) => cellKind(cell) !== 'missing');
}

function candidates(sample: readonly string[], timeFormat: string | undefined, isGiven: boolean): TimeNotation[] {
  const found = new Map<string, TimeNotation>();
  const add = (notation: TimeNotation): void =>
    void found.set(`${notation.format} ${notation.months?.language ?? ''}`, notation);
  if (timeFormat !== undefined) {
    const languages = sample.flatMap(notationsOf).flatMap(({ months }) => (months === undefined ? [] : [months]));
    if (!timeFormat.includes('MMM') || languages.length === 0) return [{ format: timeFormat }];
    for (const months of languages) add({ format: timeFormat, months });
    return [...found.values()];
  }
  for (const cell of sample) for (const notation of notationsOf(cell)) add(notation);
  const numbers = sample.filter((cell) => cellKind(cell) === 'number').map(Number);
  if (numbers.length >= 0.5 * sample.length) for (const format of numericKinds(numbers, isGiven)) add({ format });
  return [...found.values()];
}

/** What numbers may count, by their size. A spreadsheet's day 20 000 is in 1954, its day 80 000 in 2119. */
function numericKinds(numbers: readonly number[], isGiven: boolean): string[] {
  const middle = [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
  const kinds = [
    ['epoch-s', 1e8, 1e10],
    ['epoch-ms', 1e11, 1e13],
    ['epoch-us', 1e14, 1e16],
    ['epoch-ns', 1e17, 1e19],
    ['serial', 20_000, 80_000],
  ] as const;
  const fitting = kinds.filter(([, from, to]) => middle >= from && middle < to).map(([format]) => format as string);
  return fitting.length === 0 && isGiven ? [numericFormats[numericFormats.length - 1]] : fitting;
}

/** Readings that give the same times as one before them add nothing. */
function withoutTwins(readings: readonly ReadCells[]): ReadCells[] {
  const isSame = (a: ReadCells, b: ReadCells): boolean => a.times.every((ms, row) => Object.is(ms, b.times[row]));
  return readings.filter((reading, i) => !readings.slice(0, i).some((other) => isSame(other, reading)));
}

function likeliest(readings: readonly ReadCells[]): ReadCells | undefined {
  const possible = readings.filter(({ impossible }) => impossible.length === 0);
  const rest = possible.length > 0 ? possible : readings;
  if (rest.length === 1) return rest[0];
  const pointed = rest.filter(({ notation }) => /^D+\.M+\./.test(notation.format));
  if (pointed.length === 1) return pointed[0];
  // A number that may count days or seconds is rather a date where it can be one.
  const written = rest.filter(({ notation }) => !(numericFormats as readonly string[]).includes(notation.format));
  if (written.length === 1) return written[0];
  const scored = rest.map((reading) => ({ reading, score: evenness(reading.times) })).sort((a, b) => b.score - a.score);
  const isPerfect = scored[0].score === 2 && scored[1].score < 2;
  return isPerfect || scored[0].score - scored[1].score >= 0.1 ? scored[0].reading : undefined;
}

/**
 * The share of steps that are as the most frequent one, and that of rows in one order: at most 2. Of the first rows.
 */
function evenness(times: Float64Array): number {
  const known = times.subarray(0, 100_000).filter((ms) => !Number.isNaN(ms));
  let [rising, falling] = [0, 0];
  for (let i = 1; i < known.length; i++) {
    if (known[i] >= known[i - 1]) rising++;
    if (known[i] <= known[i - 1]) falling++;
  }
  const distinct = [...new Set(known)].sort((a, b) => a - b);
  const isOneDay = new Set(distinct.map((ms) => new Date(ms).getUTCDate())).size === 1;
  const steps = distinct
    .slice(1)
    .map((ms, i) => (isOneDay ? monthIndexOf(ms) - monthIndexOf(distinct[i]) : ms - distinct[i]));
  const counts = new Map<number, number>();
  for (const step of steps) counts.set(step, (counts.get(step) ?? 0) + 1);
  const most = [...counts.values()].reduce((largest, count) => Math.max(largest, count), 0);
  return most / Math.max(1, steps.length) + Math.max(rising, falling) / Math.max(1, known.length - 1);
}

/** The notation with the leading zeros that the cells have. */
function asWritten(notation: TimeNotation, sample: readonly string[]): TimeNotation {
  if ((numericFormats as readonly string[]).includes(notation.format)) return notation;
  let best = { notation, numSame: -1 };
  for (let choice = 0; choice < 8; choice++) {
    const shorter = (format: string, bit: number, pattern: RegExp): string =>
      choice & bit ? format.replace(pattern, (token) => token[0]) : format;
    const format = shorter(shorter(shorter(notation.format, 1, /(?<!M)MM(?!M)/), 2, /(?<!D)DD(?!D)/), 4, /HH|hh/);
    const written = new TimeFormat({ ...notation, format });
    const numSame = sample.filter((cell) => {
      const stamp = written.read(cell);
      return typeof stamp === 'object' && written.write(stamp.ms, stamp.zone) === cell.trim();
    }).length;
    if (numSame > best.numSame) best = { notation: { ...notation, format }, numSame };
  }
  return best.notation;
}

function ambiguous(
  table: Table,
  columns: readonly string[],
  cells: StampCells,
  readings: readonly ReadCells[],
): RondoError {
  const formats = [...new Set(readings.map(({ notation }) => notation.format))];
  const row = Math.max(
    0,
    readings[0].times.findIndex((ms, i) => readings.some(({ times }) => times[i] !== ms)),
  );
  return new RondoError('DATA_FORMAT', {
    where: `${table.where}, line ${table.lines[row]}, column \`${columns.join(', ')}\``,
    what: 'the dates can be read in more than one way, and nothing in the column decides.',
    expected: formats.join(' or '),
    received: JSON.stringify(cells.text(row).slice(0, 80)),
    fix: `say which with \`timeFormat\`: '${formats.join("' or '")}'.`,
    option: 'timeFormat',
  });
}

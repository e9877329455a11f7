import { counted } from '../../counted.js';
import type { Table } from '../../data/table.js';
import { civilTimeOf, daysOfMonth, hourMs, weekdayOf } from '../../data/time/civil-time.js';
import { type Frequency, findFrequency, stepsBetween, timeAfter } from '../../data/time/frequency.js';
import type { TimeColumn } from '../../data/time/time-column.js';
import { requireSameStep } from './require-same-step.js';
import type { SeriesNote } from './series-note.js';

/** Where the rows of one series stand in its steps of time. */
export interface SeriesRows {
  readonly name: string;
  /** Rows of the table, in order of time. */
  readonly rows: Int32Array;
  /** The step of each of `rows`, from 0; rows of one stamp share a step. */
  readonly steps: Int32Array;
  readonly numSteps: number;
  /** Milliseconds since 1970 of each step; undefined without stamps. */
  readonly times: Float64Array | undefined;
}

/** The rows of a table in the order of time. */
export interface OrderedRows {
  readonly series: readonly SeriesRows[];
  /** How stamps follow each other; undefined where they do not, or there are none. */
  readonly frequency: Frequency | undefined;
  readonly notes: readonly SeriesNote[];
}

/** A series in its order, before its steps are counted. */
interface Ordered {
  readonly name: string;
  readonly rows: Int32Array;
  readonly times: Float64Array;
  readonly order: 'rising' | 'falling' | 'mixed';
}

/** More steps than this for each row of the file are no gaps: the frequency is not that of the rows. */
const mostStepsPerRow = 4;

function mostFilled({ times }: TimeColumn): number {
  return mostStepsPerRow * Math.max(25, times.length);
}

/** @param groups the rows of each series, as they stand in the file. */
export function orderedRows(
  table: Table,
  groups: ReadonlyMap<string, Int32Array>,
  stamps: TimeColumn | undefined,
  known?: Frequency,
): OrderedRows {
  if (stamps === undefined) {
    const series = [...groups].map(([name, rows]) => ({
      name,
      rows,
      steps: rows.map((_, i) => i),
      numSteps: rows.length,
      times: undefined,
    }));
    return { series, frequency: undefined, notes: [] };
  }
  const ordered = [...groups].map(([name, rows]) => inOrder(name, rows, stamps.times));
  const isClock = stamps.reading.notation.format !== 'number';
  if (known !== undefined)
    requireSameStep(
      table,
      ordered.map(({ times }) => times),
      known,
      isClock,
    );
  const frequency =
    known ??
    findFrequency(
      ordered.map(({ times }) => times),
      isClock,
    );
  const found = { gaps: 0, filled: 0, longest: 0, longestAt: '', closed: 0, changes: new Set<string>() };
  const series = ordered.map((one) => withSteps(one, frequency, isClock, stamps, found));
  const isEven = frequency !== undefined && found.filled <= mostFilled(stamps);
  const result = isEven
    ? series
    : ordered.map((one) => withSteps(one, undefined, isClock, stamps, { ...found, changes: new Set() }));
  const notes = [orderNote(ordered), ...(isEven ? gapNotes(found) : [irregularNote(table)])].filter(
    (note) => note !== undefined,
  );
  return { series: result, frequency: isEven ? frequency : undefined, notes };
}

/**
 * Rising order; rows of one stamp stay as they stand. A file with the newest row first is turned over, so that repeated
 * hours keep their order.
 */
function inOrder(name: string, rows: Int32Array, allTimes: Float64Array): Ordered {
  const times = timesOf(rows, allTimes);
  if (isRising(times)) return { name, rows, times, order: 'rising' };
  if (isRising(times.reverse())) return { name, rows: rows.slice().reverse(), times, order: 'falling' };
  const sorted = rows.slice().sort((a, b) => allTimes[a] - allTimes[b] || a - b);
  return { name, rows: sorted, times: timesOf(sorted, allTimes), order: 'mixed' };
}

export function timesOf(rows: Int32Array, allTimes: Float64Array): Float64Array {
  const times = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) times[i] = allTimes[rows[i]];
  return times;
}

/** Whether every stamp is at or after the one before it, but for clocks that go back an hour. */
function isRising(times: Float64Array): boolean {
  for (let i = 1; i < times.length; i++) {
    const back = times[i - 1] - times[i];
    if (back > 0 && !(back < hourMs && mayChangeClock(times[i], 'back'))) return false;
  }
  return true;
}

/**
 * Whether clocks go forward, or back, in the night to a Sunday: the second or last of March, the first of April, the
 * last of September, the first or last of October, the first of November, as in Europe, America, Australia and New
 * Zealand. Any other missing or repeated hour is one.
 */
function mayChangeClock(ms: number, direction: 'forward' | 'back'): boolean {
  const { month, day, hour, year } = civilTimeOf(ms);
  if (weekdayOf(ms) !== 7 || hour > 4) return false;
  const which = day + 7 > daysOfMonth(year, month) ? 'last' : `${Math.ceil(day / 7)}`;
  return clockSundays[direction].includes(`${which} of ${month}`);
}

const clockSundays = {
  forward: ['2 of 3', 'last of 3', '1 of 4', 'last of 9', '1 of 10'],
  back: ['1 of 4', 'last of 9', 'last of 10', '1 of 11'],
};

interface FoundGaps {
  gaps: number;
  filled: number;
  longest: number;
  longestAt: string;
  closed: number;
  readonly changes: Set<string>;
}

function withSteps(
  { name, rows, times }: Ordered,
  frequency: Frequency | undefined,
  isClock: boolean,
  stamps: TimeColumn,
  found: FoundGaps,
): SeriesRows {
  const steps = new Int32Array(rows.length);
  // Most often there is one step for each row.
  let all = new Float64Array(times.length);
  let numSteps = 0;
  const add = (ms: number): void => {
    if (numSteps === all.length) {
      const longer = new Float64Array(2 * all.length);
      longer.set(all);
      all = longer;
    }
    all[numSteps++] = ms;
  };
  if (times.length > 0) add(times[0]);
  const shown = (ms: number, row: number): string => stamps.format.write(ms, stamps.zones?.[row]);
  for (let i = 1; i < rows.length; i++) {
    const [before, now] = [times[i - 1], times[i]];
    const change = isClock && stamps.zones === undefined ? clockChange(times, i, frequency) : undefined;
    if (change !== undefined)
      found.changes.add(`${change === 'back' ? 'an hour twice' : 'an hour missing'} at ${shown(now, rows[i])}`);
    if (now === before && change === undefined) {
      steps[i] = numSteps - 1;
      continue;
    }
    if (frequency !== undefined && change === undefined) {
      const between = missingTimes(frequency, before, now, mostFilled(stamps) + 1 - found.filled);
      found.closed += between.closed;
      if (between.times.length > 0) {
        found.gaps++;
        found.filled += between.times.length;
        if (between.times.length > found.longest)
          [found.longest, found.longestAt] = [between.times.length, shown(before, rows[i - 1])];
      }
      for (const ms of between.times) add(ms);
    }
    steps[i] = numSteps;
    add(now);
  }
  return { name, rows, steps, numSteps, times: all.subarray(0, numSteps) };
}

/** Whether the clock went back or forward an hour just before a row. */
function clockChange(times: Float64Array, i: number, frequency: Frequency | undefined): 'back' | 'forward' | undefined {
  if (frequency?.unit !== 'fixed' || hourMs % frequency.step !== 0) return undefined;
  const step = times[i] - times[i - 1];
  // Three rows of one stamp are repeats, whatever the day.
  const isRepeat = step === 0 && (times[i - 2] === times[i] || times[i + 1] === times[i]);
  if (step === frequency.step - hourMs && !isRepeat && mayChangeClock(times[i], 'back')) return 'back';
  return step === frequency.step + hourMs && mayChangeClock(times[i], 'forward') ? 'forward' : undefined;
}

/**
 * The stamps that are missing between two: whole days without any are days off where there are such.
 *
 * @param most more are not listed: a frequency far finer than the rows is given up.
 */
function missingTimes(
  frequency: Frequency,
  from: number,
  to: number,
  most: number,
): { times: number[]; closed: number } {
  const count = Math.min(stepsBetween(frequency, from, to) - 1, Math.max(0, most));
  if (count <= 0) return { times: [], closed: 0 };
  const missing = Array.from({ length: count }, (_, k) => timeAfter(frequency, from, k + 1));
  if (frequency.unit !== 'open') return { times: missing, closed: 0 };
  const dayOf = (ms: number): number => Math.floor((ms - frequency.times[0] + frequency.step / 2) / (24 * hourMs));
  const inOpenDays = missing.filter((ms) => dayOf(ms) === dayOf(from) || dayOf(ms) === dayOf(to));
  return { times: inOpenDays, closed: new Set(missing.map(dayOf)).size - new Set(inOpenDays.map(dayOf)).size };
}

function orderNote(ordered: readonly Ordered[]): SeriesNote | undefined {
  const others = ordered.filter(({ order }) => order !== 'rising');
  if (others.length === 0) return undefined;
  const isTurned = others.every(({ order }) => order === 'falling');
  const which =
    ordered.length === 1 ? 'the rows stood' : `the rows of ${others.length} of ${ordered.length} series stood`;
  return {
    kind: 'order',
    count: others.length,
    text: `${which} ${isTurned ? 'with the newest first and were turned over' : 'in no order of time and were sorted'}`,
  };
}

function gapNotes({ gaps, filled, longest, longestAt, closed, changes }: FoundGaps): SeriesNote[] {
  const notes: SeriesNote[] = [];
  if (filled > 0) {
    const where = gaps === 1 ? `after ${longestAt}` : `in ${gaps} gaps, the longest of ${longest} after ${longestAt}`;
    notes.push({
      kind: 'gaps',
      count: filled,
      text: `${counted(filled, 'stamp')} missing ${where}: rows were added, and are not scored`,
    });
  }
  if (closed > 0)
    notes.push({
      kind: 'closed',
      count: closed,
      text: `${counted(closed, 'open day')} without rows, as holidays: none were added`,
    });
  if (changes.size > 0) {
    const shown = [...changes].slice(0, 4).join('; ');
    notes.push({
      kind: 'clock',
      count: changes.size,
      text:
        `the clock was changed ${changes.size === 1 ? 'once' : `${changes.size} times`} ` +
        `(${shown}${changes.size > 4 ? '; ...' : ''}): no gap, no repeat`,
    });
  }
  return notes;
}

function irregularNote(table: Table): SeriesNote {
  return {
    kind: 'irregular',
    count: table.numRows,
    text: 'the stamps have no regular distance: each row is taken as one step, whatever the time between',
  };
}

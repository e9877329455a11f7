import { counted } from '../../counted.js';
import { cellKind, isNotFinite } from '../../data/cell-kind.js';
import {
  type NumberFacts,
  type NumberNotation,
  numberFacts,
  requireClearNotation,
  requireSameUnit,
} from '../../data/number-notation.js';
import { notANumber, numberInCell } from '../../data/numeric-column.js';
import type { Table } from '../../data/table.js';
import { type TimeColumn, timeColumn } from '../../data/time/time-column.js';
import { RondoError } from '../../errors.js';
import { checkOptions, pickOptions } from '../option-table.js';
import type { Series } from './series.js';
import { repeatedStamps, seriesColumnsNamed, seriesGroups } from './series-groups.js';
import { linesOf, type SeriesNote } from './series-note.js';
import { type SeriesColumnsOptions, seriesOptions } from './series-options.js';
import type { LeftOutColumn, SeriesReading } from './series-reading.js';
import { orderedRows, type SeriesRows } from './series-rows.js';
import type { SeriesTime } from './series-time.js';
import { fillingNotes, newFilling, requireNoneMissing, seriesValues } from './series-values.js';

/** The columns of a table that a forecast uses, the target first, as series of them. */
export interface SeriesColumns {
  readonly names: readonly string[];
  readonly series: readonly Series[];
  /** Undefined where rows are taken in their order. */
  readonly time: SeriesTime | undefined;
  readonly reading: SeriesReading;
  readonly leftOut: readonly LeftOutColumn[];
  /** What was done to the rows; empty for a table that was whole and in order. */
  readonly notes: readonly SeriesNote[];
}

/** A column whose first value comes after so large a share of the rows is left out: it would cost those before. */
const latestStart = 0.3;

/**
 * Takes the target and the features out of a table, as series whose rows are in order of time, one a step. Columns of
 * text are left out, and so are columns that only count rows or never change: they say nothing about the future that
 * the model could use.
 *
 * @param reading how another table was read: it counts where the options say nothing.
 * @throws UNKNOWN_NAME for a column that does not exist; DATA_FORMAT for one that holds no numbers, for stamps that
 * begin again in a series, and for dates that can be read in two ways.
 */
export function seriesColumns(
  table: Table,
  options: SeriesColumnsOptions = {},
  reading?: SeriesReading,
): SeriesColumns {
  checkOptions('seriesColumns', seriesOptions, pickOptions(seriesOptions, options));
  const { features = 'all', missing = 'previous' } = options;
  const time = options.time ?? (reading?.time === null ? 'none' : undefined);
  const found = timeColumn(table, { time, timeFormat: options.timeFormat, known: reading?.time ?? undefined });
  const named =
    options.series === 'none'
      ? []
      : options.series === undefined
        ? (reading?.series ?? [])
        : seriesColumnsNamed(table, options.series);
  const isGiven = (time ?? 'auto') !== 'auto' || (reading?.time ?? null) !== null;
  const repeats =
    found &&
    repeatedStamps(table, seriesGroups(table, named, found), found, named, {
      isGiven,
      isTrained: reading !== undefined,
    });
  const stamps = repeats === undefined ? found : undefined;
  const groups = seriesGroups(table, named, stamps);
  const { series: rows, frequency, notes } = orderedRows(table, groups, stamps, reading?.frequency ?? undefined);

  const known = reading?.numbers ?? {};
  const factsOf = (name: string): NumberFacts =>
    numberFacts(table, name, Object.hasOwn(known, name) ? known[name] : undefined);
  const isTaken = (name: string): boolean => named.includes(name) || (stamps?.reading.columns.includes(name) ?? false);
  const kinds = new Map(
    table.columns.map(
      (name) =>
        [
          name,
          stamps?.others.includes(name) ? 'date' : kindOfColumn(table, name, rows, factsOf(name).notation),
        ] as const,
    ),
  );
  const usable = table.columns.filter((name) => !isTaken(name) && kinds.get(name) === 'number');
  const ofKind = (kind: string): string[] => table.columns.filter((name) => !isTaken(name) && kinds.get(name) === kind);
  const target =
    options.target ??
    onlyNumeric(
      table,
      usable.length > 0 ? usable : ofKind('counter'),
      ofKind('constant'),
      rows[0]?.rows[0] ?? 0,
      named,
    );
  table.indexOf(target);
  const others = features === 'none' ? [] : features === 'all' ? usable.filter((name) => name !== target) : features;
  for (const name of others) table.indexOf(name);
  const wanted = [...new Set([target, ...others])];
  // Numbers of one column at a time: all of them beside the series would take as much memory again.
  const notFinite = new Map<string, readonly number[]>();
  const numbersOf = (name: string): Float64Array =>
    columnNumbers(table, name, rows, factsOf(name), known, (found) => notFinite.set(name, found));
  const late = wanted.filter((name) => {
    const numbers = numbersOf(name);
    return features === 'all' && name !== target && beginsLate(numbers, rows);
  });
  const names = wanted.filter((name) => !late.includes(name));
  if (missing === 'error') requireNoneMissing(table, rows, names, numbersOf, reading !== undefined);
  const filling = newFilling();
  const series = seriesValues(rows, names, numbersOf, filling);
  if (series.length === 0) throw nothingLeft(table, names);

  const isLeftOut = (name: string): boolean =>
    !names.includes(name) &&
    !isTaken(name) &&
    (features === 'all' || !['number', 'counter', 'constant'].includes(kinds.get(name)!));
  const leftOut = table.columns.filter(isLeftOut).map((name) => ({
    name,
    reason: late.includes(name) ? 'begins late' : (kinds.get(name) as LeftOutColumn['reason']),
  }));
  return {
    names,
    series,
    time: stamps && { reading: stamps.reading, format: stamps.format, frequency, zones: lastZones(rows, stamps) },
    reading: {
      time: stamps?.reading ?? null,
      frequency: frequency ?? null,
      series: named,
      numbers: Object.fromEntries(names.map((name) => [name, factsOf(name).notation])),
      leftOut,
      file: reading?.file ?? {},
    },
    leftOut,
    notes: [
      ...unnamedNotes(table),
      ...numberNotes(names, factsOf),
      ...(repeats === undefined ? [] : [repeats]),
      ...foreignNotes(table, stamps),
      ...notes,
      ...notFiniteNotes(table, names, notFinite),
      ...fillingNotes(filling, names),
    ],
  };
}

/** Numbers by row of the table, NaN where a cell is missing. Rows that no series has, as totals, may hold anything. */
function columnNumbers(
  table: Table,
  name: string,
  rows: readonly SeriesRows[],
  facts: NumberFacts,
  known: SeriesReading['numbers'],
  onNotFinite: (rows: readonly number[]) => void,
): Float64Array {
  requireClearNotation(table, name, facts);
  requireSameUnit(table, name, facts, Object.hasOwn(known, name) ? known[name] : undefined);
  const cells = table.cells(name);
  const values = new Float64Array(table.numRows).fill(NaN);
  let [numReal, numWrong, firstWrong] = [0, 0, Infinity];
  const notFinite: number[] = [];
  for (const { rows: own } of rows) {
    for (const row of own) {
      values[row] = numberInCell(cells, row, facts.notation);
      if (!Number.isNaN(values[row])) {
        numReal++;
        continue;
      }
      const text = cells.text(row);
      if (cellKind(text) !== 'missing') {
        numWrong++;
        firstWrong = Math.min(firstWrong, row);
      } else if (isNotFinite(text)) notFinite.push(row);
    }
  }
  if (numWrong > 0) throw notANumber(table, name, firstWrong, numWrong, facts.notation);
  onNotFinite(notFinite);
  if (numReal > 0) return values;
  throw new RondoError('DATA_FORMAT', {
    where: `${table.where}, column \`${name}\``,
    what: 'the column holds no number at all.',
    expected: 'numbers',
    received: counted(table.numRows, 'missing value'),
    fix: 'choose another column.',
  });
}

function beginsLate(values: Float64Array, rows: readonly SeriesRows[]): boolean {
  return rows.every((own) => {
    const first = own.rows.findIndex((row) => !Number.isNaN(values[row]));
    return first < 0 || first > latestStart * own.rows.length;
  });
}

/** How the numbers of columns are written, where that is not as programs do. */
function numberNotes(names: readonly string[], factsOf: (name: string) => NumberFacts): SeriesNote[] {
  const columnsOf = new Map<string, string[]>();
  for (const name of names) {
    const way = factsOf(name).notes.join(' and ');
    if (way !== '') columnsOf.set(way, [...(columnsOf.get(way) ?? []), name]);
  }
  return [...columnsOf].map(([way, own]) => ({
    kind: 'numbers',
    count: own.length,
    text: `${own.slice(0, 8).join(', ')}${own.length > 8 ? ' ...' : ''} read with ${way}`,
  }));
}

function kindOfColumn(
  table: Table,
  name: string,
  series: readonly SeriesRows[],
  notation: NumberNotation,
): LeftOutColumn['reason'] | 'number' {
  const cells = table.cells(name);
  const counts = { number: 0, date: 0, missing: 0, text: 0 };
  for (const { rows } of series) {
    for (const row of rows) {
      const kind = Number.isNaN(numberInCell(cells, row, notation)) ? cellKind(cells.text(row)) : 'number';
      counts[kind] += 1;
    }
  }
  const numRows = series.reduce((sum, { rows }) => sum + rows.length, 0);
  if (counts.missing === numRows) return 'empty';
  if (counts.date > counts.number && counts.date >= counts.text) return 'date';
  // A few cells that are no numbers are faults to report; a column of words is not.
  if (counts.text > counts.number) return 'text';
  if (counts.number < numRows || numRows < 3) return 'number';
  const numberIn = (row: number): number => numberInCell(cells, row, notation);
  const first = numberIn(series.find(({ rows }) => rows.length > 0)!.rows[0]);
  if (series.every(({ rows }) => rows.every((row) => numberIn(row) === first))) return 'constant';
  return series.every(({ rows }) => isCounter(rows, numberIn)) ? 'counter' : 'number';
}

/**
 * Whether each value is one more than that before it, or one less; or many are on a straight line but for their
 * rounding.
 */
function isCounter(rows: Int32Array, numberIn: (row: number) => number): boolean {
  if (rows.length < 2) return true;
  const first = numberIn(rows[0]);
  const step = (numberIn(rows[rows.length - 1]) - first) / (rows.length - 1);
  if (step === 0 || (Math.abs(step) !== 1 && rows.length < 30)) return false;
  const slack = rows.length < 30 ? 0 : 0.1 * Math.abs(step);
  return rows.every((row, i) => Math.abs(numberIn(row) - first - i * step) <= slack);
}

function lastZones(rows: readonly SeriesRows[], { zones }: TimeColumn): Map<string, string> {
  return new Map(rows.map(({ name, rows: own }) => [name, zones?.[own[own.length - 1]] ?? '']));
}

function unnamedNotes({ numUnnamed, unnamedNote: text }: Table): SeriesNote[] {
  return text === undefined ? [] : [{ kind: 'unnamed', count: numUnnamed, text }];
}

/** Cells such as `inf`, by the columns that they stand in. */
function notFiniteNotes(
  table: Table,
  names: readonly string[],
  found: ReadonlyMap<string, readonly number[]>,
): SeriesNote[] {
  const columns = names.flatMap((name) => {
    const rows = [...(found.get(name) ?? [])].sort((a, b) => a - b);
    if (rows.length === 0) return [];
    const cells = new Set(rows.map((row) => JSON.stringify(table.cells(name).text(row).trim())));
    const where = linesOf(rows.map((row) => table.lines[row]));
    return [{ count: rows.length, text: `${name} (${where}: ${[...cells].slice(0, 4).join(', ')})` }];
  });
  if (columns.length === 0) return [];
  const shown = columns.slice(0, 6).map(({ text }) => text);
  const count = columns.reduce((sum, column) => sum + column.count, 0);
  const text = `no finite numbers, taken as missing: ${shown.join(', ')}${columns.length > 6 ? ', ...' : ''}`;
  return [{ kind: 'notFinite', count, text }];
}

function foreignNotes(table: Table, stamps: TimeColumn | undefined): SeriesNote[] {
  if (stamps === undefined || stamps.foreignRows.length === 0) return [];
  const { foreignRows, reading } = stamps;
  const cell = JSON.stringify(table.cells(reading.columns[0]).text(foreignRows[0]).slice(0, 40));
  const lines = linesOf(foreignRows.map((row) => table.lines[row]));
  const text = `${counted(foreignRows.length, 'row')} without a time (${lines}: ${cell}) left out`;
  return [{ kind: 'foreign', count: foreignRows.length, text }];
}

/** @param named columns that name the series, which are no target. */
function onlyNumeric(
  table: Table,
  numeric: readonly string[],
  constant: readonly string[],
  row: number,
  named: readonly string[],
): string {
  if (numeric.length === 1) return numeric[0];
  if (numeric.length === 0 && constant.length > 0) throw nothingChanges(table, constant, row);
  throw new RondoError(numeric.length === 0 ? 'DATA_FORMAT' : 'USAGE', {
    where: table.where,
    what:
      numeric.length === 0
        ? `no column ${named.length > 0 ? `besides ${named.join(', ')}, which names the series, ` : ''}holds ` +
          'numbers that change.'
        : 'several columns hold numbers, so the target must be named.',
    expected: 'a target column',
    received: numeric.length === 0 ? table.columns.join(', ') : numeric.join(', '),
    fix:
      numeric.length === 0
        ? `give a table with a column of numbers${named.length > 0 ? ', or name another column with `series`' : ''}.`
        : `name one, for example: give \`target\` '${numeric[numeric.length - 1]}'.`,
    option: numeric.length === 0 ? 'series' : 'target',
  });
}

/** @param row any that has values. */
function nothingChanges(table: Table, constant: readonly string[], row: number): RondoError {
  const shown = constant.slice(0, 8).map((name) => `${name} is ${table.cells(name).text(row)}`);
  return new RondoError('DATA_FORMAT', {
    where: table.where,
    what: `no column holds numbers that change: ${shown.join(', ')} in every row.`,
    expected: 'a column of numbers that change',
    received: table.columns.join(', '),
    fix:
      'nothing is to be learned of a number that stays as it is: the forecast is that number. To get a model all ' +
      `the same, give \`target\` '${constant[0]}'.`,
    option: 'target',
  });
}

function nothingLeft(table: Table, names: readonly string[]): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: table.where,
    what: `there is no row from which on all of ${names.slice(0, 8).join(', ')} have values.`,
    expected: 'columns with values at the same times',
    received: counted(table.numRows, 'row'),
    fix: 'leave out the columns that begin after the others end.',
  });
}

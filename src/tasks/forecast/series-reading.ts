import type { NumberNotation } from '../../data/number-notation.js';
import {
  isFiniteNumbers,
  isObject,
  isText,
  isTexts,
  optional,
  orNull,
  recordOf,
  SavedFields,
} from '../../data/saved-fields.js';
import type { Frequency } from '../../data/time/frequency.js';
import { type MonthLanguage, type MonthStyle, monthLanguages } from '../../data/time/month-names.js';
import type { TimeReading } from '../../data/time/time-column.js';
import { TimeFormat, type TimeNotation } from '../../data/time/time-format.js';
import { type DecimalSign, decimalSigns } from '../../data/written-number.js';
import type { Json } from '../../layers/layer.js';

/** What was decided when a table was read as series, to read others alike. */
export interface SeriesReading {
  /** Null where rows are taken in their order. */
  readonly time: TimeReading | null;
  /** Null where steps are not even. */
  readonly frequency: Frequency | null;
  /** Columns that name the series; empty where the table is one. */
  readonly series: readonly string[];
  /** How the numbers of columns are written, by their names. */
  readonly numbers: Readonly<Record<string, NumberNotation>>;
  /** Columns that were not used; empty in early files. */
  readonly leftOut: readonly LeftOutColumn[];
  /** What was told of the file: its encoding, the names of its columns. See {@link ForecastTrainingOptions.reading}. */
  readonly file: Readonly<Record<string, string>>;
}

const leftOutReasons = ['date', 'text', 'counter', 'constant', 'empty', 'begins late'] as const;

/** A column that is not used, and why. */
export interface LeftOutColumn {
  readonly name: string;
  readonly reason: (typeof leftOutReasons)[number];
}

export function seriesReadingJson({ time, frequency, series, numbers, leftOut, file }: SeriesReading): Json {
  const months = time?.notation.months;
  return {
    time: time && {
      columns: time.columns,
      notation: { format: time.notation.format, ...(months && { months: { ...months } }) },
    },
    frequency: frequency && { ...frequency },
    series,
    numbers: Object.fromEntries(Object.entries(numbers).map(([name, notation]) => [name, { ...notation }])),
    leftOut: leftOut.map((column) => ({ ...column })),
    file,
  };
}

const isStep = (value: unknown): value is number => Number.isFinite(value) && (value as number) > 0;

/** @returns undefined for a file from before there was any. @throws FILE_FORMAT */
export function restoreSeriesReading(found: unknown, where: string): SeriesReading | undefined {
  if (found === undefined) return undefined;
  const saved = new SavedFields(where, found);
  const time = saved.read('time', 'an object or null', orNull(isObject));
  const frequency = saved.read('frequency', 'an object or null', orNull(isObject));
  return {
    time: time && restoreTime(new SavedFields(where, time), where),
    frequency: frequency && restoreFrequency(new SavedFields(where, frequency)),
    series: saved.read('series', 'a list of texts', isTexts),
    numbers: restoreNumbers(saved),
    leftOut: saved.read('leftOut', 'columns with the reason why they are left out', optional(areLeftOut)) ?? [],
    file: saved.read('file', 'an object of texts', optional(recordOf(isText))) ?? {},
  };
}

const areLeftOut = (value: unknown): value is LeftOutColumn[] =>
  Array.isArray(value) &&
  value.every((one) => isObject(one) && isText(one.name) && leftOutReasons.some((reason) => reason === one.reason));

/** Files had none while all numbers were written as programs do. */
function restoreNumbers(saved: SavedFields): SeriesReading['numbers'] {
  const isNotation = (value: unknown): value is NumberNotation =>
    isObject(value) &&
    decimalSigns.includes(value.decimal as DecimalSign) &&
    isText(value.before) &&
    isText(value.after);
  const isNotations = (value: unknown): value is SeriesReading['numbers'] | undefined =>
    value === undefined || (isObject(value) && Object.values(value).every(isNotation));
  return saved.read('numbers', 'the decimal sign and the unit of each column', isNotations) ?? {};
}

function restoreTime(saved: SavedFields, where: string): TimeReading {
  const columns = saved.read(
    'columns',
    'a list of texts',
    (value): value is string[] => isTexts(value) && value.length > 0,
  );
  const notation = new SavedFields(where, saved.read('notation', 'an object', isObject));
  const read: TimeNotation = { format: notation.read('format', 'a text', isText), ...restoreMonths(notation, where) };
  try {
    new TimeFormat(read);
  } catch (error) {
    throw notation.fault(
      'the saved field `format` is no format of times.',
      'a format such as YYYY-MM-DD',
      String(error),
    );
  }
  return { columns, notation: read };
}

function restoreMonths(saved: SavedFields, where: string): { months?: MonthStyle | undefined } {
  const found = saved.read('months', 'an object', optional(isObject));
  if (found === undefined) return {};
  const months = new SavedFields(where, found);
  return {
    months: {
      language: months.read('language', 'a language', (value): value is MonthLanguage =>
        monthLanguages.includes(value as MonthLanguage),
      ),
      letters: months.read('letters', 'upper, lower or title', (value): value is MonthStyle['letters'] =>
        ['upper', 'lower', 'title'].includes(value as string),
      ),
    },
  };
}

function restoreFrequency(saved: SavedFields): Frequency {
  const unit = saved.read('unit', 'fixed, months or open', (value): value is Frequency['unit'] =>
    ['fixed', 'months', 'open'].includes(value as string),
  );
  const step = saved.read('step', 'a number above 0', isStep);
  if (unit === 'fixed') return { unit, step };
  if (unit === 'months') {
    const isDay = (value: unknown): value is number | 'last' | 'lastWeekday' | 'any' =>
      ['last', 'lastWeekday', 'any'].includes(value as string) || (isStep(value) && value <= 31);
    return { unit, step, day: saved.read('day', 'a day', isDay) };
  }
  const isFilled = (value: unknown): value is number[] => isFiniteNumbers(value) && value.length > 0;
  const isWeekdays = (value: unknown): value is number[] =>
    isFilled(value) && value.every((day) => Number.isInteger(day) && day >= 1 && day <= 7);
  return {
    unit,
    step,
    weekdays: saved.read('weekdays', 'days of the week', isWeekdays),
    times: saved.read('times', 'times of the day', isFilled),
  };
}

import { RondoError } from '../../errors.js';
import {
  civilTimeOf,
  dateMs,
  dayMs,
  daysOfMonth,
  hourMs,
  isLeapYear,
  isoWeekMs,
  isoWeekOf,
  minuteMs,
  secondMs,
  weekdayOf,
} from './civil-time.js';
import { type MonthStyle, monthOfName, nameOfMonth, nameOfWeekday } from './month-names.js';
import { offsetOfZone, zonePattern } from './zones.js';

/**
 * Stamps that are numbers: counted from 1970 (s, ms, us, ns), days of a spreadsheet, or any numbers that grow with
 * time.
 */
export const numericFormats = ['epoch-s', 'epoch-ms', 'epoch-us', 'epoch-ns', 'serial', 'number'] as const;

type NumericFormat = (typeof numericFormats)[number];

/** How stamps are written; plain JSON. */
export interface TimeNotation {
  /**
   * One of {@link numericFormats}, or a text as in Day.js and Moment: `YYYY` or `YY` year, `M` month (`MM` with a
   * leading 0, `MMM` and `MMMM` by name), `D` day, `DDDD` day of the year, `Q` quarter, `W` week and `E` its day (ISO
   * 8601), `H` hour, `h` and `A` hour of half a day, `m` minute, `s` second, `S` fraction, `Z` zone; what stands in
   * brackets is meant as it is.
   */
  readonly format: string;
  /** Of months by name. */
  readonly months?: MonthStyle | undefined;
}

/** One stamp as it was read. */
export interface Stamp {
  /** Milliseconds since 1970: of the moment where there is a zone, else of what the clock shows. */
  readonly ms: number;
  /** As written; '' where there is none. */
  readonly zone: string;
}

const tokens = /\[([^\]]*)\]|YYYY|YY|Y|MMMM|MMM|MM|M|DDDD|DD|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|S+|A|a|Z|Q|WW|W|E/g;

/** What each token reads. Those of two digits take one, unless digits follow or precede them. */
const patterns: Readonly<Record<string, string>> = {
  YYYY: String.raw`\d{4}`,
  Y: String.raw`\d{1,4}`,
  YY: String.raw`\d{2}`,
  MMMM: String.raw`\p{L}+\.?`,
  MMM: String.raw`\p{L}+\.?`,
  DDDD: String.raw`\d{3}`,
  dddd: String.raw`\p{L}+\.?`,
  ddd: String.raw`\p{L}+\.?`,
  A: String.raw`[ap]\.?m\.?`,
  a: String.raw`[ap]\.?m\.?`,
  Z: zonePattern,
  Q: '[1-4]',
  E: '[1-7]',
};

type Part = { readonly literal: string } | { readonly token: string };

function partsOf(format: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of format.matchAll(tokens)) {
    if (match.index > at) parts.push({ literal: format.slice(at, match.index) });
    parts.push(match[1] === undefined ? { token: match[0] } : { literal: match[1] });
    at = match.index + match[0].length;
  }
  if (at < format.length) parts.push({ literal: format.slice(at) });
  return parts;
}

const isNumeric = (format: string): format is NumericFormat => (numericFormats as readonly string[]).includes(format);

/** Reads and writes stamps of one notation. */
export class TimeFormat {
  readonly #parts: readonly Part[];
  readonly #tokens: readonly string[] = [];
  readonly #pattern: RegExp | undefined;

  /** @throws OUT_OF_RANGE for a format without a year. */
  constructor(readonly notation: TimeNotation) {
    const { format } = notation;
    this.#parts = isNumeric(format) ? [] : partsOf(format);
    if (isNumeric(format)) return;
    this.#tokens = this.#parts.flatMap((part) => ('token' in part ? [part.token] : []));
    if (!this.#tokens.some((token) => token.startsWith('Y'))) {
      throw new RondoError('OUT_OF_RANGE', {
        where: 'TimeFormat',
        what: 'the format of stamps has no year.',
        expected: `a format such as YYYY-MM-DD HH:mm or DD/MM/YYYY, or one of ${numericFormats.join(', ')}`,
        received: JSON.stringify(format),
        fix: 'write the letters as in Day.js: YYYY year, MM month, DD day, HH hour, mm minute, ss second.',
      });
    }
    this.#pattern = patternOf(this.#parts);
  }

  /** @returns 'impossible' for what looks like a stamp and is none (31 February); undefined for anything else. */
  read(cell: string): Stamp | 'impossible' | undefined {
    const text = cell.trim();
    const { format } = this.notation;
    if (isNumeric(format)) return readNumber(text, format);
    const match = this.#pattern!.exec(text);
    if (match === null) return undefined;
    const fields: Record<string, string> = {};
    this.#tokens.forEach(
      (token, i) => match[i + 1] !== undefined && (fields[token[0] === 'S' ? 'S' : token] = match[i + 1]),
    );
    return this.#stampOf(fields);
  }

  #stampOf(fields: Readonly<Record<string, string>>): Stamp | 'impossible' {
    const number = (...names: string[]): number | undefined => {
      const name = names.find((name) => fields[name] !== undefined);
      return name === undefined ? undefined : Number(fields[name]);
    };
    const short = number('YY');
    // As POSIX has it: 69 to 99 are of the twentieth century.
    const year = number('YYYY', 'Y') ?? (short! < 69 ? 2000 : 1900) + short!;
    const date = this.#dateOf(year, fields, number);
    if (date === undefined) return 'impossible';
    const half = (fields.A ?? fields.a)?.toLowerCase()[0];
    const ofHalf = number('hh', 'h');
    if (ofHalf !== undefined && (ofHalf < 1 || ofHalf > 12)) return 'impossible';
    const hour = ofHalf === undefined ? (number('HH', 'H') ?? 0) : (ofHalf % 12) + (half === 'p' ? 12 : 0);
    const [minute, second] = [number('mm', 'm') ?? 0, number('ss', 's') ?? 0];
    const fraction = fields.S === undefined ? 0 : Number(`0.${fields.S}`);
    const isEndOfDay = hour === 24 && minute === 0 && second === 0;
    if ((hour > 23 && !isEndOfDay) || minute > 59 || second > 59) return 'impossible';
    const clock = date + hour * hourMs + minute * minuteMs + second * secondMs + fraction * 1000;
    const zone = fields.Z ?? '';
    return { ms: clock - offsetOfZone(zone) * minuteMs, zone };
  }

  #dateOf(
    year: number,
    fields: Readonly<Record<string, string>>,
    number: (...names: string[]) => number | undefined,
  ): number | undefined {
    const dayOfYear = number('DDDD');
    if (dayOfYear !== undefined)
      return dayOfYear >= 1 && dayOfYear <= (isLeapYear(year) ? 366 : 365) ? dateMs(year, 1, dayOfYear) : undefined;
    const week = number('WW', 'W');
    if (week !== undefined) {
      const start = isoWeekMs(year, week);
      if (week < 1 || isoWeekOf(start).year !== year) return undefined;
      return start + ((number('E') ?? 1) - 1) * dayMs;
    }
    const quarter = number('Q');
    if (quarter !== undefined) return dateMs(year, 3 * quarter - 2, 1);
    const name = fields.MMMM ?? fields.MMM;
    const month =
      name === undefined ? (number('MM', 'M') ?? 1) : monthOfName(name, this.notation.months?.language ?? 'en');
    const day = number('DD', 'D') ?? 1;
    if (month === undefined || month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined;
    return dateMs(year, month, day);
  }

  /** The stamp as text. @param zone as a stamp of this notation had it. */
  write(ms: number, zone = ''): string {
    const { format, months = { language: 'en', letters: 'title' } } = this.notation;
    if (isNumeric(format)) return writeNumber(ms, format);
    const clock = Math.round(ms) + offsetOfZone(zone) * minuteMs;
    const { year, month, day, hour, minute, second, millisecond } = civilTimeOf(clock);
    const yearShown = this.#tokens.some((token) => token[0] === 'W') ? isoWeekOf(clock).year : year;
    const padded = (value: number, length: number): string => String(value).padStart(length, '0');
    const written = (token: string): string => {
      switch (token) {
        case 'YYYY':
          return padded(yearShown, 4);
        case 'Y':
          return String(yearShown);
        case 'YY':
          return padded(yearShown % 100, 2);
        case 'MMMM':
          return nameOfMonth(month, 'long', months);
        case 'MMM':
          return nameOfMonth(month, 'short', months);
        case 'M':
        case 'MM':
          return padded(month, token.length);
        case 'DDDD':
          return padded(1 + Math.floor((clock - dateMs(year, 1, 1)) / dayMs), 3);
        case 'D':
        case 'DD':
          return padded(day, token.length);
        case 'ddd':
        case 'dddd':
          return nameOfWeekday(weekdayOf(clock), token === 'ddd' ? 'short' : 'long');
        case 'H':
        case 'HH':
          return padded(hour, token.length);
        case 'h':
        case 'hh':
          return padded(hour % 12 || 12, token.length);
        case 'm':
        case 'mm':
          return padded(minute, token.length);
        case 's':
        case 'ss':
          return padded(second, token.length);
        case 'A':
          return hour < 12 ? 'AM' : 'PM';
        case 'a':
          return hour < 12 ? 'am' : 'pm';
        case 'Z':
          return zone;
        case 'Q':
          return String(Math.ceil(month / 3));
        case 'W':
        case 'WW':
          return padded(isoWeekOf(clock).week, token.length);
        case 'E':
          return String(weekdayOf(clock));
        default:
          return padded(millisecond, 3).padEnd(token.length, '0').slice(0, token.length);
      }
    };
    return this.#parts.map((part) => ('literal' in part ? part.literal : written(part.token))).join('');
  }
}

/** A clock behind a date may be missing, and seconds may be: some programs leave out what is 0. */
function patternOf(parts: readonly Part[]): RegExp {
  const isDigits = (part: Part | undefined): boolean =>
    part !== undefined && 'token' in part && !/^(MMM|ddd|a$|A$|Z)/.test(part.token);
  const source = (part: Part, i: number): string => {
    if ('literal' in part) return part.literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/\s+/g, '\\s+');
    const { token } = part;
    const isTight = isDigits(parts[i - 1]) || isDigits(parts[i + 1]);
    return (
      '(' +
      (patterns[token] ??
        (token[0] === 'S' ? String.raw`\d{1,9}` : isTight ? String.raw`\d{2}` : String.raw`\d{1,2}`)) +
      ')'
    );
  };
  const indexOf = (...names: string[]): number =>
    parts.findIndex((part) => 'token' in part && names.includes(part.token[0]));
  const [hour, second] = [indexOf('H', 'h'), indexOf('s')];
  const dateIsFirst = hour > Math.max(...['Y', 'M', 'D', 'Q', 'W'].map((name) => indexOf(name)));
  const before = (at: number): number => (at > 0 && 'literal' in parts[at - 1] ? at - 1 : at);
  let [result, close] = ['', ''];
  parts.forEach((part, i) => {
    if (dateIsFirst && i === before(hour)) [result, close] = [`${result}(?:`, ')?'];
    if (second > 0 && i === before(second)) result += '(?:';
    // A fraction goes with its seconds.
    result +=
      'literal' in part && i === second + 1 && second > 0 && /^[.,]$/.test(part.literal) ? '(?:[.,]' : source(part, i);
    if ('token' in part && part.token[0] === 'S') result += ')?';
    const hasFraction =
      parts[second + 2] !== undefined &&
      'token' in parts[second + 2] &&
      (parts[second + 2] as { token: string }).token[0] === 'S';
    if (second > 0 && i === (hasFraction ? second + 2 : second)) result += ')?';
  });
  return new RegExp(`^${result}${close}$`, 'iu');
}

const perUnit: Readonly<Record<Exclude<NumericFormat, 'serial' | 'number'>, number>> = {
  'epoch-s': 1e3,
  'epoch-ms': 1,
  'epoch-us': 1e-3,
  'epoch-ns': 1e-6,
};

/** Day 25569 of a spreadsheet is 1 January 1970. */
const serialOf1970 = 25_569;

function readNumber(text: string, format: NumericFormat): Stamp | undefined {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) return undefined;
  if (format === 'number') return { ms: value, zone: '' };
  // The fraction of a day that a spreadsheet writes is exact to about a second.
  const ms = format === 'serial' ? Math.round((value - serialOf1970) * 86_400) * 1000 : value * perUnit[format];
  return Math.abs(ms) < 8.64e15 ? { ms, zone: '' } : undefined;
}

function writeNumber(ms: number, format: NumericFormat): string {
  if (format === 'number') return String(Number(ms.toPrecision(12)));
  if (format === 'serial') return String(Number((ms / dayMs + serialOf1970).toFixed(8)));
  // A number of nanoseconds is beyond what a double holds exactly.
  if (format === 'epoch-ns') return String(BigInt(Math.round(ms)) * 1_000_000n);
  return String(Math.round(ms / perUnit[format]));
}

import { type MonthLanguage, type MonthStyle, monthLanguages, monthOfName } from './month-names.js';
import type { TimeNotation } from './time-format.js';
import { zonePattern } from './zones.js';

/** A beginning of a cell that may be a date. */
interface DateShape {
  readonly pattern: RegExp;
  /** How it may be meant; what is more usual first. */
  readonly formats: (match: RegExpExecArray) => readonly string[];
}

/** A separator as part of a format. */
const literal = (text: string): string => (/\p{L}/u.test(text) ? `[${text}]` : text);

const year = String.raw`(\d{4}|\d{2})`;
const yearToken = (text: string): string => (text.length === 4 ? 'YYYY' : 'YY');
const monthToken = (name: string): string => (name.replace('.', '').length > 3 ? 'MMMM' : 'MMM');
const name = String.raw`(\p{L}{3,}\.?)`;

const shapes: readonly DateShape[] = [
  { pattern: /^(\d{4})([-/._ ])\d{1,2}\2\d{1,2}(?!\d)/u, formats: ([, , by]) => [`YYYY${by}MM${by}DD`] },
  { pattern: /^\d{4}年\d{1,2}月\d{1,2}日/u, formats: () => ['YYYY年MM月DD日'] },
  { pattern: /^\d{4}年\d{1,2}月/u, formats: () => ['YYYY年MM月'] },
  {
    pattern: new RegExp(String.raw`^(\d{1,2})([-/. ])\d{1,2}\2${year}(?!\d)`, 'u'),
    formats: ([, , by, last]) => {
      const orders = [`DD${by}MM${by}${yearToken(last)}`, `MM${by}DD${by}${yearToken(last)}`];
      return last.length === 2 ? [...orders, `YY${by}MM${by}DD`] : orders;
    },
  },
  {
    pattern: new RegExp(String.raw`^\d{1,2}(\.?[- /]?|\.)${name}([- /,]*)${year}(?!\d)`, 'u'),
    formats: ([, a, month, b, y]) => [`DD${a}${monthToken(month)}${b}${yearToken(y)}`],
  },
  {
    pattern: new RegExp(String.raw`^${name}( ?)\d{1,2}(,? )${year}(?!\d)`, 'u'),
    formats: ([, month, a, b, y]) => [`${monthToken(month)}${a}DD${b}${yearToken(y)}`],
  },
  {
    pattern: new RegExp(String.raw`^${name}([- /,']*)${year}$`, 'u'),
    formats: ([, month, by, y]) => [`${monthToken(month)}${by}${yearToken(y)}`],
  },
  {
    pattern: new RegExp(String.raw`^\d{4}([- /]?)${name}([- /]?)\d{1,2}(?!\d)`, 'u'),
    formats: ([, a, month, b]) => [`YYYY${a}${monthToken(month)}${b}DD`],
  },
  {
    pattern: new RegExp(String.raw`^\d{4}([- /]?)${name}$`, 'u'),
    formats: ([, by, month]) => [`YYYY${by}${monthToken(month)}`],
  },
  { pattern: /^\d{4}([-: ]?[QqTt])[1-4]$/u, formats: ([, by]) => [`YYYY${literal(by)}Q`] },
  {
    pattern: new RegExp(String.raw`^([QqTt])[1-4]([-/ ]?)${year}$`, 'u'),
    formats: ([, q, by, y]) => [`${literal(q)}Q${by}${yearToken(y)}`],
  },
  {
    pattern: new RegExp(String.raw`^[1-4]([QqTt][-/ ]?)${year}$`, 'u'),
    formats: ([, by, y]) => [`Q${literal(by)}${yearToken(y)}`],
  },
  {
    pattern: /^\d{4}([- ]?[Ww])\d{1,2}(-[1-7])?$/u,
    formats: ([, by, day]) => [`YYYY${literal(by)}WW${day === undefined ? '' : '-E'}`],
  },
  { pattern: /^\d{4}([-: ]?[Mm])\d{1,2}$/u, formats: ([, by]) => [`YYYY${literal(by)}MM`] },
  { pattern: /^\d{4}-\d{3}(?!\d)/u, formats: () => ['YYYY-DDDD'] },
  { pattern: /^\d{4}([-/.])\d{1,2}$/u, formats: ([, by]) => [`YYYY${by}MM`] },
  { pattern: /^\d{1,2}([-/.])\d{4}$/u, formats: ([, by]) => [`MM${by}YYYY`] },
  { pattern: /^\d{1,2}([-/])\d{2}$/u, formats: ([, by]) => [`Y${by}MM`, `MM${by}YY`] },
  { pattern: /^\d{8}(?=[T _])/u, formats: () => ['YYYYMMDD'] },
  { pattern: /^\d{14}$/u, formats: () => ['YYYYMMDDHHmmss'] },
  { pattern: /^\d{12}$/u, formats: () => ['YYYYMMDDHHmm'] },
  { pattern: /^\d{10}$/u, formats: () => ['YYYYMMDDHH'] },
  { pattern: /^\d{8}$/u, formats: () => ['YYYYMMDD', 'DDMMYYYY', 'MMDDYYYY'] },
  { pattern: /^\d{7}$/u, formats: () => ['YYYYDDDD'] },
  { pattern: /^\d{6}$/u, formats: () => ['YYYYMM', 'YYMMDD', 'DDMMYY'] },
  { pattern: /^\d{4}$/u, formats: () => ['YYYY'] },
];

const clock = new RegExp(
  String.raw`^(T|[\s,;_:]+|\s*-\s+)(\d{1,2})(?:([:.hH])(\d{2})(?:([:.])(\d{2})(?:([.,])(\d{1,9}))?)?|h)?` +
    String.raw`(\s?[ap]\.?m\.?)?(?:(\s?)(${zonePattern}))?$`,
  'iu',
);
const tightClock = new RegExp(String.raw`^(T)(\d{2})(\d{2})(\d{2})?(?:(\s?)(${zonePattern}))?$`, 'iu');
const weekday = /^(\p{L}{2,})(\.?,?\s+)(?=\d|\p{L}{3})/u;

/** The part of a format for what follows a date; undefined where it is no time of a day. */
function clockFormat(text: string): string | undefined {
  if (text === '') return '';
  const tight = tightClock.exec(text);
  if (tight !== null)
    return `[T]HHmm${tight[4] === undefined ? '' : 'ss'}${tight[6] === undefined ? '' : `${tight[5]}Z`}`;
  const match = clock.exec(text);
  if (match === null) return undefined;
  const [, before, , byMinute, minute, bySecond, second, byFraction, fraction, half, beforeZone, zone] = match;
  const hour = half === undefined ? 'HH' : 'hh';
  const minutes =
    minute === undefined
      ? /h/i.test(text) && half === undefined && zone === undefined
        ? '[h]'
        : ''
      : `${literal(byMinute)}mm`;
  const seconds = second === undefined ? '' : `${bySecond}ss`;
  const fractions = fraction === undefined ? '' : `${byFraction}${'S'.repeat(fraction.length)}`;
  const halves =
    half === undefined
      ? ''
      : `${half.startsWith(' ') ? ' ' : ''}${half.trim()[0] === half.trim()[0].toUpperCase() ? 'A' : 'a'}`;
  const offset = zone === undefined ? '' : `${beforeZone}Z`;
  return `${literal(before)}${hour}${minutes}${seconds}${fractions}${halves}${offset}`;
}

function lettersOf(word: string): MonthStyle['letters'] {
  if (word === word.toUpperCase()) return 'upper';
  return word === word.toLowerCase() ? 'lower' : 'title';
}

/** Every way in which one cell may be a stamp, as a notation; what is more usual first. */
export function notationsOf(cell: string): TimeNotation[] {
  const text = cell.trim();
  if (text.length > 60 || !/\d/.test(text)) return [];
  const found: TimeNotation[] = [];
  for (const { pattern, formats } of shapes) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const rest = clockFormat(text.slice(match[0].length));
    if (rest === undefined) continue;
    const word = match.slice(1).find((group) => /^\p{L}{3,}\.?$/u.test(group ?? ''));
    for (const format of formats(match)) {
      if (!format.includes('MMM')) found.push({ format: `${format}${rest}` });
      else
        for (const language of languagesOf(word ?? ''))
          found.push({ format: `${format}${rest}`, months: { language, letters: lettersOf(word!) } });
    }
  }
  // A name of a weekday and one of a month look alike: "Mar 1, 2020" may begin with either in some language.
  const day = weekday.exec(text);
  if (found.length > 0 || day === null) return found;
  const token = day[1].length > 3 ? 'dddd' : 'ddd';
  return notationsOf(text.slice(day[0].length)).map((rest) => ({ ...rest, format: `${token}${day[2]}${rest.format}` }));
}

/** English alone where it knows the name: a column in another language has other names too. */
function languagesOf(word: string): readonly MonthLanguage[] {
  if (monthOfName(word, 'en') !== undefined) return ['en'];
  return monthLanguages.filter((language) => monthOfName(word, language) !== undefined);
}

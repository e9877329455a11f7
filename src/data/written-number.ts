/** The sign before the decimals of numbers: `1.5` or `1,5`. */
export const decimalSigns = ['point', 'comma'] as const;
export type DecimalSign = (typeof decimalSigns)[number];

/** What a text says as a number. */
export interface WrittenNumber {
  /** Its value where a point stands before decimals, and where a comma does; NaN where it is none then. */
  readonly point: number;
  readonly comma: number;
  /** What stands before and after the digits: a currency, a unit, a percent sign. */
  readonly before: string;
  readonly after: string;
  /** Whether parentheses say that it is negative, as in bookkeeping. */
  readonly isInParentheses: boolean;
}

/** Longer texts are no numbers. */
const longest = 80;

const currencies = 'USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|TRY|KRW|SGD|HKD|RUB';
const before = String.raw`\p{Sc}|(?:US|R|A|C|NZ|HK|S)\$|Rs\.?|kr\.?|zł|Fr\.|${currencies}`;
const after = String.raw`%|‰|\p{Sc}|[\p{Script=Latin}\p{Script=Greek}°µ][\p{Script=Latin}\p{Script=Greek}°µ%/·.²³^]*[23]?|[元円원]`;
const sign = String.raw`[+\-\u2212]`;
const core = String.raw`(?:\d[\d.,'\u2019 \u00a0\u202f\u2009]*|[.,]\d+)(?:(?<=[\d.,])e[+-]?\d+)?`;
const pattern = new RegExp(
  String.raw`^(\()?(${sign})?(${before})?\s*(${sign})?(${core})(${after})?\s*(${sign})?(\))?$`,
  'iu',
);

const plain = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const grouped = /^\d{1,3}[.,]\d{3}$/;

/**
 * Reads a number as people and programs of many countries write it: a point or a comma before decimals; thousands apart
 * by the other of the two, by spaces of any kind or by apostrophes (also in lakhs, `12,34,567`); `+`, `-` or the minus
 * sign before or after it, or parentheses for a negative; a currency or a unit before or after. Undefined for what is
 * no number in either way.
 */
export function writtenNumber(cell: string): WrittenNumber | undefined {
  if (cell.length > longest) return undefined;
  const text = cell.trim();
  // Most are written as programs do, and this is faster.
  if (plain.test(text) && !grouped.test(text)) {
    const value = Number(text);
    return { point: value, comma: text.includes('.') ? NaN : value, before: '', after: '', isInParentheses: false };
  }
  const found = pattern.exec(text);
  if (found === null) return undefined;
  const [, open, firstSign, prefix = '', secondSign, digits, suffix = '', lastSign, close] = found;
  const signs = [firstSign, secondSign, lastSign].filter((own) => own !== undefined);
  if ((open === undefined) !== (close === undefined) || signs.length > (open === undefined ? 1 : 0)) return undefined;
  const isNegative = open !== undefined || (signs.length === 1 && signs[0] !== '+');
  const [point, comma] = [valueOf(digits, '.', ','), valueOf(digits, ',', '.')].map((value) =>
    isNegative ? -value : value,
  );
  if (Number.isNaN(point) && Number.isNaN(comma)) return undefined;
  return { point, comma, before: prefix, after: suffix, isInParentheses: open !== undefined };
}

/** Digits with one sign before decimals and at most one kind of sign between thousands; NaN for anything else. */
function valueOf(text: string, decimalSign: string, groupSign: string): number {
  const exponentAt = text.search(/e/i);
  const mantissa = (exponentAt < 0 ? text : text.slice(0, exponentAt)).trimEnd();
  const exponent = exponentAt < 0 ? '' : text.slice(exponentAt);
  const [whole, decimals = '', ...more] = mantissa.split(decimalSign);
  if (more.length > 0 || !/^\d*$/.test(decimals)) return NaN;
  const separator = /[^\d]/.exec(whole)?.[0];
  if (separator === undefined) return whole + decimals === '' ? NaN : Number(`${whole}.${decimals}${exponent}`);
  if (exponent !== '' || separator === decimalSign || (!/['\u2019\s]/.test(separator) && separator !== groupSign))
    return NaN;
  const [first, ...groups] = whole.split(separator);
  const last = groups.at(-1)!;
  const isGrouped =
    /^[1-9]\d{0,2}$/.test(first) &&
    /^\d{3}$/.test(last) &&
    groups.every((group) => group.length === 3 || (group.length === 2 && separator === ',')) &&
    groups.every((group) => /^\d+$/.test(group));
  return isGrouped ? Number(`${first}${groups.join('')}.${decimals}`) : NaN;
}

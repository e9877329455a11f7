/** What one cell of a table holds. */
export type CellKind = 'number' | 'date' | 'missing' | 'text';

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const missing = new Set(['', 'na', '<na>', 'n/a', '#n/a', 'nan', '+nan', '-nan', 'null', 'none', 'nil', '-', '?', '.']);
const infinite = new Set(['inf', '+inf', '-inf', 'infinity', '+infinity', '-infinity', '∞', '+∞', '-∞']);

const time = String.raw`(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[ap]m)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?`;
const month = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*';
const dates = [
  new RegExp(String.raw`^\d{4}[-/.]\d{1,2}([-/.]\d{1,2}${time})?$`, 'i'),
  new RegExp(String.raw`^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}${time}$`, 'i'),
  new RegExp(String.raw`^(?:\d{1,2}[- ])?${month}\.?[- ,](?:\d{1,2},? )?\d{2,4}${time}$`, 'i'),
  /^\d{4}年\d{1,2}月(\d{1,2}日)?$/,
  /^\d{1,2}:\d{2}(:\d{2})?$/,
];

/** Missing are empty cells and the usual words for them (NA, NaN, null, none, `-`, `?`), and infinite values. */
export function cellKind(cell: string): CellKind {
  const text = cell.trim();
  // "2020.01" is a number as well as a month; a number is what a series needs.
  if (decimal.test(text)) return Number.isFinite(Number(text)) ? 'number' : 'missing';
  const word = text.toLowerCase();
  if (missing.has(word) || infinite.has(word)) return 'missing';
  return dates.some((date) => date.test(text)) ? 'date' : 'text';
}

/** Whether a cell is written as a number that is not finite: NaN, infinity, or one that float64 cannot hold. */
export function isNotFinite(cell: string): boolean {
  const text = cell.trim().toLowerCase();
  return infinite.has(text) || /^[+-]?nan$/.test(text) || (decimal.test(text) && !Number.isFinite(Number(text)));
}

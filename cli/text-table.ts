import { columnsOf } from './style.js';
import { padEndToWidth, padStartToWidth, widestOf } from './terminal/display-width.js';
import { oneLine } from './terminal/printable.js';

/**
 * Rows under headings, columns aligned: the first to the left, the others to the right. Names from files cannot break
 * it. Where the terminal is too narrow, each row becomes a block of lines, a heading and a value each.
 *
 * @param columns width of the terminal; undefined where there is none.
 */
export function textTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns = columnsOf(),
): string {
  const lines = [headings, ...rows].map((line) => line.map(oneLine));
  const widths = headings.map((_, column) => widestOf(lines.map((line) => line[column])));
  const width = widths.reduce((sum, own) => sum + own, 2 * (widths.length - 1));
  if (columns !== undefined && width > columns && headings.length > 1) return stacked(lines);
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? padEndToWidth(cell, widths[0]) : padStartToWidth(cell, widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function stacked([headings, ...rows]: readonly (readonly string[])[]): string {
  const below = headings.slice(1);
  const room = widestOf(below);
  return rows
    .flatMap(([first, ...cells]) => [
      `${headings[0]} ${first}`.trim(),
      ...below.map((heading, i) => `  ${padEndToWidth(heading, room)}  ${cells[i]}`.trimEnd()),
    ])
    .join('\n');
}

/** A number with about four significant digits; `-` where there is none. */
export function shortNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e6 || magnitude < 1e-4)) return value.toExponential(3);
  return Number(value.toPrecision(magnitude >= 1000 ? 6 : 4)).toString();
}

/** Four significant digits with their zeros, for columns; `-` where there is no number. */
export function fourDigits(value: number | null): string {
  if (value === null) return '-';
  const magnitude = Math.abs(value);
  return magnitude >= 1e4 || (magnitude < 1e-3 && magnitude > 0) ? value.toExponential(3) : value.toPrecision(4);
}

/** An error: four significant digits without an exponent from 1e-4 to 1e9; `-` where there is none. */
export function errorNumber(value: number | null): string {
  if (value === null) return '-';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e9)) return value.toExponential(3);
  return magnitude === 0 ? '0' : value.toFixed(Math.max(0, 3 - Math.floor(Math.log10(magnitude))));
}

/**
 * How forecasts of known values are written: all with the same decimals, one more than those of the known ones, but no
 * more than leave six significant digits of what these differ by, or of their size where they do not.
 */
export function columnFormat(known: readonly number[]): (value: number) => string {
  let [least, most, inputDecimals] = [Infinity, -Infinity, 0];
  for (const value of known) {
    if (!Number.isFinite(value)) continue;
    [least, most] = [Math.min(least, value), Math.max(most, value)];
    inputDecimals = Math.max(inputDecimals, decimalsOf(value));
  }
  const size = most > least ? most - least : Math.abs(most);
  const room = size > 0 && Number.isFinite(size) ? 5 - Math.floor(Math.log10(size)) : 0;
  const decimals = Math.min(100, Math.max(0, Math.min(inputDecimals + 1, room)));
  return (value) =>
    Math.abs(value) < 1e15 ? value.toFixed(decimals).replace(/^-(?=0(\.0*)?$)/, '') : value.toExponential(6);
}

/** Digits after the point of a number as it is usually written. */
function decimalsOf(value: number): number {
  const [digits, exponent = '0'] = String(value).split('e');
  return Math.max(0, (digits.split('.')[1] ?? '').length - Number(exponent));
}

/** `1,234,567`. */
export function withSeparators(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 row`, `2,345 rows`. */
export function counted(count: number, noun: string): string {
  return `${withSeparators(count)} ${noun}${count === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`;
}

/** `12.3 MB`: decimal units, as disks are sold. */
export function fileSize(sizeBytes: number): string {
  for (const [size, unit] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const)
    if (sizeBytes >= size) return `${(sizeBytes / size).toPrecision(3)} ${unit}`;
  return `${sizeBytes} bytes`;
}

/** `87.3 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

import { RondoError } from '../../src/index.js';
import { widestOf } from './display-width.js';
import { PlotCanvas } from './plot-canvas.js';
import { type Tick, ticksBetween } from './plot-ticks.js';
import { oneLine } from './printable.js';

export { type SparklineOptions, sparkline } from './sparkline.js';

export interface PlotSeries {
  name: string;
  /** One value for each step; a value that is not finite leaves a gap. */
  values: ArrayLike<number>;
  /** Step of the first value; 0 by default. */
  start?: number | undefined;
}

export interface LinePlotOptions {
  /** Characters of a line, axis labels included; 72 by default. */
  width?: number | undefined;
  /** Lines of the drawing, without axis, title and legend; 14 by default. */
  height?: number | undefined;
  title?: string | undefined;
  /** What the steps are, below the axis. */
  xLabel?: string | undefined;
  /** Marks of the axis of steps, in their order; whole numbers by default. */
  xTicks?: readonly Tick[] | undefined;
  /** Colour the series (ANSI); false by default. */
  colour?: boolean | undefined;
  /** Use ASCII characters only; false by default. */
  ascii?: boolean | undefined;
}

const colours = [36, 33, 35, 32, 34, 31];
const marks = { unicode: ['•', '×', '+', 'o', '◆', '▲'], ascii: ['*', 'x', '+', 'o', '#', '@'] };

/**
 * Lines over steps as text, to be printed: axis labels, the drawing, the legend; lines have no trailing spaces.
 *
 * Braille dots (2 x 4 a character) draw one series, or several in colour. Several series without colour have a mark
 * each at a whole character, because dots cannot be told apart; later series are drawn over earlier ones.
 *
 * @throws OUT_OF_RANGE when there is no room to draw (width below 32, height below 3).
 */
export function linePlot(series: readonly PlotSeries[], options: LinePlotOptions = {}): string {
  const { width = 72, height = 14, title, xLabel, xTicks, colour = false, ascii = false } = options;
  requireRoom('width', width, 32);
  requireRoom('height', height, 3);
  const range = rangeOf(series);
  const heading = title === undefined ? [] : [oneLine(title)];
  if (range === undefined) return [...heading, '(nothing to draw: no finite value)'].join('\n');

  const yTicks = ticksBetween(range.low, range.high, Math.max(3, Math.floor(height * 0.6)));
  const labelWidth = Math.max(1, widestOf(yTicks.map(({ label }) => label)));
  const useDots = !ascii && (colour || series.length === 1);
  const canvas = new PlotCanvas(width - labelWidth - 2, height, useDots ? 2 : 1, useDots ? 4 : 1);
  const dotX = (x: number): number =>
    Math.round(((x - range.first) / (range.last - range.first)) * (canvas.dotsWide - 1));
  // Halved first, because the whole span of float64 is no float64.
  const dotY = (y: number): number =>
    Math.round(((range.high / 2 - y / 2) / (range.high / 2 - range.low / 2)) * (canvas.dotsHigh - 1));
  for (const [index, one] of series.entries()) draw(canvas, one, index, dotX, dotY);

  const paint = (text: string, index: number): string =>
    colour ? `\x1b[${colours[index % colours.length]}m${text}\x1b[0m` : text;
  const markOf = (index: number): string => marks[ascii ? 'ascii' : 'unicode'][index % marks.ascii.length];
  const glyph = (index: number, dots: number): string => (useDots ? String.fromCharCode(0x2800 + dots) : markOf(index));

  const labels = new Map(
    yTicks.map(({ value, label }) => [Math.floor((dotY(value) * height) / canvas.dotsHigh), label]),
  );
  const lines: string[] = [...heading];
  for (let row = 0; row < height; row++) {
    const label = labels.get(row);
    const axis = ascii ? (label === undefined ? '|' : '+') : label === undefined ? '│' : '┤';
    lines.push(`${(label ?? '').padStart(labelWidth)} ${axis}${canvas.row(row, glyph, paint)}`);
  }
  const columnOf = (x: number): number => Math.floor((dotX(x) * canvas.columns) / canvas.dotsWide);
  const marked = xTicks ?? ticksBetween(range.first, range.last, Math.floor(canvas.columns / 7), true);
  for (const line of xAxis(marked, canvas.columns, columnOf, ascii)) lines.push(' '.repeat(labelWidth + 1) + line);
  if (xLabel !== undefined) lines.push(' '.repeat(Math.max(0, width - xLabel.length)) + xLabel);
  const legend = series.map(({ name }, index) => paint(`${useDots ? '──' : markOf(index)} ${oneLine(name)}`, index));
  if (series.length > 1 || series[0].name !== '') lines.push(' '.repeat(labelWidth + 2) + legend.join('   '));
  return lines.join('\n');
}

interface Range {
  first: number;
  last: number;
  low: number;
  high: number;
}

/** The steps and values to show; a single step or value gets some room on both sides. */
function rangeOf(series: readonly PlotSeries[]): Range | undefined {
  let [first, last, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { values, start = 0 } of series) {
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) continue;
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    if (values.length === 0) continue;
    first = Math.min(first, start);
    last = Math.max(last, start + values.length - 1);
  }
  if (low > high) return undefined;
  // Float64 cannot place marks in a range that is narrower, or hardly wider than zero.
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high / 2 - low / 2 <= Math.max(1e-13 * size, 1e-290)) {
    const room = size > 1e-280 ? 0.1 * size : 1;
    [low, high] = [Math.max(low - room, -Number.MAX_VALUE), Math.min(high + room, Number.MAX_VALUE)];
  }
  return first === last ? { first: first - 0.5, last: last + 0.5, low, high } : { first, last, low, high };
}

function draw(
  canvas: PlotCanvas,
  { values, start = 0 }: PlotSeries,
  series: number,
  dotX: (x: number) => number,
  dotY: (y: number) => number,
): void {
  let before: [x: number, y: number] | undefined;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      before = undefined;
      continue;
    }
    const [x, y] = [dotX(start + i), dotY(values[i])];
    canvas.line(...(before ?? [x, y]), x, y, series);
    before = [x, y];
  }
}

/** The axis with its marks, and the line of labels below it; a label without room is left out, with its mark. */
function xAxis(ticks: readonly Tick[], columns: number, columnOf: (x: number) => number, ascii: boolean): string[] {
  const axis = new Array<string>(columns).fill(ascii ? '-' : '─');
  let labels = '';
  for (const { value, label } of ticks) {
    const column = columnOf(value);
    const at = Math.min(Math.max(0, column - Math.floor(label.length / 2)), columns - label.length);
    if (at < labels.length + (labels === '' ? 0 : 2)) continue;
    labels = labels.padEnd(at) + label;
    axis[column] = ascii ? '+' : '┬';
  }
  return [`${ascii ? '+' : '└'}${axis.join('')}`, ` ${labels}`];
}

function requireRoom(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RondoError('OUT_OF_RANGE', {
    where: 'linePlot',
    what: `\`${name}\` is out of range.`,
    expected: `a whole number of at least ${least}`,
    received: String(value),
    fix: `give \`${name}\` more room.`,
  });
}

import { describeFrequency, type Series, type SeriesColumns, stampOf } from '../../src/index.js';
import { withSeparators } from '../text-table.js';

/** What a table was taken for: its rows, its columns, its times, and what was done to them; a line each. */
export function seriesLines(where: string, columns: SeriesColumns): string[] {
  const { names, series, leftOut, notes } = columns;
  const numRows = series.reduce((sum, one) => sum + one.numRows, 0);
  const [target, ...others] = names;
  const many = series.length > 1 ? ` in ${withSeparators(series.length)} series` : '';
  const unused = leftOut.map(({ name, reason }) => `; left out ${name} (${reason})`).join('');
  return [
    `${where}: ${withSeparators(numRows)} rows${many}; target ` +
      `${target}${others.length > 0 ? `, with ${others.join(', ')}` : ''}${unused}`,
    ...timeLine(columns),
    ...notes.map(({ text }) => `  ${text}`),
  ];
}

function timeLine({ time, series }: SeriesColumns): string[] {
  if (time === undefined) return ['no times: the rows are taken in their order'];
  const { columns, notation } = time.reading;
  const isEven = time.frequency !== undefined && notation.format !== 'number';
  const every = isEven ? `, every ${describeFrequency(time.frequency)}` : '';
  const shown = series.length > 1 ? ` in ${series[0].name}` : '';
  return [
    `time ${columns.join(', ')} (${notation.format})${every}: ` +
      `${spanOf(time, series[0], 0, series[0].numRows - 1)}${shown}`,
  ];
}

/** `2020-01-01 to 2020-12-31`; row numbers where there are no times. */
export function spanOf(time: SeriesColumns['time'], series: Series, first: number, last: number): string {
  const stamps = [first, last].map((row) => stampOf(time, series, row));
  if (stamps.some((stamp) => stamp === undefined)) return `rows ${withSeparators(first)} to ${withSeparators(last)}`;
  return stamps.join(' to ');
}

import { describeFrequency, type Forecaster } from '../../src/index.js';
import { withSeparators } from '../text-table.js';

/** Series that are shown by name. */
const mostShown = 8;

/** What a forecaster was trained on, and how it reads a table; a line each. */
export function aboutSeries({ options, names, series, reading }: Forecaster): string[] {
  const [target, ...others] = names;
  const rows = (name: 'numTrainingRows' | 'numSeenRows'): number => series.reduce((sum, one) => sum + one[name], 0);
  // Where all rows were learned from in the end, none are left that only chose.
  const numMore = rows('numSeenRows') - rows('numTrainingRows');
  const unused = (reading?.leftOut ?? []).map(({ name, reason }) => `; left out ${name} (${reason})`).join('');
  const told = Object.entries(reading?.file ?? {}).map(([name, value]) => `--${name} ${value}`);
  return [
    `task      forecast of ${target}, ${options.horizon} steps ahead from windows of ${options.timesteps}`,
    `columns   ${[target, ...others].join(', ')}${unused}`,
    ...(told.length > 0 ? [`file      read with ${told.join(' ')}`] : []),
    `time      ${timeOf(reading)}`,
    ...(reading === undefined || reading.series.length === 0
      ? []
      : [`series    ${reading.series.join(', ')}: ${withSeparators(series.length)} (${shownNames(series)})`]),
    `trained   on ${withSeparators(rows('numTrainingRows'))} ` +
      `rows${numMore > 0 ? `, chosen on ${withSeparators(numMore)} more` : ''}; season ${options.season}`,
  ];
}

function timeOf(reading: Forecaster['reading']): string {
  if (reading === undefined) return 'not kept in a file of this early version: found in each table';
  const { time, frequency } = reading;
  if (time === null) return 'none: rows are taken in their order';
  const { format } = time.notation;
  const step =
    frequency === null
      ? 'no even step: each row is one'
      : format === 'number'
        ? `every ${frequency.step}`
        : `every ${describeFrequency(frequency)}`;
  return `${time.columns.join(', ')} (${format}), ${step}`;
}

function shownNames(series: Forecaster['series']): string {
  const shown = series.slice(0, mostShown).map(({ name }) => name);
  return `${shown.join('; ')}${series.length > mostShown ? '; ...' : ''}`;
}

import type { SeriesColumnsOptions } from '../../src/index.js';
import type { Given, OptionSpecs } from '../options.js';

/** Where a table has its times. */
export const timeOptions = {
  time: {
    type: 'text',
    once: true,
    value: 'COLUMN',
    about:
      'Where dates or times are; several columns that make one are separated by commas; none takes the rows in ' +
      'their order. Default: the column that is clearly of times.',
  },
  'time-format': {
    type: 'text',
    value: 'FORMAT',
    about: 'How times are written, for example DD/MM/YYYY or YYYY-MM-DD HH:mm. Default: found from all cells.',
  },
} as const satisfies OptionSpecs;

/** What the rows of a table are. */
export const seriesOptions = {
  ...timeOptions,
  series: {
    type: 'text',
    once: true,
    value: 'COLUMN',
    about:
      'The column that names the series of each row, in a table of several; several columns are separated by commas.',
  },
  missing: {
    type: 'text',
    value: 'HOW',
    choices: ['previous', 'error', 'interpolate'],
    about:
      'What the model sees where values are missing: previous (default) is the last one before. error refuses ' +
      'them. They are never scored.',
  },
} as const satisfies OptionSpecs;

export function givenTimes(options: Given<typeof timeOptions>): Pick<SeriesColumnsOptions, 'time' | 'timeFormat'> {
  return { time: options.time, timeFormat: options['time-format'] };
}

export function givenSeries(
  options: Given<typeof seriesOptions>,
): Pick<SeriesColumnsOptions, 'time' | 'timeFormat' | 'series' | 'missing'> {
  // The library refuses a line between neighbours, and says why.
  return {
    ...givenTimes(options),
    series: options.series,
    missing: options.missing as SeriesColumnsOptions['missing'],
  };
}

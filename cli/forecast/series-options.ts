import { forecastOptions, type SeriesColumnsOptions } from '../../src/index.js';
import type { Given, OptionSpec } from '../options.js';
import { taskFlags } from '../task-flags.js';

/** Where a table has its times. */
export const timeOptions = taskFlags(forecastOptions, ['time', 'timeFormat']) as Readonly<
  Record<'time' | 'time-format', OptionSpec & { readonly type: 'text' }>
>;

export function givenTimes(options: Given<typeof timeOptions>): Pick<SeriesColumnsOptions, 'time' | 'timeFormat'> {
  return { time: options.time, timeFormat: options['time-format'] };
}

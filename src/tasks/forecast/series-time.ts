import { type Frequency, timeAfter } from '../../data/time/frequency.js';
import type { TimeReading } from '../../data/time/time-column.js';
import type { TimeFormat } from '../../data/time/time-format.js';
import type { Series } from './series.js';

/** The stamps of series: where they stood, and how they go on. */
export interface SeriesTime {
  readonly reading: TimeReading;
  readonly format: TimeFormat;
  /** Undefined where the steps are not even. */
  readonly frequency: Frequency | undefined;
  /** The zone that the last row of each series is written with, by name of series; '' where there is none. */
  readonly zones: ReadonlyMap<string, string>;
}

/**
 * The stamp of a row of a series as its file writes it; of a row beyond its end too, where the steps are even.
 *
 * Clocks are taken to go on as at the end of the series: what would change them is not in the file.
 */
export function stampOf(time: SeriesTime | undefined, series: Series, row: number): string | undefined {
  if (time === undefined || series.times === undefined || series.numRows === 0) return undefined;
  const zone = time.zones.get(series.name) ?? '';
  if (row < series.numRows) return time.format.write(series.times[row], zone);
  if (time.frequency === undefined) return undefined;
  const last = series.numRows - 1;
  return time.format.write(timeAfter(time.frequency, series.times[last], row - last), zone);
}

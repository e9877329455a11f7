import { styleOf } from '../style.js';
import { linePlot } from '../terminal/plot.js';
import { ticksBetween } from '../terminal/plot-ticks.js';
import { fileSize } from '../text-table.js';
import type { ShownForm } from './choose-form.js';
import type { TaskQuality } from './quality.js';

/** Places along the axis of sizes, with one between neighbours, which would be joined by a line. */
const numPlaces = 33;

/** Quality over file size for a terminal: the front, and all other forms. */
export function paretoPlot(shown: readonly ShownForm[], { about, better }: TaskQuality): string {
  const { width, colour, ascii } = styleOf();
  const sizes = shown.map(({ sizeBytes }) => sizeBytes).sort((a, b) => a - b);
  const [least, most] = [sizes[0], sizes[sizes.length - 1]];
  const placeOf = (sizeBytes: number): number =>
    2 * Math.round(((sizeBytes - least) / (most - least || 1)) * (numPlaces - 1));
  const seriesOf = (isOnFront: boolean): Float64Array => {
    const values = new Float64Array(2 * numPlaces - 1).fill(Number.NaN);
    for (const form of shown)
      if (form.isOnFront === isOnFront) {
        const place = placeOf(form.sizeBytes);
        const other = values[place];
        const own = form.quality ?? Number.NaN;
        // Of several at one place the best.
        values[place] = Number.isNaN(other) || (better === 'lower' ? own < other : own > other) ? own : other;
      }
    return values;
  };
  return linePlot(
    [
      { name: 'other forms', values: seriesOf(false) },
      { name: 'best of its size', values: seriesOf(true) },
    ],
    {
      ...{ width: Math.min(width, 72), height: 12, colour, ascii },
      title: `${about} (${better} is better) by size of the file`,
      xTicks: ticksBetween(least, most, 5).map(({ value }) => ({ value: placeOf(value), label: fileSize(value) })),
    },
  );
}

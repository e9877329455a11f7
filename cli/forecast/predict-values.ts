import { type Forecaster, type Series, type SeriesColumnsOptions, stampOf } from '../../src/index.js';
import { print, printJson, say } from '../output.js';
import { columnFormat, textTable } from '../text-table.js';
import { readSeries, type TableOptions } from './read-series.js';
import { baseAloneLines, newLines } from './short-series.js';

/** Rows at the end of each series that show how numbers are written. */
const rowsForFormat = 1000;

/** The forecast of one series. */
interface Answer {
  readonly name: string;
  readonly firstRow: number;
  /** By step, as the table writes times; null where it has none, or no even steps. */
  readonly times: readonly (string | null)[];
  readonly values: readonly number[];
}

/** Prints what comes after the end of each series of a table. */
export async function predictValues(
  forecaster: Forecaster,
  data: string,
  times: Pick<SeriesColumnsOptions, 'time' | 'timeFormat'>,
  reading: TableOptions,
  json: boolean,
): Promise<void> {
  const { columns, notes: said } = await readSeries(forecaster, data, times, reading);
  const [target] = columns.names;
  const isPanel = columns.reading.series.length > 0;
  const answers: Answer[] = [];
  for (const series of columns.series) {
    const values = [...(await forecaster.predict(series))];
    answers.push({
      name: series.name,
      firstRow: series.numRows,
      times: values.map((_, step) => stampOf(columns.time, series, series.numRows + step) ?? null),
      values,
    });
  }
  const notes = [
    ...said,
    ...baseAloneLines(columns.series.map((one) => ({ name: one.name, baseAlone: forecaster.baseAlone(one) }))),
    ...newLines(
      columns.series.filter((one) => forecaster.isNew(one)),
      'their own rows',
    ),
  ];
  if (json) {
    if (isPanel) printJson({ target, series: answers, notes });
    else {
      const [{ firstRow, times, values }] = answers;
      printJson({ target, firstRow, values, ...(columns.time && { times }), notes });
    }
    return;
  }
  for (const note of notes) say(note);
  const heading = columns.time === undefined ? 'row' : columns.time.reading.columns.join(' ');
  const written = columnFormat(columns.series.flatMap((series) => lastTargets(series)));
  const rows = answers.flatMap(({ name, firstRow, times, values }) =>
    values.map((value, step) => [...(isPanel ? [name] : []), times[step] ?? String(firstRow + step), written(value)]),
  );
  print(textTable([...(isPanel ? [columns.reading.series.join(', ')] : []), heading, target], rows));
}

/** The target's values that stand in the file: those that show how it is written. */
function lastTargets({ values, isReal, numRows }: Series): number[] {
  const width = values.length / numRows;
  const rows = Array.from({ length: Math.min(numRows, rowsForFormat) }, (_, i) => numRows - 1 - i);
  return rows.filter((row) => isReal[row * width] === 1).map((row) => values[row * width]);
}

import { type Forecaster, type Series, stampOf } from '../../src/index.js';
import type { Answer } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import { columnFormat, textTable } from '../text-table.js';
import { readSeries, type SeriesFileOptions } from './read-series.js';
import { baseAloneLines, newLines } from './short-series.js';

/** Rows at the end of each series that show how numbers are written. */
const rowsForFormat = 1000;

/** The forecast of one series. */
interface SeriesAnswer {
  readonly name: string;
  readonly firstRow: number;
  /** By step, as the table writes times; null where it has none, or no even steps. */
  readonly times: readonly (string | null)[];
  readonly values: readonly number[];
}

/** `rondo predict` of a forecaster: what comes after the end of each series of a table. */
export async function predictValues(
  forecaster: Forecaster,
  data: string,
  { options }: TaskCall<SeriesFileOptions>,
): Promise<Answer> {
  const { columns, notes: said } = await readSeries(forecaster, data, options);
  const [target] = columns.names;
  const isPanel = columns.reading.series.length > 0;
  const answers: SeriesAnswer[] = [];
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
  const heading = columns.time === undefined ? 'row' : columns.time.reading.columns.join(' ');
  const written = columnFormat(columns.series.flatMap((series) => lastTargets(series)));
  const rows = answers.flatMap(({ name, firstRow, times, values }) =>
    values.map((value, step) => [...(isPanel ? [name] : []), times[step] ?? String(firstRow + step), written(value)]),
  );
  const table = textTable([...(isPanel ? [columns.reading.series.join(', ')] : []), heading, target], rows);
  const [{ firstRow, times, values }] = answers;
  const facts = isPanel ? { series: answers } : { firstRow, values, ...(columns.time && { times }) };
  return { facts: { target, ...facts, notes }, sections: [table], notes };
}

/** The target's values that stand in the file: those that show how it is written. */
function lastTargets({ values, isReal, numRows }: Series): number[] {
  const width = values.length / numRows;
  const rows = Array.from({ length: Math.min(numRows, rowsForFormat) }, (_, i) => numRows - 1 - i);
  return rows.filter((row) => isReal[row * width] === 1).map((row) => values[row * width]);
}

import type { Forecaster, SeriesColumnsOptions } from '../../src/index.js';
import { print, printJson, say } from '../output.js';
import { readTableInput, type TableInputOptions } from '../read-input.js';
import { forecastVerdict } from './about-forecasts.js';
import { errorTable, forecastPlot } from './show-forecast.js';

/** Prints how good the forecasts of a table are. */
export async function evaluateValues(forecaster: Forecaster, file: string, times: Pick<SeriesColumnsOptions, 'time' | 'timeFormat'>, reading: TableInputOptions, json: boolean): Promise<void> {
  const columns = forecaster.columnsOf(await readTableInput(file, reading), times);
  const unseen = columns.series.map((series) => forecaster.firstUnseenRow(series));
  const isTrainedOn = unseen.some((row) => row !== undefined);
  // A model that was trained again on all rows has its figures from before.
  const hasNewRows = columns.series.some((series, i) => series.numRows - (unseen[i] ?? 0) >= forecaster.options.horizon);
  const kept = isTrainedOn && !hasNewRows ? forecaster.findings.report : null;
  const report = kept ?? (await forecaster.evaluate(columns));
  const { instead } = forecaster.findings;
  const verdict = forecastVerdict(forecaster, report);
  if (json) {
    printJson({ part: isTrainedOn ? 'held out' : 'all', forecastsWith: instead ?? 'model', verdict: verdict ?? null, ...report, notes: columns.notes.map(({ text }) => text) });
    return;
  }
  for (const { text } of columns.notes) say(text);
  if (kept !== null) print('This is the series it was trained on, to the last row: these are the errors on the rows that were held out before.');
  else if (isTrainedOn) print('This is the series it was trained on: only the rows after those it has seen are measured.');
  print([forecastPlot(report, { columns, instead }), errorTable(report, { columns, instead }), ...(verdict === undefined ? [] : [verdict])].join('\n\n'));
}

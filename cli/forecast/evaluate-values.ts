import { type Forecaster, type ForecastReport, RondoError, type Series } from '../../src/index.js';
import type { Report } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import { onlyFile } from '../only-file.js';
import { counted, withSeparators } from '../text-table.js';
import { forecastVerdict } from './about-forecasts.js';
import { readSeries, type SeriesFileOptions } from './read-series.js';
import { reportLines } from './short-series.js';
import { errorTable, forecastPlot } from './show-forecast.js';

/** `rondo evaluate` of a forecaster: how good the forecasts of a table are. */
export async function evaluateValues(
  forecaster: Forecaster,
  files: readonly string[],
  call: TaskCall<SeriesFileOptions>,
): Promise<Report> {
  const { where, path, options: given } = call;
  const file = onlyFile({ where, path }, files, 'a forecast is measured on one table.');
  const { columns, notes: said } = await readSeries(forecaster, file, given);
  const { findings, options } = forecaster;
  const seen = columns.series.map((series) => forecaster.firstUnseenRow(series) ?? 0);
  const numSeen = seen.reduce((sum, count) => sum + count, 0);
  // A model that was trained again on all rows has its figures from before.
  const hasNewRows = columns.series.some(({ numRows }, i) => numRows - seen[i] >= options.horizon);
  const kept = numSeen > 0 && !hasNewRows ? findings.report : null;
  if (numSeen > 0 && !hasNewRows && kept === null) throw nothingNew(call, forecaster, columns.series, seen);
  const report = kept ?? (await forecaster.evaluate(columns));
  const { instead } = findings;
  const { names: passedOver, lines } = tooFewNew(columns.series, seen, options.horizon);
  const doubts = doubtLines(forecaster, columns.series);
  const notes = [...said, ...lines, ...reportLines(report, forecaster.usesNetwork, passedOver), ...doubts];
  const measured =
    kept !== null
      ? `${passedOver.length > 0 ? 'These' : 'This file holds no new rows to measure: these'} are the errors on ` +
        `the rows that were held out in training${elsewhere(kept, columns.series)}.\n`
      : numSeen > 0
        ? `${counted(numSeen, 'row')} of this file ${numSeen === 1 ? 'was' : 'were'} seen in training: only the rows ` +
          'after those are measured.\n'
        : '';
  // Rows and times of the training are those of this file only where it begins alike.
  const isAlike =
    kept === null || columns.series.some((series) => series.name === kept.name && forecaster.isTrainedFile(series));
  const shownWith = { columns: isAlike ? columns : undefined, instead };
  const isHere = ({ name }: { readonly name: string }): boolean =>
    columns.series.some((series) => series.name === name);
  const [first, ...others] = [
    ...(isHere(report) ? [forecastPlot(report, shownWith)] : []),
    errorTable(report, shownWith),
  ];
  const part = numSeen > 0 ? 'held out' : 'all';
  return {
    facts: {
      part,
      isMeasured: kept === null,
      numSeenRows: numSeen,
      forecastsWith: instead ?? 'model',
      ...report,
      notes,
    },
    sections: [`${measured}${first}`, ...others],
    notes,
    verdict: forecastVerdict(forecaster, report),
  };
}

/** Where training has seen too much of a file to measure forecasts of the rest, and the model's file keeps no errors. */
function nothingNew(
  { where, path }: Pick<TaskCall<object>, 'where' | 'path'>,
  { options }: Forecaster,
  all: readonly Series[],
  seen: readonly number[],
): RondoError {
  const numRows = all.reduce((sum, series) => sum + series.numRows, 0);
  const numNew = numRows - seen.reduce((sum, count) => sum + count, 0);
  return new RondoError('USAGE', {
    where,
    what:
      `training has seen ${numNew === 0 ? 'all' : 'nearly all'} rows of this file, and ${path} keeps no errors of rows ` +
      'that were held out.',
    expected: `at least ${counted(options.horizon, 'row')} of a series that training has not seen, for a forecast beside the truth`,
    received: `${counted(numRows, 'row')}, of which ${withSeparators(numNew)} ${numNew === 1 ? 'is' : 'are'} new`,
    fix:
      options.test === 0
        ? 'give rows that are new to the model.'
        : 'give rows that are new to the model, or evaluate the file that it was compressed from, which keeps the errors of training.',
  });
}

/** Series whose rows that training has not seen are too few for a forecast and the truth beside it, in words too. */
function tooFewNew(
  all: readonly Series[],
  seen: readonly number[],
  horizon: number,
): { readonly names: readonly string[]; readonly lines: readonly string[] } {
  const short = all.flatMap(({ name, numRows }, i) => {
    const count = numRows - seen[i];
    return seen[i] > 0 && count > 0 && count < horizon ? [{ name, count }] : [];
  });
  const names = short.map(({ name }) => name);
  if (short.length === 0) return { names, lines: [] };
  const total = short.reduce((sum, { count }) => sum + count, 0);
  const most = short.reduce((found, { count }) => Math.max(found, count), 0);
  const of = all.length === 1 ? '' : ` of ${names.slice(0, 5).join(', ')}${names.length > 5 ? ' and others' : ''}`;
  const line =
    `${counted(total, 'new row')}${of} not measured: a forecast of ${counted(horizon, 'step')} ` +
    `needs at least ${horizon} (${horizon - most} more)`;
  return { names, lines: [line] };
}

/** That errors kept from training are of more series than the file has. */
function elsewhere({ series }: ForecastReport, here: readonly Series[]): string {
  const others = series.filter(({ name }) => series.length > 1 && !here.some((one) => one.name === name));
  if (others.length === 0) return '';
  const named = others
    .slice(0, 5)
    .map(({ name }) => name)
    .join(', ');
  return (
    `, of all ${withSeparators(series.length)} series then, with ` +
    `${named}${others.length > 5 ? ' and others' : ''}, which this file has not`
  );
}

/** Where rows may have been seen in training and the errors may flatter, a sentence each. */
function doubtLines(forecaster: Forecaster, all: readonly Series[]): string[] {
  const named = (doubt: string): string[] =>
    all.filter((series) => forecaster.doubtOf(series) === doubt).map(({ name }) => name);
  const [times, early] = [named('times'), named('early file')];
  const of = (names: readonly string[]): string =>
    names.join('') === '' ? '' : ` (${names.slice(0, 5).join(', ')}${names.length > 5 ? ' ...' : ''})`;
  return [
    ...(times.length > 0
      ? [
          `CAUTION: rows have times that training has seen, with other values${of(times)}. They are measured as ` +
            'another series; if they are the same one, these errors flatter.',
        ]
      : []),
    ...(early.length > 0
      ? [
          `CAUTION: this model file does not say which rows training has seen${of(early)}. If they are in this ` +
            'file, these errors flatter.',
        ]
      : []),
  ];
}

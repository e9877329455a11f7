import type { BaselineName, ForecastReport, SeriesColumns } from '../../src/index.js';
import { styleOf } from '../style.js';
import { linePlot } from '../terminal/plot.js';
import { counted, errorNumber, textTable, withSeparators } from '../text-table.js';
import { spanOf } from './series-lines.js';

/** Series whose errors are shown one by one. */
const mostShown = 30;

type ComparedName = keyof ForecastReport['errors'];

/** What a report is shown with besides itself. */
export interface ShownWith {
  /** The table that was measured; undefined where that was another one, whose rows and times are not at hand. */
  readonly columns?: SeriesColumns;
  /** The baseline that forecasts are made with in place of the model. */
  readonly instead: BaselineName | null;
}

/** The last forecasts that the file makes beside the truth and the seasonal-naive forecast, as a plot over rows. */
export function forecastPlot(
  { target, name, horizon, season, shown }: ForecastReport,
  { columns, instead }: ShownWith,
): string {
  const { width, colour, ascii } = styleOf();
  const start = shown[0].origin;
  const over = (key: 'truth' | 'model' | BaselineName): number[] =>
    shown.flatMap((forecast) => [...(forecast[key] ?? [])]);
  const used = instead !== null && shown[0][instead] !== undefined ? instead : 'model';
  const drawn = columns?.series.find((one) => one.name === name) ?? columns?.series[0];
  const span =
    columns?.time === undefined || drawn === undefined
      ? ''
      : `, ${spanOf(columns.time, drawn, start, shown[shown.length - 1].origin + horizon - 1)}`;
  const what =
    shown.length === 1
      ? `the last ${horizon === 1 ? 'row' : `${horizon} rows`}`
      : `the last ${shown.length} forecasts of ${counted(horizon, 'step')}, each from its own origin`;
  const title = `${target}${name === '' ? '' : ` of ${name}`}: ${what}${span}`;
  return linePlot(
    [
      ...(used === 'seasonalNaive'
        ? []
        : [{ name: rowName('seasonalNaive', season), values: over('seasonalNaive'), start }]),
      { name: 'truth', values: over('truth'), start },
      {
        name:
          used === 'model'
            ? instead === null
              ? 'forecast'
              : 'model (not used)'
            : `forecast: ${rowName(used, season)}`,
        values: over(used),
        start,
      },
    ],
    { width, height: 16, title, xLabel: 'row', colour, ascii },
  );
}

const rowNames: Readonly<Record<ComparedName, (season: number) => string>> = {
  model: () => 'model',
  base: () => 'its base alone',
  naive: () => 'naive (last value)',
  seasonalNaive: (season) => `seasonal-naive (${season})`,
  drift: () => 'drift',
  seasonalDrift: (season) => `seasonal-naive with drift (${season})`,
  mean: () => 'mean',
  median: () => 'median',
};

/** What a row of the table is called. Without a season, what repeats one is what repeats the last value. */
export function rowName(compared: ComparedName, season: number): string {
  const simple: Partial<Record<ComparedName, ComparedName>> =
    season > 1 ? {} : { seasonalNaive: 'naive', seasonalDrift: 'drift' };
  return rowNames[simple[compared] ?? compared](season);
}

/** The table of errors, what the file forecasts with first; where there are several series, of each one too. */
export function errorTable(report: ForecastReport, { columns, instead }: ShownWith): string {
  const { errors, numForecasts, numOrigins, horizon, season, rows, name } = report;
  const used = instead ?? 'model';
  const label = (compared: ComparedName): string => {
    if (instead === null) return rowName(compared, season);
    return (
      `${rowName(compared, season)}` +
      (compared === instead ? ' (forecasts)' : compared === 'model' ? ' (not used)' : '')
    );
  };
  const row = (compared: ComparedName): string[] => {
    const { mae, rmse, mase, smape } = errors[compared];
    return [label(compared), errorNumber(mae), errorNumber(rmse), errorNumber(mase), `${errorNumber(smape)} %`];
  };
  const isShown = (compared: ComparedName): boolean =>
    compared in errors && (season > 1 || compared === used || !compared.startsWith('seasonal'));
  const all = Object.keys(rowNames) as ComparedName[];
  const compared = [
    used as ComparedName,
    ...all.filter((one) => one !== used && !(season === 1 && rowName(one, season) === rowName(used, season))),
  ].filter(isShown);
  const table = textTable(['', 'MAE', 'RMSE', 'MASE', 'sMAPE'], compared.map(row));
  const drawn = columns?.series.find((one) => one.name === name) ?? columns?.series[0];
  const span = drawn === undefined ? 'held out in training' : spanOf(columns?.time, drawn, rows[0], rows[1] - 1);
  const parts =
    report.series.length > 1
      ? `, ${withSeparators(report.series.length)} series, ${span}${drawn === undefined ? '' : ` in ${name}`}`
      : `, ${span}`;
  // Reports of before forecasts were drawn have no number of origins.
  const origins = numOrigins > numForecasts ? ` drawn from ${withSeparators(numOrigins)}` : '';
  const isHere = (one: { readonly name: string }): boolean =>
    columns === undefined || columns.series.some((series) => series.name === one.name);
  const sections = report.series.length > 1 ? ['', seriesTable(report.series.filter(isHere), used)] : [];
  return [
    `errors of ${counted(numForecasts, 'forecast')}${origins} of ${counted(horizon, 'step')}${parts}`,
    table,
    ...sections,
  ].join('\n');
}

function seriesTable(series: ForecastReport['series'], used: ComparedName): string {
  const rows = series
    .slice(0, mostShown)
    .map(({ name, numForecasts, errors }) => [
      name,
      withSeparators(numForecasts),
      ...[errors[used].mae, errors.naive.mae, errors.seasonalNaive.mae, errors[used].mase].map(errorNumber),
    ]);
  const numMore = series.length - rows.length;
  const table = textTable(['series', 'forecasts', 'MAE', 'naive', 'seasonal-naive', 'MASE'], rows);
  return numMore > 0 ? `${table}\n${withSeparators(numMore)} more series: see --json` : table;
}

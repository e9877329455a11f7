import type { ForecastReport, SeriesColumns } from '../../src/index.js';
import { styleOf } from '../style.js';
import { linePlot } from '../terminal/plot.js';
import { fourDigits, textTable, withSeparators } from '../text-table.js';
import { spanOf } from './series-lines.js';

/** Series whose errors are shown one by one. */
const mostShown = 30;

/** The last forecasts beside the truth and the seasonal-naive forecast, as a plot over rows. */
export function forecastPlot({ target, name, horizon, season, shown }: ForecastReport, { series, time }: SeriesColumns): string {
  const { width, colour, ascii } = styleOf();
  const start = shown[0].origin;
  const over = (key: 'truth' | 'model' | 'seasonalNaive'): number[] => shown.flatMap((forecast) => [...forecast[key]]);
  const drawn = series.find((one) => one.name === name) ?? series[0];
  const span = time === undefined ? '' : `, ${spanOf(time, drawn, start, shown[shown.length - 1].origin + horizon - 1)}`;
  const what = shown.length === 1 ? `the last ${horizon} rows` : `the last ${shown.length} forecasts of ${horizon} steps, each from its own origin`;
  const title = `${target}${name === '' ? '' : ` of ${name}`}: ${what}${span}`;
  return linePlot(
    [
      { name: `seasonal-naive (${season})`, values: over('seasonalNaive'), start },
      { name: 'truth', values: over('truth'), start },
      { name: 'forecast', values: over('model'), start },
    ],
    { width, height: 16, title, xLabel: 'row', colour, ascii },
  );
}

/** What the rows of the table are called. */
export const rowNames: Readonly<Record<keyof ForecastReport['errors'], (season: number) => string>> = {
  model: () => 'model',
  base: () => 'its base alone',
  naive: () => 'naive (last value)',
  seasonalNaive: (season) => `seasonal-naive (${season})`,
  drift: () => 'drift',
  seasonalDrift: (season) => `seasonal-naive with drift (${season})`,
  mean: () => 'mean',
};

/** The table of errors; where there are several series, of each one too. */
export function errorTable(report: ForecastReport, columns: SeriesColumns): string {
  const { errors, numForecasts, numOrigins, horizon, season, rows, name } = report;
  const row = (compared: keyof ForecastReport['errors']): string[] => {
    const { mae, rmse, mase, smape } = errors[compared];
    return [rowNames[compared](season), fourDigits(mae), fourDigits(rmse), fourDigits(mase), `${fourDigits(smape)} %`];
  };
  const isShown = (compared: string): boolean => compared in errors && (season > 1 || !compared.startsWith('seasonal'));
  const compared = (Object.keys(rowNames) as (keyof ForecastReport['errors'])[]).filter(isShown);
  const table = textTable(['', 'MAE', 'RMSE', 'MASE', 'sMAPE'], compared.map(row));
  const drawn = columns.series.find((one) => one.name === name) ?? columns.series[0];
  const span = spanOf(columns.time, drawn, rows[0], rows[1] - 1);
  const parts = report.series.length > 1 ? `, ${withSeparators(report.series.length)} series, ${span} in ${name}` : `, ${span}`;
  // Reports of before forecasts were drawn have no number of origins.
  const origins = numOrigins > numForecasts ? ` drawn from ${withSeparators(numOrigins)}` : '';
  return [`errors of ${withSeparators(numForecasts)} forecasts${origins} of ${horizon} steps${parts}`, table, ...(report.series.length > 1 ? ['', seriesTable(report)] : [])].join('\n');
}

function seriesTable({ series }: ForecastReport): string {
  const rows = series.slice(0, mostShown).map(({ name, numForecasts, errors }) => [
    name,
    withSeparators(numForecasts),
    ...[errors.model.mae, errors.naive.mae, errors.seasonalNaive.mae, errors.model.mase].map(fourDigits),
  ]);
  const numMore = series.length - rows.length;
  const table = textTable(['series', 'forecasts', 'MAE', 'naive', 'seasonal-naive', 'MASE'], rows);
  return numMore > 0 ? `${table}\n${withSeparators(numMore)} more series: see --json` : table;
}

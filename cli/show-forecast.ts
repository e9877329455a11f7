import type { ForecastReport } from '../src/index.js';
import { styleOf } from './style.js';
import { linePlot } from './terminal/plot.js';
import { fourDigits, textTable, withSeparators } from './text-table.js';

/** The last forecasts beside the truth and the seasonal-naive forecast, as a plot over rows. */
export function forecastPlot({ target, horizon, season, shown }: ForecastReport): string {
  const { width, colour, ascii } = styleOf();
  const start = shown[0].origin;
  const over = (key: 'truth' | 'model' | 'seasonalNaive'): number[] => shown.flatMap((forecast) => [...forecast[key]]);
  const title = `${target}: ${shown.length === 1 ? `the last ${horizon} rows` : `the last ${shown.length} forecasts of ${horizon} steps, each from its own origin`}`;
  return linePlot(
    [
      { name: `seasonal-naive (${season})`, values: over('seasonalNaive'), start },
      { name: 'truth', values: over('truth'), start },
      { name: 'forecast', values: over('model'), start },
    ],
    { width, height: 16, title, xLabel: 'row', colour, ascii },
  );
}

/** The table of errors. */
export function errorTable({ errors, numForecasts, horizon, season, rows }: ForecastReport): string {
  const row = (name: string, { mae, rmse, mase, smape }: ForecastReport['errors']['model']): string[] => [name, fourDigits(mae), fourDigits(rmse), fourDigits(mase), `${fourDigits(smape)} %`];
  const table = textTable(
    ['', 'MAE', 'RMSE', 'MASE', 'sMAPE'],
    [row('model', errors.model), row('naive (last value)', errors.naive), row(`seasonal-naive (${season})`, errors.seasonalNaive)],
  );
  return `errors of ${withSeparators(numForecasts)} forecasts of ${horizon} steps, rows ${withSeparators(rows[0])} to ${withSeparators(rows[1] - 1)}\n${table}`;
}

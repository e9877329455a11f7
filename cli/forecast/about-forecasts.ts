import { describeBase, type Forecaster, type ForecastReport } from '../../src/index.js';
import { errorNumber } from '../text-table.js';
import { baseAloneLines, notMeasuredLines } from './short-series.js';
import { rowName } from './show-forecast.js';

/**
 * What the model is made of: the base, how much the network adds, whether it was trained again, and what was not
 * measured.
 */
export function aboutForecasts(forecaster: Forecaster): string[] {
  const { findings, series, options } = forecaster;
  const { share, validation, instead } = findings;
  const bases = [
    ...new Set(
      series.map(({ base }) =>
        series.length > 1 && base.name === 'smoothing' ? 'exponential smoothing' : describeBase(base),
      ),
    ),
  ];
  const gain = validation === null || validation.base === 0 ? 0 : 1 - validation.model / validation.base;
  // Files of before a share was chosen had validation rows too.
  const isUnknown = series.some(({ numTrainingRows, numSeenRows }) => numSeenRows > numTrainingRows)
    ? 'the file does not say how much they help'
    : 'no validation rows: how much they help is not known';
  const network =
    validation === null
      ? `${percent(share)} of the network's corrections (${isUnknown})`
      : share === 0
        ? 'the network is left out: what it gained on the validation rows does not stand out from chance'
        : `${percent(share)} of the network's corrections, which take ${percent(gain)} off the error on the ` +
          'validation rows';
  const isRefitted = series.every(({ numTrainingRows, numSeenRows }) => numTrainingRows === numSeenRows);
  const used =
    instead === null
      ? []
      : [`with ${rowName(instead, options.season)} in place of the model, which was no better on the held-out rows`];
  return [
    ...used,
    `base: ${bases.join('; ')}${instead === null ? '' : ' (not used)'}`,
    `${network}${instead === null || share === 0 ? '' : ' (not used)'}`,
    ...unitsLines(findings, forecaster.units),
    ...shortLines(forecaster),
    ...(options.refit && isRefitted
      ? [`${share === 0 ? 'fitted' : 'trained'} again on all rows once this was chosen; the errors are from before`]
      : []),
    ...(series.every(({ lowest }) => lowest >= 0) && !options.allowNegative
      ? ['no value is below zero, so no forecast is (--allow-negative)']
      : []),
  ];
}

/** With `--units auto`: which widths were tried, how good they were, and which was taken. */
export function unitsLines(
  { sizes, validation }: Pick<Forecaster['findings'], 'sizes' | 'validation'>,
  taken: number,
): string[] {
  if (sizes === null || validation === null) return [];
  const of = ({ units, error }: (typeof sizes)[number]): string =>
    `${units} units ${errorNumber(error)}${units === taken && sizes.length > 1 ? ' (taken)' : ''}`;
  const ahead = sizes.length === 1 ? '; no other width was tried, as the network is left out' : '';
  return [
    `error on the validation rows: base alone ${errorNumber(validation.base)}, ${sizes.map(of).join(', ')}${ahead}`,
  ];
}

/** Which series the network has no part in, and which could not be measured. */
function shortLines(forecaster: Forecaster): string[] {
  const { series, usesNetwork, findings } = forecaster;
  const all = series.map((one) => ({
    name: one.name,
    baseAlone: usesNetwork && forecaster.isShort(one) ? one.base : undefined,
  }));
  const notMeasured = findings.report?.notMeasured ?? [];
  return [...baseAloneLines(all), ...notMeasuredLines(notMeasured)];
}

/** What the last line is told by. */
type Judged = Pick<Forecaster, 'findings'> & { readonly options: Pick<Forecaster['options'], 'forecastWith'> };

/**
 * The last line, where the model is not ahead of every baseline or says nothing but zero.
 *
 * @param report what it is told by; by default the errors on the rows that were held out in training.
 */
export function forecastVerdict(
  { findings, options }: Judged,
  report: ForecastReport | null = findings.report,
): string | undefined {
  if (report === null) return 'Nothing was held out: how good these forecasts are is not known.';
  const { instead } = findings;
  const lines = [comparisonLine({ findings, options }, report), nearZeroLine(report, instead ?? 'model')];
  const said = lines.filter((line) => line !== undefined);
  return said.length > 0 ? said.join(' ') : undefined;
}

/** Where the model is not ahead of every baseline. */
function comparisonLine({ findings, options }: Judged, report: ForecastReport): string | undefined {
  const { instead } = findings;
  const where = report === findings.report ? 'on the held-out rows' : 'on the rows measured here';
  const { errors, bestBaseline, season } = report;
  const [model, baseline] = [errors.model, errors[bestBaseline]].map(({ mase, mae }) => mase ?? mae);
  const name = rowName(bestBaseline, season);
  const used =
    instead === null
      ? `the file forecasts with the model all the same (--forecast-with ${options.forecastWith})`
      : `the file forecasts with ${rowName(instead, season)}`;
  // The mean absolute error favours the median, which is zero where most values are.
  const byRmse = (Object.keys(errors) as (keyof typeof errors)[]).filter(
    (one) => one !== 'model' && one !== 'base' && errors[one].rmse < errors.model.rmse,
  );
  if (model < baseline && instead === null && byRmse.length > 0) {
    const names = [...new Set(byRmse.map((one) => rowName(one, season)))].join(', ');
    return (
      `The model is ahead of every baseline ${where} by MAE, but not by RMSE: ${names} missed large values by ` +
      'less.'
    );
  }
  if (model < baseline)
    return instead === null
      ? undefined
      : `The model is ahead of every baseline ${where}, but ${used}, which was chosen in training.`;
  if (model === baseline) return `The model is no different from ${name} ${where} (${errorNumber(model)}); ${used}.`;
  return `The model does not beat ${name} ${where} (${errorNumber(model)} against ${errorNumber(baseline)}); ${used}.`;
}

/**
 * Where forecasts are practically zero of a series that is not: of counts with many zeros, that is the lowest absolute
 * error.
 */
function nearZeroLine({ series }: ForecastReport, used: keyof ForecastReport['errors']): string | undefined {
  const all = series.filter(({ nearZero }) => nearZero?.includes(used));
  if (all.length === 0) return undefined;
  const named = all
    .slice(0, 5)
    .map(({ name }) => name)
    .join(', ');
  const of =
    series.length > 1 ? ` for ${all.length} of ${series.length} series (${named}${all.length > 5 ? ' ...' : ''})` : '';
  return (
    `The forecasts are practically zero throughout${of}, though the values are not: the mean absolute error ` +
    'favours the median, which is zero where most values are; the row of the mean shows what a forecast of the ' +
    'mean would miss.'
  );
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

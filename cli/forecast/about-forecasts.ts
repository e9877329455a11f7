import { describeBase, type Forecaster } from '../../src/index.js';
import { fourDigits } from '../text-table.js';
import { rowNames } from './show-forecast.js';

/** What the model is made of: the base, how much the network adds, whether it was trained again, and what was not measured. */
export function aboutForecasts({ findings, series, options }: Forecaster): string[] {
  const { share, validation } = findings;
  const bases = [...new Set(series.map(({ base }) => (series.length > 1 && base.name === 'smoothing' ? 'exponential smoothing' : describeBase(base))))];
  const gain = validation === null || validation.base === 0 ? 0 : 1 - validation.model / validation.base;
  // Files of before a share was chosen had validation rows too.
  const isUnknown = series.some(({ numTrainingRows, numSeenRows }) => numSeenRows > numTrainingRows) ? 'the file does not say how much they help' : 'no validation rows: how much they help is not known';
  const network =
    validation === null
      ? `${percent(share)} of the network's corrections (${isUnknown})`
      : share === 0
        ? 'the network is left out: what it gained on the validation rows does not stand out from chance'
        : `${percent(share)} of the network's corrections, which take ${percent(gain)} off the error on the validation rows`;
  const isRefitted = series.every(({ numTrainingRows, numSeenRows }) => numTrainingRows === numSeenRows);
  return [
    `base: ${bases.join('; ')}`,
    network,
    ...(options.refit && isRefitted ? [`${share === 0 ? 'fitted' : 'trained'} again on all rows once this was chosen; the errors are from before`] : []),
    ...(series.every(({ lowest }) => lowest >= 0) && !options.allowNegative ? ['no value is below zero, so no forecast is (--allow-negative)'] : []),
  ];
}

/** The last line, where the model is not ahead of every baseline on the held-out rows. */
export function forecastVerdict({ findings, options }: Forecaster): string | undefined {
  const { report, instead } = findings;
  if (report === null) return 'Nothing was held out: how good these forecasts are is not known.';
  const { errors, bestBaseline } = report;
  const [model, baseline] = [errors.model, errors[bestBaseline]].map(({ mase, mae }) => mase ?? mae);
  if (model < baseline) return undefined;
  const name = rowNames[bestBaseline](report.season);
  const use = instead === null ? `the file forecasts with the model all the same (--forecast-with ${options.forecastWith})` : `the file forecasts with ${name}`;
  return `The model does not beat ${name} on the held-out rows (${fourDigits(model)} against ${fourDigits(baseline)}); ${use}.`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

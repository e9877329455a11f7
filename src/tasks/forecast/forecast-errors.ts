import { RondoError } from '../../errors.js';
import { mase, meanAbsoluteError, type Metric, rootMeanSquaredError, smape } from '../../training/metrics/index.js';

/** How far forecasts are from the truth. */
export interface ForecastErrors {
  /** Mean absolute error, in the units of the series. */
  readonly mae: number;
  /** Root of the mean squared error, in the units of the series. */
  readonly rmse: number;
  /**
   * `mae` over the mean absolute error of the seasonal-naive forecast one season ahead on the training part (Hyndman and
   * Koehler 2006, "Another look at measures of forecast accuracy"); null where that is 0.
   */
  readonly mase: number | null;
  /** Mean of `200 |truth - forecast| / (|truth| + |forecast|)`, in percent, 0 where both are 0 (Makridakis 1993). */
  readonly smape: number;
}

/**
 * The errors of forecasts.
 *
 * @param naiveScale from {@link seasonalScale}.
 * @throws SHAPE_MISMATCH when the lengths differ or are 0.
 */
export function forecastErrors(truth: ArrayLike<number>, forecast: ArrayLike<number>, naiveScale: number): ForecastErrors {
  if (truth.length !== forecast.length || truth.length === 0) {
    throw new RondoError('SHAPE_MISMATCH', { where: 'forecastErrors', what: 'there is not one forecast for each true value.', expected: `${truth.length} forecasts, at least 1`, received: String(forecast.length), fix: 'give as many forecasts as true values.' });
  }
  const shape = [truth.length];
  const batch = { yTrue: { data: truth, shape }, yPred: { data: forecast, shape } };
  const measured = (metric: Metric): number => {
    metric.update(batch);
    return metric.result();
  };
  return {
    mae: measured(meanAbsoluteError()),
    rmse: measured(rootMeanSquaredError()),
    mase: naiveScale > 0 ? measured(mase({ scale: naiveScale })) : null,
    smape: measured(smape()),
  };
}

/** Mean absolute difference of values one season apart: what {@link ForecastErrors.mase} divides by. 0 for a series shorter than a season. */
export function seasonalScale(series: ArrayLike<number>, season: number): number {
  let sum = 0;
  for (let i = season; i < series.length; i++) sum += Math.abs(series[i] - series[i - season]);
  return series.length > season ? sum / (series.length - season) : 0;
}

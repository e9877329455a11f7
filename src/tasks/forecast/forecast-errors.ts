import { RondoError } from '../../errors.js';

/** How far forecasts are from the truth. */
export interface ForecastErrors {
  /** Mean absolute error, in the units of the series. */
  readonly mae: number;
  /** Root of the mean squared error, in the units of the series. */
  readonly rmse: number;
  /**
   * Mean of the absolute errors, each over the mean absolute error of the seasonal-naive forecast one season ahead on
   * its series' training part (Hyndman and Koehler 2006, "Another look at measures of forecast accuracy"); null where
   * that is 0.
   */
  readonly mase: number | null;
  /** Mean of `200 |truth - forecast| / (|truth| + |forecast|)`, in percent, 0 where both are 0 (Makridakis 1993). */
  readonly smape: number;
}

/** Errors one after the other, of one series or of several. */
export class ErrorSums {
  #count = 0;
  #absolute = 0;
  #squared = 0;
  #scaled = 0;
  #numScaled = 0;
  #relative = 0;

  /**
   * @param naiveScale of the series, from {@link seasonalScale}; an error of a series whose scale is 0 is not part of
   * `mase`.
   */
  add(truth: number, forecast: number, naiveScale: number): void {
    const error = Math.abs(truth - forecast);
    const size = Math.abs(truth) + Math.abs(forecast);
    this.#count++;
    this.#absolute += error;
    this.#squared += error * error;
    if (size > 0) this.#relative += (200 * error) / size;
    if (naiveScale > 0) {
      this.#numScaled++;
      this.#scaled += error / naiveScale;
    }
  }

  get count(): number {
    return this.#count;
  }

  result(): ForecastErrors {
    const count = this.#count;
    return {
      mae: this.#absolute / count,
      rmse: Math.sqrt(this.#squared / count),
      mase: this.#numScaled > 0 ? this.#scaled / this.#numScaled : null,
      smape: this.#relative / count,
    };
  }
}

/**
 * The errors of forecasts of one series.
 *
 * @param naiveScale from {@link seasonalScale}.
 * @throws SHAPE_MISMATCH when the lengths differ or are 0.
 */
export function forecastErrors(
  truth: ArrayLike<number>,
  forecast: ArrayLike<number>,
  naiveScale: number,
): ForecastErrors {
  if (truth.length !== forecast.length || truth.length === 0) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'forecastErrors',
      what: 'there is not one forecast for each true value.',
      expected: `${truth.length} forecasts, at least 1`,
      received: String(forecast.length),
      fix: 'give as many forecasts as true values.',
    });
  }
  const sums = new ErrorSums();
  for (let i = 0; i < truth.length; i++) sums.add(truth[i], forecast[i], naiveScale);
  return sums.result();
}

/**
 * Mean absolute difference of values one season apart: what {@link ForecastErrors.mase} divides by. 0 for a series
 * shorter than a season.
 *
 * @param isReal 0 where a value was filled; pairs with such a value do not count.
 */
export function seasonalScale(series: ArrayLike<number>, season: number, isReal?: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (let i = season; i < series.length; i++) {
    if (isReal !== undefined && !(isReal[i] && isReal[i - season])) continue;
    sum += Math.abs(series[i] - series[i - season]);
    count++;
  }
  return count > 0 ? sum / count : 0;
}

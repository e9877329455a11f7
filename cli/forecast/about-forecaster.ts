import type { Forecaster } from '../../src/index.js';
import { trainingLines } from '../training-lines.js';
import { aboutForecasts } from './about-forecasts.js';
import { aboutSeries } from './about-series.js';

/** What `rondo inspect` says of a forecaster. */
export function aboutForecaster(forecaster: Forecaster): string[] {
  return [
    ...aboutSeries(forecaster),
    ...aboutForecasts(forecaster).map((line) => `forecasts ${line}`),
    ...trainingLines(forecaster.options, forecaster.outcome),
  ];
}

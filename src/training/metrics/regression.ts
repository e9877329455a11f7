import { refuseUnknownOptions } from '../../errors.js';
import { abs, square, sub } from '../../expression/build.js';
import { type Gather, MeanMetric, type Metric, requireEqualShapes, weightsOf } from './metric.js';
import { type ElementEquation, sumOfElements } from './on-device.js';

/** @internal The mean over all elements of a function of target and prediction. */
export function meanOfElements(name: string, element: (truth: number, prediction: number) => number): Gather {
  return (batch, add) => {
    requireEqualShapes(name, batch);
    const { yTrue, yPred } = batch;
    const weight = weightsOf(name, batch, yPred.shape);
    for (let i = 0; i < yPred.data.length; i++) add(element(yTrue.data[i], yPred.data[i]), weight(i));
  };
}

const absoluteError: ElementEquation = (t, p) => abs(sub(t, p));
const squaredError: ElementEquation = (t, p) => square(sub(t, p));

/** `mean(|t - p|)` */
export function meanAbsoluteError(options: object = {}): Metric {
  refuseUnknownOptions('meanAbsoluteError', options, []);
  return new MeanMetric(
    'meanAbsoluteError',
    'lower',
    meanOfElements('meanAbsoluteError', (t, p) => Math.abs(t - p)),
  ).alsoOnDevice((batch) => sumOfElements('meanAbsoluteError', absoluteError, batch));
}

/** `mean((t - p)^2)` */
export function meanSquaredError(options: object = {}): Metric {
  refuseUnknownOptions('meanSquaredError', options, []);
  return new MeanMetric(
    'meanSquaredError',
    'lower',
    meanOfElements('meanSquaredError', (t, p) => (t - p) ** 2),
  ).alsoOnDevice((batch) => sumOfElements('meanSquaredError', squaredError, batch));
}

/** `sqrt(mean((t - p)^2))` */
export function rootMeanSquaredError(options: object = {}): Metric {
  refuseUnknownOptions('rootMeanSquaredError', options, []);
  return new MeanMetric(
    'rootMeanSquaredError',
    'lower',
    meanOfElements('rootMeanSquaredError', (t, p) => (t - p) ** 2),
    {},
    Math.sqrt,
  ).alsoOnDevice((batch) => sumOfElements('rootMeanSquaredError', squaredError, batch));
}

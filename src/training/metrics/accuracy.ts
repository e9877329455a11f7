import { refuseUnknownOptions, requireCount, requireNumber } from '../../errors.js';
import { equal, greater } from '../../expression/build.js';
import { sizeOf } from '../../shape.js';
import {
  argMaxOf,
  classOf,
  type Gather,
  isSparse,
  MeanMetric,
  type Metric,
  requireEqualShapes,
  type ScoredReading,
  weightsOf,
} from './metric.js';
import { type ElementEquation, sumOfElements, sumOfRows } from './on-device.js';

/** The share of predictions that are right, of values that are compared one by one. */
function shareEqual(name: string, isEqual: (truth: number, prediction: number) => boolean): Gather {
  return (batch, add) => {
    requireEqualShapes(name, batch);
    const { yTrue, yPred } = batch;
    const weight = weightsOf(name, batch, yPred.shape);
    for (let i = 0; i < yPred.data.length; i++) add(Number(isEqual(yTrue.data[i], yPred.data[i])), weight(i));
  };
}

/** The share of rows whose true class passes a test. */
function shareOfRows(
  name: string,
  isRight: (data: ArrayLike<number>, start: number, classes: number, truth: number) => boolean,
): Gather {
  return (batch, add) => {
    const { data, shape } = batch.yPred;
    const classes = shape.at(-1) ?? 1;
    const truth = classOf(name, batch);
    const weight = weightsOf(name, batch, shape.slice(0, -1));
    for (let row = 0; row < sizeOf(shape) / classes; row++)
      add(Number(isRight(data, row * classes, classes, truth(row))), weight(row));
  };
}

/** The share of labels that are the likeliest class. */
function scoredShare(name: string): ScoredReading {
  return {
    needsPredicted: true,
    gather: (batch, add) => {
      const { labels, predicted = [] } = batch;
      const weight = weightsOf(name, batch, batch.shape);
      for (let row = 0; row < labels.length; row++) add(Number(labels[row] === predicted[row]), weight(row));
    },
  };
}

const exceeds =
  (threshold: number) =>
  (truth: number, prediction: number): boolean =>
    truth === Number(prediction > threshold);
const isSame: ElementEquation = (truth, prediction) => equal(truth, prediction);
const isSameAboveHalf: ElementEquation = (truth, score) => equal(truth, greater(score, 0.5));
const largestIsTrue = (data: ArrayLike<number>, start: number, classes: number, truth: number): boolean =>
  argMaxOf(data, start, classes) === truth;

/** The share of scores that exceed `threshold` (default 0.5) exactly where the target is 1. @throws OUT_OF_RANGE */
export function binaryAccuracy(options: { threshold?: number | undefined } = {}): Metric {
  refuseUnknownOptions('binaryAccuracy', options, ['threshold']);
  const { threshold = 0.5 } = options;
  requireNumber('binaryAccuracy', 'threshold', threshold, 'a finite number', () => true);
  const isSameAbove: ElementEquation = (truth, score) => equal(truth, greater(score, threshold));
  return new MeanMetric('binaryAccuracy', 'higher', shareEqual('binaryAccuracy', exceeds(threshold)), {
    threshold,
  }).alsoOnDevice((batch) => sumOfElements('binaryAccuracy', isSameAbove, batch));
}

/** The share of rows whose largest score is where the one-hot target has its 1. */
export function categoricalAccuracy(options: object = {}): Metric {
  refuseUnknownOptions('categoricalAccuracy', options, []);
  return new MeanMetric(
    'categoricalAccuracy',
    'higher',
    shareOfRows('categoricalAccuracy', largestIsTrue),
  ).alsoOnDevice((batch) => sumOfRows('categoricalAccuracy', isSame, batch));
}

/** The share of rows whose largest score is at the target's class index. */
export function sparseCategoricalAccuracy(options: object = {}): Metric {
  refuseUnknownOptions('sparseCategoricalAccuracy', options, []);
  return new MeanMetric('sparseCategoricalAccuracy', 'higher', shareOfRows('sparseCategoricalAccuracy', largestIsTrue))
    .alsoScored(scoredShare('sparseCategoricalAccuracy'))
    .alsoOnDevice((batch) => sumOfRows('sparseCategoricalAccuracy', isSame, batch));
}

/**
 * The share of right predictions, read as their shapes suggest: one score per row is binary (right above 0.5); several
 * are classes, for one-hot targets or class indices; predictions `[batch]` are class indices themselves.
 */
export function accuracy(options: object = {}): Metric {
  refuseUnknownOptions('accuracy', options, []);
  const ofLabels = shareEqual('accuracy', (truth, prediction) => truth === prediction);
  const ofScores = shareEqual('accuracy', exceeds(0.5));
  const ofClasses = shareOfRows('accuracy', largestIsTrue);
  return new MeanMetric('accuracy', 'higher', (batch, add) => {
    const { shape } = batch.yPred;
    if (shape.length < 2 && !isSparse(batch)) ofLabels(batch, add);
    else if (shape.at(-1) === 1) ofScores(batch, add);
    else ofClasses(batch, add);
  })
    .alsoScored(scoredShare('accuracy'))
    .alsoOnDevice((batch) => {
      const { shape } = batch.yPred;
      if (shape.length < 2 && batch.yTrue.shape.length >= shape.length) return sumOfElements('accuracy', isSame, batch);
      return shape.at(-1) === 1
        ? sumOfElements('accuracy', isSameAboveHalf, batch)
        : sumOfRows('accuracy', isSame, batch);
    });
}

function topK(name: string): (options?: { k?: number | undefined }) => Metric {
  return (options = {}) => {
    refuseUnknownOptions(name, options, ['k']);
    const { k = 5 } = options;
    requireCount(name, 'k', k);
    const isAmong = (data: ArrayLike<number>, start: number, classes: number, truth: number): boolean => {
      let above = 0;
      for (let i = 0; i < classes; i++) if (data[start + i] > data[start + truth]) above++;
      return above < k && truth >= 0 && truth < classes;
    };
    return new MeanMetric(name, 'higher', shareOfRows(name, isAmong), { k });
  };
}

/**
 * The share of rows where fewer than `k` (default 5) scores are above that of the true class, given one-hot. @throws
 * OUT_OF_RANGE
 */
export const topKCategoricalAccuracy = topK('topKCategoricalAccuracy');
/** The same for targets that are class indices. @throws OUT_OF_RANGE */
export const sparseTopKCategoricalAccuracy = topK('sparseTopKCategoricalAccuracy');

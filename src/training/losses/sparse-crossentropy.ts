import { equal, log, mul, rowSum, sub } from '../../expression/build.js';
import { type Shape, sameShape } from '../../shape.js';
import { requireLabels } from '../../tensor/class-labels.js';
import { columnNumbers } from '../../tensor/column-numbers.js';
import { reshape } from '../../tensor/movement.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import type { Tensor } from '../../tensor/tensor.js';
import {
  type CrossentropyOptions,
  clipped,
  crossentropyOptions,
  logSoftmaxParts,
  smoothedRow,
} from './crossentropy.js';
import { type Loss, lossOf, targetMismatch } from './loss.js';
import { requireProbabilities, requireSeveralClasses } from './target-checks.js';

// Operands: the label of the row, the row of predictions, and the index of each column. Where the two are equal is the
// one-hot target, which is never stored.
const onProbabilities: PointwiseFunction = {
  name: 'sparseCategoricalCrossentropy',
  build: ([label, p, index]) => sub(log(rowSum(clipped(p))), log(rowSum(mul(equal(index, label), clipped(p))))),
  alongRows: true,
  perRow: true,
};

const onLogits: PointwiseFunction = {
  ...onProbabilities,
  build: ([label, x, index]) => {
    const { shifted, logSum } = logSoftmaxParts(x);
    return sub(logSum, rowSum(mul(equal(index, label), shifted)));
  },
};

const smoothedOnProbabilities: PointwiseFunction = {
  ...onProbabilities,
  build: ([label, p, index], { smoothing, columns }) => {
    const target = smoothedRow(equal(index, label), smoothing, columns);
    return sub(log(rowSum(clipped(p))), rowSum(mul(target, log(clipped(p)))));
  },
  scalars: ['columns', 'smoothing'],
};

const smoothedOnLogits: PointwiseFunction = {
  ...smoothedOnProbabilities,
  build: ([label, x, index], { smoothing, columns }) => {
    const { shifted, logSum } = logSoftmaxParts(x);
    return rowSum(mul(smoothedRow(equal(index, label), smoothing, columns), sub(logSum, shifted)));
  },
};

/**
 * `-log p[label]` over the last axis, for targets that are class indices `[...]` or `[..., 1]`. Probabilities are kept
 * 1e-7 from 0 and 1 and then divided by their sum, in this order as Keras does it.
 *
 * With `labelSmoothing`, which Keras's does not have, training computes what {@link categoricalCrossentropy} gives for
 * one-hot rows. `evaluate` and validation report the loss without it, so that runs with and without compare; those two
 * differ there: `categoricalCrossentropy` and `binaryCrossentropy` report smoothed losses, as Keras does.
 *
 * @throws when used, and before training starts where the targets are in memory: OUT_OF_RANGE for a label that is no
 *   class; when used: SHAPE_MISMATCH
 */
export function sparseCategoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const { fromLogits, labelSmoothing } = crossentropyOptions('sparseCategoricalCrossentropy', options);
  const isSmoothed = labelSmoothing > 0;
  const plain = fromLogits ? onLogits : onProbabilities;
  const smoothed = fromLogits ? smoothedOnLogits : smoothedOnProbabilities;
  const fn = isSmoothed ? smoothed : plain;
  const smoothing = isSmoothed ? { labelSmoothing } : {};
  const loss = lossOf(
    fn.name,
    { fromLogits, ...smoothing },
    (yTrue, yPred) => {
      const classes = yPred.shape.at(-1) ?? 1;
      const labels = labelsFor(fn.name, yTrue, yPred.shape);
      requireLabels(fn.name, yTrue.hostNumbers(), classes, yTrue);
      const scalars = isSmoothed ? { columns: classes, smoothing: labelSmoothing } : undefined;
      return applyPointwise(fn, [labels, yPred, columnNumbers(classes)], scalars);
    },
    (activation) =>
      !fromLogits && activation === 'softmax'
        ? sparseCategoricalCrossentropy({ fromLogits: true, ...smoothing })
        : undefined,
  );
  return {
    ...loss,
    requireTargets: ({ data, shape }, classes, where, name) => {
      requireSeveralClasses({ shape }, classes, { where, name });
      requireLabels(where, data, classes, { shape, name });
    },
    requirePredictions: fromLogits
      ? undefined
      : (predictions, where) => requireProbabilities(predictions, fn.name, 'softmax', 1, where),
    ...(fromLogits && { labelsOf }),
    ...(isSmoothed && { labelSmoothing, inEvaluation: sparseCategoricalCrossentropy({ fromLogits }) }),
  };
}

/** The class indices of targets for predictions of a shape, checked. */
function labelsOf(yTrue: Tensor, shape: Shape): Int32Array {
  requireLabelShape(onLogits.name, yTrue, shape);
  const values = yTrue.hostNumbers();
  requireLabels(onLogits.name, values, shape.at(-1) ?? 1, yTrue);
  return Int32Array.from(values);
}

/** The labels as `[..., 1]`. */
function labelsFor(where: string, yTrue: Tensor, shape: Shape): Tensor {
  requireLabelShape(where, yTrue, shape);
  return reshape(yTrue, [...shape.slice(0, -1), 1]);
}

function requireLabelShape(where: string, yTrue: Tensor, shape: Shape): void {
  const leading = shape.slice(0, -1);
  if (sameShape(yTrue.shape, leading) || sameShape(yTrue.shape, [...leading, 1])) return;
  const fix = sameShape(yTrue.shape, shape)
    ? 'use categoricalCrossentropy for one-hot targets.'
    : 'give one class index for every row of predictions.';
  throw targetMismatch(where, leading, yTrue.shape, fix);
}

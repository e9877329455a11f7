import { refuseUnknownOptions } from '../../errors.js';
import { equal, log, mul, rowSum, sub } from '../../expression/build.js';
import { type Shape, sameShape } from '../../shape.js';
import { columnNumbers } from '../../tensor/column-numbers.js';
import { reshape } from '../../tensor/movement.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import { requireLabels } from '../../tensor/softmax-crossentropy.js';
import type { Tensor } from '../../tensor/tensor.js';
import { clipped, logSoftmaxParts } from './crossentropy.js';
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

/**
 * `-log p[label]` over the last axis, for targets that are class indices `[...]` or `[..., 1]`. Probabilities are kept
 * 1e-7 from 0 and 1 and then divided by their sum, in this order as Keras does it.
 *
 * @throws when used, and before training starts where the targets are in memory: OUT_OF_RANGE for a label that is no
 *   class; when used: SHAPE_MISMATCH
 */
export function sparseCategoricalCrossentropy(options: { fromLogits?: boolean | undefined } = {}): Loss {
  refuseUnknownOptions('sparseCategoricalCrossentropy', options, ['fromLogits']);
  const { fromLogits = false } = options;
  const fn = fromLogits ? onLogits : onProbabilities;
  const loss = lossOf(
    fn.name,
    { fromLogits },
    (yTrue, yPred) => {
      const classes = yPred.shape.at(-1) ?? 1;
      const labels = labelsFor(fn.name, yTrue, yPred.shape);
      requireLabels(fn.name, yTrue.hostNumbers(), classes, yTrue);
      return applyPointwise(fn, [labels, yPred, columnNumbers(classes)]);
    },
    (activation) =>
      !fromLogits && activation === 'softmax' ? sparseCategoricalCrossentropy({ fromLogits: true }) : undefined,
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

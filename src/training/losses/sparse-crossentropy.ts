import { RondoError, refuseUnknownOptions } from '../../errors.js';
import { equal, log, mul, rowSum, sub } from '../../expression/build.js';
import { describeShape, sameShape, type Shape, sizeOf } from '../../shape.js';
import { reshape } from '../../tensor/movement.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { clipped, logSoftmaxParts } from './crossentropy.js';
import { type Loss, lossOf, targetMismatch, type Targets } from './loss.js';

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
 * `-log p[label]` over the last axis, for targets that are class indices `[...]` or `[..., 1]`. Probabilities are kept 1e-7
 * from 0 and 1 and then divided by their sum, in this order as Keras does it.
 *
 * @throws when used, and before training starts where the targets are in memory: OUT_OF_RANGE for a label that is no class;
 *   when used: SHAPE_MISMATCH
 */
export function sparseCategoricalCrossentropy(options: { fromLogits?: boolean } = {}): Loss {
  refuseUnknownOptions('sparseCategoricalCrossentropy', options, ['fromLogits']);
  const { fromLogits = false } = options;
  const fn = fromLogits ? onLogits : onProbabilities;
  const loss = lossOf(
    fn.name,
    { fromLogits },
    (yTrue, yPred) => {
      const classes = yPred.shape.at(-1) ?? 1;
      const labels = labelsFor(fn.name, yTrue, yPred.shape);
      requireLabels({ data: yTrue.hostNumbers(), shape: yTrue.shape }, classes, fn.name, 'the targets');
      return applyPointwise(fn, [labels, yPred, classIndices(classes)]);
    },
    (activation) => (!fromLogits && activation === 'softmax' ? sparseCategoricalCrossentropy({ fromLogits: true }) : undefined),
  );
  return { ...loss, requireTargets: requireLabels };
}

/** The labels as `[..., 1]`. */
function labelsFor(where: string, yTrue: Tensor, shape: Shape): Tensor {
  const leading = shape.slice(0, -1);
  if (!sameShape(yTrue.shape, leading) && !sameShape(yTrue.shape, [...leading, 1])) {
    const fix = sameShape(yTrue.shape, shape) ? 'use categoricalCrossentropy for one-hot targets.' : 'give one class index for every row of predictions.';
    throw targetMismatch(where, leading, yTrue.shape, fix);
  }
  return reshape(yTrue, [...leading, 1]);
}

/** @internal Refuses labels that are no class. */
export function requireLabels({ data, shape }: Targets, classes: number, where: string, name: string): void {
  for (let i = 0; i < data.length; i++) {
    const label = data[i];
    if (label >= 0 && label < classes && Number.isInteger(label)) continue;
    const position = shape.map((axis, j) => Math.floor(i / sizeOf(shape.slice(j + 1))) % axis);
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: `${name} hold something that is no class, at ${describeShape(position)}.`,
      expected: `a whole number from 0 to ${classes - 1}`,
      received: String(label),
      fix: `number the classes from 0, give the last layer more than ${classes} units, or give padding that a mask leaves out any class.`,
    });
  }
}

const indices = new Map<number, Tensor>();

/** `[0, 1, ... classes - 1]` */
function classIndices(classes: number): Tensor {
  let found = indices.get(classes);
  if (found === undefined) indices.set(classes, (found = tensor(Float32Array.from({ length: classes }, (_, i) => i))));
  return found;
}

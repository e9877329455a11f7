import { refuseUnknownOptions, requireNumber } from '../../errors.js';
import {
  add,
  detach,
  div,
  type Expression,
  exp,
  log,
  max,
  min,
  mul,
  neg,
  rowMax,
  rowSum,
  softplus,
  sub,
} from '../../expression/build.js';
import type { Resolved } from '../../resolved.js';
import type { PointwiseFunction } from '../../tensor/pointwise.js';
import { EPSILON, elementLoss, type Loss, meanOf } from './loss.js';
import { requireDistributions, requireProbabilities, requireTargetRange } from './target-checks.js';

/** Options of cross-entropies between probabilities. */
export interface CrossentropyOptions {
  /** Whether predictions are what goes into the softmax or sigmoid. Default false: they are probabilities. */
  fromLogits?: boolean | undefined;
  /**
   * From 0 (default) to 1: how much of each target's weight is spread evenly over the classes. Szegedy et al. 2016,
   * "Rethinking the Inception architecture", section 7.
   */
  labelSmoothing?: number | undefined;
}

/** @internal Kept between epsilon and 1 - epsilon. */
export function clipped(p: Expression): Expression {
  return min(max(p, EPSILON), 1 - EPSILON);
}

/** @internal `x - max(x)` and `log(sum(exp(x - max(x))))` of a row: no finite row overflows. */
export function logSoftmaxParts(x: Expression): { shifted: Expression; logSum: Expression } {
  const shifted = sub(x, detach(rowMax(x)));
  return { shifted, logSum: log(rowSum(exp(shifted))) };
}

/** @internal @throws UNKNOWN_NAME, OUT_OF_RANGE */
export function crossentropyOptions(where: string, options: CrossentropyOptions): Resolved<CrossentropyOptions> {
  refuseUnknownOptions(where, options, ['fromLogits', 'labelSmoothing']);
  const { fromLogits = false, labelSmoothing = 0 } = options;
  requireNumber(where, 'labelSmoothing', labelSmoothing, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
  return { fromLogits, labelSmoothing };
}

const smoothedPair = (t: Expression, smoothing: Expression): Expression =>
  add(mul(t, sub(1, smoothing)), mul(0.5, smoothing));

// 1 - p is clipped, not p: in float32 1 - (1 - 1e-7) has lost its digits.
const binary = meanOf(
  'binaryCrossentropy',
  (t, p, { smoothing }) => {
    const target = smoothedPair(t, smoothing);
    return neg(add(mul(target, log(clipped(p))), mul(sub(1, target), log(clipped(sub(1, p))))));
  },
  ['smoothing'],
);

// Two softplus instead of softplus(x) - t x: no cancellation where the prediction is right.
const binaryOnLogits = meanOf(
  'binaryCrossentropy',
  (t, x, { smoothing }) => {
    const target = smoothedPair(t, smoothing);
    return add(mul(target, softplus(neg(x))), mul(sub(1, target), softplus(x)));
  },
  ['smoothing'],
);

const binaryRange = {
  least: 0,
  most: 1,
  expected: 'numbers from 0 to 1',
  fix: 'give 0 or 1; use sparseCategoricalCrossentropy for more than two classes, meanSquaredError for other numbers.',
};

/**
 * `-mean(t log p + (1 - t) log(1 - p))` over the last axis; p is kept 1e-7 from 0 and 1. Targets are 0 or 1, or in
 * between. @throws OUT_OF_RANGE, also before training for other targets
 */
export function binaryCrossentropy(options: CrossentropyOptions = {}): Loss {
  const config = crossentropyOptions('binaryCrossentropy', options);
  const { fromLogits, labelSmoothing } = config;
  const loss = elementLoss(fromLogits ? binaryOnLogits : binary, { smoothing: labelSmoothing }, config);
  return {
    ...loss,
    onLogits: (activation) =>
      !fromLogits && activation === 'sigmoid' ? binaryCrossentropy({ ...config, fromLogits: true }) : undefined,
    requireTargets: (targets, _, where, name) => requireTargetRange(targets, { where, name }, binaryRange),
    requirePredictions: fromLogits
      ? undefined
      : (predictions, where) => requireProbabilities(predictions, loss.name, 'sigmoid', 1, where),
  };
}

/** @internal Targets of a row with some of their weight spread over its columns. */
export const smoothedRow = (t: Expression, smoothing: Expression, columns: Expression): Expression =>
  add(mul(t, sub(1, smoothing)), div(smoothing, columns));

const categorical: PointwiseFunction = {
  name: 'categoricalCrossentropy',
  build: ([t, p], { smoothing, columns }) =>
    neg(rowSum(mul(smoothedRow(t, smoothing, columns), log(clipped(div(p, rowSum(p))))))),
  scalars: ['columns', 'smoothing'],
  alongRows: true,
  perRow: true,
};

const categoricalOnLogits: PointwiseFunction = {
  ...categorical,
  build: ([t, x], { smoothing, columns }) => {
    const { shifted, logSum } = logSoftmaxParts(x);
    return rowSum(mul(smoothedRow(t, smoothing, columns), sub(logSum, shifted)));
  },
};

/**
 * `-sum(t log p)` over the last axis, with targets such as one-hot rows. Probabilities are first divided by their sum
 * and kept 1e-7 from 0 and 1.
 *
 * @throws OUT_OF_RANGE; before training SHAPE_MISMATCH and OUT_OF_RANGE for targets that are no distributions over the
 * classes
 */
export function categoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const config = crossentropyOptions('categoricalCrossentropy', options);
  const { fromLogits, labelSmoothing } = config;
  const loss = elementLoss(fromLogits ? categoricalOnLogits : categorical, { smoothing: labelSmoothing }, config);
  return {
    ...loss,
    onLogits: (activation) =>
      !fromLogits && activation === 'softmax' ? categoricalCrossentropy({ ...config, fromLogits: true }) : undefined,
    requireTargets: (targets, classes, where, name) => requireDistributions(targets, classes, { where, name }),
    // Divided by their sum, they may be of any size.
    requirePredictions: fromLogits
      ? undefined
      : (predictions, where) => requireProbabilities(predictions, loss.name, 'softmax', Infinity, where),
  };
}

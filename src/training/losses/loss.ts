import { RondoError } from '../../errors.js';
import { div, type Expression, rowSum } from '../../expression/build.js';
import type { Configuration, Configured } from '../../layers/configured.js';
import { describeShape, type Shape, sameShape } from '../../shape.js';
import { reshape } from '../../tensor/movement.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import type { Tensor } from '../../tensor/tensor.js';

/** A loss as a function to one value per sample (and step). */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** Targets on the host. */
export interface Targets {
  readonly data: ArrayLike<number>;
  readonly shape: Shape;
}

/** How far predictions are from targets. */
export interface Loss extends Configured {
  readonly config: Readonly<Record<string, unknown>>;
  /** One number per sample (and step): the last axis is averaged or summed away. Differentiable by `yPred`. */
  values(yTrue: Tensor, yPred: Tensor): Tensor;
  /** The same loss on what goes into the activation that made the predictions, where there is such a form. */
  onLogits?: ((activation: string) => Loss | undefined) | undefined;
  /**
   * Refuses targets that no prediction fits, so that training on data in memory does not start. @param width the last
   * axis of the predictions. @param name what messages call the targets.
   */
  requireTargets?(targets: Targets, width: number, where: string, name: string): void;
  /** Refuses predictions that are no probabilities where the loss takes such; asked of the first batch of a run. */
  requirePredictions?(predictions: ArrayLike<number>, where: string): void;
  /**
   * Of a loss of logits that is `-ln p` of a class of each row: reads the classes from targets, for predictions of a
   * shape. A head that can score labels is then asked for these alone.
   */
  labelsOf?(yTrue: Tensor, shape: Shape): Int32Array;
  /** How much of the labels that {@link Loss.labelsOf} reads is spread over all classes. Default 0. */
  readonly labelSmoothing?: number | undefined;
  /** What evaluation and validation report instead, where the loss itself is for training alone. */
  readonly inEvaluation?: Loss | undefined;
}

/** Keras's backend epsilon: probabilities are kept this far from 0 and 1 before their logarithm is taken. */
export const EPSILON = 1e-7;

/** What {@link defineLoss} is given. */
export interface LossDefinition {
  name: string;
  /**
   * From one element of the targets and of the predictions to its loss; `options` are the numbers of `options` below.
   */
  element(yTrue: Expression, yPred: Expression, options: Readonly<Record<string, Expression>>): Expression;
  /** Numbers that the equation uses, by name. */
  options?: Readonly<Record<string, number>> | undefined;
}

/**
 * A loss from the equation of one element, averaged over the last axis. Its derivative and its kernel come from the
 * equation.
 *
 * @example
 * const squaredLogError = defineLoss({ name: 'squaredLogError', element: (t, p) => square(sub(log(add(t, 1)), log(add(p, 1)))) });
 */
export function defineLoss({ name, element, options = {} }: LossDefinition): Loss {
  return elementLoss(meanOf(name, element, Object.keys(options)), options);
}

/** @internal The function `mean over the row of element(yTrue, yPred)`; made once for all losses of its name. */
export function meanOf(
  name: string,
  element: LossDefinition['element'],
  scalars: readonly string[] = [],
): PointwiseFunction {
  return {
    name,
    build: ([t, p], numbers) => div(rowSum(element(t, p, numbers)), numbers.columns),
    scalars: ['columns', ...scalars],
    alongRows: true,
    perRow: true,
  };
}

/** @internal A loss that one pointwise function computes from targets and predictions of equal shape. */
export function elementLoss(
  fn: PointwiseFunction,
  scalars: Readonly<Record<string, number>> = {},
  config: Readonly<Record<string, unknown>> = scalars,
): Loss {
  return lossOf(fn.name, config, (yTrue, yPred) => {
    const [targets, predictions] = alignTargets(fn.name, yTrue, yPred);
    return applyPointwise(fn, [targets, predictions], { columns: predictions.shape.at(-1) ?? 1, ...scalars });
  });
}

/** @internal */
export function lossOf(
  name: string,
  config: Readonly<Record<string, unknown>>,
  values: Loss['values'],
  onLogits?: Loss['onLogits'],
): Loss {
  return { name, config, values, getConfig: (): Configuration => ({ name, config }), onLogits };
}

/**
 * @internal Targets and predictions in one shape; where one lacks a last axis of size 1, it is added. Keras removes it
 * from the other instead, which gives one value per sample where we give one per step; their mean is the same.
 */
export function alignTargets(where: string, yTrue: Tensor, yPred: Tensor): [Tensor, Tensor] {
  if (sameShape(yTrue.shape, yPred.shape)) return [yTrue, yPred];
  if (sameShape([...yTrue.shape, 1], yPred.shape)) return [reshape(yTrue, yPred.shape), yPred];
  if (sameShape(yTrue.shape, [...yPred.shape, 1])) return [yTrue, reshape(yPred, yTrue.shape)];
  throw targetMismatch(
    where,
    yPred.shape,
    yTrue.shape,
    'give one target for every prediction, or change the units of the last layer.',
  );
}

/** @internal */
export function targetMismatch(where: string, expected: Shape, received: Shape, fix: string): RondoError {
  return new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'the targets do not fit the predictions.',
    expected: `targets of shape ${describeShape(expected)}`,
    received: describeShape(received),
    fix,
  });
}

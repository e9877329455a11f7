import { RondoError } from '../../errors.js';
import { describeShape, type Shape, sizeOf } from '../../shape.js';
import { mul } from '../../tensor/arithmetic.js';
import { mean, sum } from '../../tensor/reduce.js';
import { scope, type Tensor, tensor } from '../../tensor/tensor.js';
import type { Loss } from './loss.js';

/** How much each sample or step counts. */
export interface Weighting {
  /** One weight per sample `[batch]`, or per step `[batch, time]`. */
  sampleWeight?: Tensor | undefined;
  /** 1 where a sample or step counts, 0 where it is padding. */
  mask?: Tensor | undefined;
}

/**
 * The loss of a batch as one number, Keras 3's `sum_over_batch_size`: the mean of the values; with weights
 * `sum(w values) / count(values)`; with a mask the values that count are averaged,
 * `mean(m w values) * count(m) / sum(m)`. A batch in which nothing counts has the loss 0.
 *
 * @throws SHAPE_MISMATCH where weights or mask do not fit the leading axes of the values.
 */
export function lossValue(loss: Loss, yTrue: Tensor, yPred: Tensor, weighting: Weighting = {}): Tensor {
  return countedLoss(loss, yTrue, yPred, weighting).value;
}

/** @internal {@link lossValue}, and of how many values it is the mean: batches are weighted with it. */
export function countedLoss(
  loss: Loss,
  yTrue: Tensor,
  yPred: Tensor,
  { sampleWeight, mask }: Weighting,
): { value: Tensor; count: number } {
  let count = 0;
  const value = scope(() => {
    const values = loss.values(yTrue, yPred);
    if (sampleWeight === undefined && mask === undefined) {
      count = values.size;
      return mean(values);
    }
    const share = coefficients(values.shape, { sampleWeight, mask });
    ({ count } = share);
    return sum(mul(values, tensor(share.each, values.shape)));
  });
  return { value, count };
}

/** What each value is multiplied with before all are added up, and how many of them count. */
interface Coefficients {
  readonly each: Float64Array;
  readonly count: number;
}

/** @internal Weights and masks are data, so this is worked out on the host. */
export function coefficients(shape: Shape, { sampleWeight, mask }: Weighting): Coefficients {
  const size = sizeOf(shape);
  const each = new Float64Array(size).fill(1 / size);
  let count = size;
  if (sampleWeight !== undefined) {
    const weights = sampleWeight.hostNumbers();
    const repeat = size / leadingSize('sampleWeight', sampleWeight.shape, shape);
    for (let i = 0; i < size; i++) each[i] *= weights[Math.floor(i / repeat)];
  }
  if (mask !== undefined) {
    const counts = mask.hostNumbers();
    const repeat = size / leadingSize('mask', mask.shape, shape);
    let valid = 0;
    for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) valid++;
    count = valid * repeat;
    const scale = valid === 0 ? 0 : counts.length / valid;
    for (let i = 0; i < size; i++) each[i] *= counts[Math.floor(i / repeat)] !== 0 ? scale : 0;
  }
  return { each, count };
}

/** The number of weights, which stand for the leading axes of the values. */
function leadingSize(name: string, given: Shape, shape: Shape): number {
  let rank = given.length;
  const isLeading = (): boolean => rank <= shape.length && given.slice(0, rank).every((axis, i) => axis === shape[i]);
  while (!isLeading() && rank > 1 && given[rank - 1] === 1) rank--;
  if (isLeading()) return sizeOf(given.slice(0, rank));
  throw new RondoError('SHAPE_MISMATCH', {
    where: 'loss',
    what: `\`${name}\` does not fit the values of the loss.`,
    expected: `${describeShape(shape)}, or its leading axes`,
    received: describeShape(given),
    fix: 'give one number per sample, or one per sample and step.',
  });
}

import { RondoError, refuseUnknownOptions } from '../../errors.js';
import { div, type Expression, max, mul, rowSum, sub } from '../../expression/build.js';
import { describeShape, sameShape } from '../../shape.js';
import { reshape } from '../../tensor/movement.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import { mean } from '../../tensor/reduce.js';
import { tensor } from '../../tensor/tensor.js';
import { elementLoss, type Loss, lossOf, meanOf } from './loss.js';

/** `max(q e, (q - 1) e)` of the error `e = t - p`. */
function pinball(t: Expression, p: Expression, q: Expression): Expression {
  const error = sub(t, p);
  return max(mul(q, error), mul(sub(q, 1), error));
}

const single = meanOf('quantile', (t, p, { quantile: q }) => pinball(t, p, q), ['quantile']);

// Operands: one target per row, one prediction per quantile, the quantiles.
const several: PointwiseFunction = {
  name: 'quantile',
  build: ([t, p, q], { columns }) => div(rowSum(pinball(t, p, q)), columns),
  scalars: ['columns'],
  alongRows: true,
  perRow: true,
};

/**
 * The pinball loss, least where the prediction is exceeded with probability 1 - q. Koenker and Bassett 1978,
 * "Regression quantiles".
 *
 * With one quantile (default 0.5, the median) predictions have the shape of the targets. With a list of Q quantiles
 * they are `[..., Q]` for targets `[...]`, or `[..., F * Q]` for targets `[..., F]`: the quantiles of a feature lie
 * side by side.
 *
 * @throws OUT_OF_RANGE for a quantile outside (0, 1); when used SHAPE_MISMATCH
 */
export function quantile(options: { quantile?: number | readonly number[] | undefined } = {}): Loss {
  refuseUnknownOptions('quantile', options, ['quantile']);
  const { quantile: given = 0.5 } = options;
  const quantiles = typeof given === 'number' ? [given] : given;
  if (quantiles.length === 0 || !quantiles.every((q) => q > 0 && q < 1)) {
    throw new RondoError('OUT_OF_RANGE', {
      where: 'quantile',
      what: '`quantile` is out of range.',
      expected: 'numbers between 0 and 1',
      received: JSON.stringify(given),
      fix: 'give for example [0.1, 0.5, 0.9].',
    });
  }
  if (typeof given === 'number') return elementLoss(single, { quantile: given });
  const levels = tensor(Float64Array.from(quantiles));
  const columns = quantiles.length;
  return lossOf('quantile', { quantile: quantiles }, (yTrue, yPred) => {
    if (sameShape(yPred.shape, [...yTrue.shape, columns]))
      return applyPointwise(several, [reshape(yTrue, [...yTrue.shape, 1]), yPred, levels], { columns });
    const features = yTrue.shape.at(-1) ?? 0;
    if (!sameShape(yPred.shape, [...yTrue.shape.slice(0, -1), features * columns])) {
      throw new RondoError('SHAPE_MISMATCH', {
        where: 'quantile',
        what: 'the predictions do not hold each quantile of each target.',
        expected:
          `${describeShape([...yTrue.shape, columns])} for ${columns} quantiles of targets ` +
          describeShape(yTrue.shape),
        received: describeShape(yPred.shape),
        fix: `give the last layer ${columns} units per target.`,
      });
    }
    const split = reshape(yPred, [...yTrue.shape, columns]);
    return mean(applyPointwise(several, [reshape(yTrue, [...yTrue.shape, 1]), split, levels], { columns }), -1);
  });
}

import { RondoError, requireNumber } from '../../errors.js';
import { add, type Expression, mul, sub } from '../../expression/build.js';
import { Optimizer } from './optimizer.js';
import { commonPart, type OptimizerOptions, refuseUnknownOptimizerOptions } from './options.js';

export interface SGDOptions extends OptimizerOptions {
  /**
   * How much of the last step goes on, in rows of an embedding that the batch did not read too (see `lazyRows`).
   * Default 0.
   */
  momentum?: number | undefined;
  /** Looks ahead along the momentum. Default false. */
  nesterov?: boolean | undefined;
}

/**
 * Stochastic gradient descent. `w <- w - rate * g`; with momentum `m <- momentum * m - rate * g` and `w <- w + m`, or
 * with `nesterov` `w <- w + momentum * m - rate * g`. Learning rate 0.01 by default. Sutskever et al. 2013, "On the
 * importance of initialization and momentum in deep learning", eq. 1-4.
 *
 * @throws OUT_OF_RANGE; USAGE for `nesterov` without momentum
 */
export function sgd(options: SGDOptions = {}): Optimizer {
  refuseUnknownOptimizerOptions('sgd', options, ['momentum', 'nesterov']);
  const { momentum = 0, nesterov = false } = options;
  requireNumber('sgd', 'momentum', momentum, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
  if (nesterov && momentum === 0)
    throw new RondoError('USAGE', {
      where: 'sgd',
      what: '`nesterov` has no effect without momentum.',
      fix: 'give `momentum`, for example 0.9, or remove `nesterov`.',
    });
  return new Optimizer(
    {
      name: 'sgd',
      config: { momentum, nesterov },
      slots: momentum > 0 ? { momentum: 0 } : {},
      restsWithoutGradient: momentum === 0,
      scalars: ({ learningRate }) => ({ rate: learningRate }),
      update: ({ gradient, weight, slots, scalars }): Record<string, Expression> => {
        const step = mul(gradient, scalars.rate);
        if (momentum === 0) return { weight: sub(weight, step) };
        const velocity = sub(mul(slots.momentum, momentum), step);
        return { momentum: velocity, weight: add(weight, nesterov ? sub(mul(velocity, momentum), step) : velocity) };
      },
    },
    commonPart(options),
    0.01,
  );
}

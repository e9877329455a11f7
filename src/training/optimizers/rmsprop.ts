import { requireNumber } from '../../errors.js';
import { add, div, max, mul, sqrt, square, sub } from '../../expression/build.js';
import { Optimizer } from './optimizer.js';
import {
  commonPart,
  type OptimizerOptions,
  refuseUnknownOptimizerOptions,
  requireDecay,
  requireEpsilon,
} from './options.js';

export interface RMSpropOptions extends OptimizerOptions {
  /** Decay of the averages. Default 0.9. */
  rho?: number | undefined;
  /** Default 0. */
  momentum?: number | undefined;
  /** Default 1e-7. */
  epsilon?: number | undefined;
  /** Divides by the gradient's variance instead of its second moment. Default false. */
  centered?: boolean | undefined;
}

/**
 * Divides the gradient by a moving average of its size: `v <- rho v + (1 - rho) g^2`,
 * `w <- w - rate * g / sqrt(v + epsilon)`; centered, the square of the average gradient is taken from v. Tieleman and
 * Hinton 2012, "Lecture 6.5: rmsprop"; Graves 2013, "Generating sequences with recurrent neural networks", eq. 38-45.
 *
 * @throws OUT_OF_RANGE
 */
export function rmsprop(options: RMSpropOptions = {}): Optimizer {
  refuseUnknownOptimizerOptions('rmsprop', options, ['rho', 'momentum', 'epsilon', 'centered']);
  const { rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false } = options;
  requireDecay('rmsprop', 'rho', rho);
  requireNumber('rmsprop', 'momentum', momentum, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
  requireEpsilon('rmsprop', epsilon);
  return new Optimizer(
    {
      name: 'rmsprop',
      config: { rho, momentum, epsilon, centered },
      slots: { velocity: 0, ...(momentum > 0 && { momentum: 0 }), ...(centered && { averageGradient: 0 }) },
      scalars: ({ learningRate }) => ({ rate: learningRate }),
      update: ({ gradient, weight, slots, scalars }) => {
        const velocity = add(mul(rho, slots.velocity), mul(1 - rho, square(gradient)));
        const averageGradient = centered ? add(mul(rho, slots.averageGradient), mul(1 - rho, gradient)) : undefined;
        // A variance is never negative, its rounded value may be.
        const spread = averageGradient === undefined ? velocity : max(sub(velocity, square(averageGradient)), 0);
        const step = div(mul(scalars.rate, gradient), sqrt(add(spread, epsilon)));
        const moved = momentum > 0 ? add(mul(momentum, slots.momentum), step) : step;
        return {
          velocity,
          ...(averageGradient && { averageGradient }),
          ...(momentum > 0 && { momentum: moved }),
          weight: sub(weight, moved),
        };
      },
    },
    commonPart(options),
  );
}

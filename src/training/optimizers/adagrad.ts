import { requireNumber } from '../../errors.js';
import { add, div, mul, sqrt, square, sub } from '../../expression/build.js';
import { Optimizer } from './optimizer.js';
import { commonPart, type OptimizerOptions, refuseUnknownOptimizerOptions, requireEpsilon } from './options.js';

export interface AdagradOptions extends OptimizerOptions {
  /** Default 0.1. */
  initialAccumulatorValue?: number | undefined;
  /** Default 1e-7. */
  epsilon?: number | undefined;
}

/**
 * Divides the gradient by the root of all its squares: `a <- a + g^2`, `w <- w - rate * g / sqrt(a + epsilon)`. Duchi
 * et al. 2011, "Adaptive subgradient methods for online learning and stochastic optimization". @throws OUT_OF_RANGE
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  refuseUnknownOptimizerOptions('adagrad', options, ['initialAccumulatorValue', 'epsilon']);
  const { initialAccumulatorValue = 0.1, epsilon = 1e-7 } = options;
  requireNumber('adagrad', 'initialAccumulatorValue', initialAccumulatorValue, 'a number of at least 0', (v) => v >= 0);
  requireEpsilon('adagrad', epsilon);
  return new Optimizer(
    {
      name: 'adagrad',
      config: { initialAccumulatorValue, epsilon },
      slots: { accumulator: initialAccumulatorValue },
      restsWithoutGradient: true,
      scalars: ({ learningRate }) => ({ rate: learningRate }),
      update: ({ gradient, weight, slots, scalars }) => {
        const accumulator = add(slots.accumulator, square(gradient));
        return { accumulator, weight: sub(weight, div(mul(scalars.rate, gradient), sqrt(add(accumulator, epsilon)))) };
      },
    },
    commonPart(options),
  );
}

import { add, div, type Expression, mul, neg, sqrt, square } from '../../expression/build.js';
import { Optimizer } from './optimizer.js';
import {
  commonPart,
  type OptimizerOptions,
  refuseUnknownOptimizerOptions,
  requireDecay,
  requireEpsilon,
} from './options.js';

export interface AdadeltaOptions extends OptimizerOptions {
  /** Decay of the averages. Default 0.95. */
  rho?: number | undefined;
  /** Default 1e-7. */
  epsilon?: number | undefined;
}

/**
 * Steps whose unit is the weight's own: `d = -g * rms(past steps) / rms(gradients)`, `w <- w + rate * d`, with
 * `rms(x) = sqrt(average of x^2 + epsilon)`. Zeiler 2012, "ADADELTA: an adaptive learning rate method", algorithm 1.
 *
 * @throws OUT_OF_RANGE
 */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  refuseUnknownOptimizerOptions('adadelta', options, ['rho', 'epsilon']);
  const { rho = 0.95, epsilon = 1e-7 } = options;
  requireDecay('adadelta', 'rho', rho);
  requireEpsilon('adadelta', epsilon);
  const averaged = (before: Expression, x: Expression): Expression => add(mul(rho, before), mul(1 - rho, square(x)));
  const rms = (average: Expression): Expression => sqrt(add(average, epsilon));
  return new Optimizer(
    {
      name: 'adadelta',
      config: { rho, epsilon },
      slots: { accumulatedGradient: 0, accumulatedStep: 0 },
      scalars: ({ learningRate }) => ({ rate: learningRate }),
      update: ({ gradient, weight, slots, scalars }) => {
        const accumulatedGradient = averaged(slots.accumulatedGradient, gradient);
        const step = neg(div(mul(rms(slots.accumulatedStep), gradient), rms(accumulatedGradient)));
        return {
          accumulatedGradient,
          accumulatedStep: averaged(slots.accumulatedStep, step),
          weight: add(weight, mul(scalars.rate, step)),
        };
      },
    },
    commonPart(options),
  );
}

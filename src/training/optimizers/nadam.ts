import { add, div, mul, sqrt, square, sub } from '../../expression/build.js';
import { Optimizer } from './optimizer.js';
import {
  commonPart,
  type OptimizerOptions,
  refuseUnknownOptimizerOptions,
  requireDecay,
  requireEpsilon,
} from './options.js';

export interface NadamOptions extends OptimizerOptions {
  /** Decay of the average gradient. Default 0.9. */
  beta1?: number | undefined;
  /** Decay of the average square. Default 0.999. */
  beta2?: number | undefined;
  /** Default 1e-7. */
  epsilon?: number | undefined;
}

/**
 * Adam that looks ahead along its momentum, with a momentum that grows: `u_t = beta1 (1 - 0.96^t / 2)`. Dozat 2016,
 * "Incorporating Nesterov momentum into Adam", algorithm 2. @throws OUT_OF_RANGE
 */
export function nadam(options: NadamOptions = {}): Optimizer {
  refuseUnknownOptimizerOptions('nadam', options, ['beta1', 'beta2', 'epsilon']);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
  requireDecay('nadam', 'beta1', beta1);
  requireDecay('nadam', 'beta2', beta2);
  requireEpsilon('nadam', epsilon);
  const momentumAt = (step: number): number => beta1 * (1 - 0.5 * 0.96 ** step);
  return new Optimizer(
    {
      name: 'nadam',
      config: { beta1, beta2, epsilon },
      slots: { momentum: 0, velocity: 0 },
      counters: { momentumProduct: 1 },
      scalars: ({ step, learningRate, counters }) => {
        counters.momentumProduct *= momentumAt(step);
        const next = momentumAt(step + 1);
        return {
          rate: learningRate,
          momentumPart: next / (1 - counters.momentumProduct * next),
          gradientPart: (1 - momentumAt(step)) / (1 - counters.momentumProduct),
          velocityCorrection: 1 / (1 - beta2 ** step),
        };
      },
      update: ({ gradient, weight, slots, scalars }) => {
        const momentum = add(slots.momentum, mul(sub(gradient, slots.momentum), 1 - beta1));
        const velocity = add(slots.velocity, mul(sub(square(gradient), slots.velocity), 1 - beta2));
        const ahead = add(mul(scalars.momentumPart, momentum), mul(scalars.gradientPart, gradient));
        const step = div(mul(ahead, scalars.rate), add(sqrt(mul(velocity, scalars.velocityCorrection)), epsilon));
        return { momentum, velocity, weight: sub(weight, step) };
      },
    },
    commonPart(options),
  );
}

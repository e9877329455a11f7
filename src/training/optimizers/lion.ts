import { add, mul, sign, sub } from '../../expression/build.js';
import { Optimizer } from './optimizer.js';
import { commonPart, type OptimizerOptions, refuseUnknownOptimizerOptions, requireDecay } from './options.js';

export interface LionOptions extends OptimizerOptions {
  /** Weight of the momentum in the step. Default 0.9. */
  beta1?: number | undefined;
  /** Decay of the momentum. Default 0.99. */
  beta2?: number | undefined;
}

/**
 * Steps of one size in the direction of a sign: `w <- w - rate * sign(beta1 m + (1 - beta1) g)`, then
 * `m <- beta2 m + (1 - beta2) g`. Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2.
 *
 * @throws OUT_OF_RANGE
 */
export function lion(options: LionOptions = {}): Optimizer {
  refuseUnknownOptimizerOptions('lion', options, ['beta1', 'beta2']);
  const { beta1 = 0.9, beta2 = 0.99 } = options;
  requireDecay('lion', 'beta1', beta1);
  requireDecay('lion', 'beta2', beta2);
  return new Optimizer(
    {
      name: 'lion',
      config: { beta1, beta2 },
      slots: { momentum: 0 },
      scalars: ({ learningRate }) => ({ rate: learningRate }),
      update: ({ gradient, weight, slots, scalars }) => {
        const direction = sign(add(mul(slots.momentum, beta1), mul(gradient, 1 - beta1)));
        return {
          momentum: add(mul(slots.momentum, beta2), mul(gradient, 1 - beta2)),
          weight: sub(weight, mul(scalars.rate, direction)),
        };
      },
    },
    commonPart(options),
  );
}

import { add, div, max, mul, sqrt, square, sub } from '../../expression/build.js';
import { Optimizer } from './optimizer.js';
import {
  commonPart,
  type OptimizerOptions,
  refuseUnknownOptimizerOptions,
  requireDecay,
  requireEpsilon,
} from './options.js';

export interface AdamOptions extends OptimizerOptions {
  /** Decay of the average gradient. Default 0.9. */
  beta1?: number | undefined;
  /** Decay of the average square. Default 0.999. */
  beta2?: number | undefined;
  /** Default 1e-7. */
  epsilon?: number | undefined;
  /**
   * Divides by the largest average square so far (Reddi et al. 2018, "On the convergence of Adam and beyond"). Default
   * false.
   */
  amsgrad?: boolean | undefined;
}

/**
 * `m <- m + (1 - beta1)(g - m)`, `v <- v + (1 - beta2)(g^2 - v)`, `w <- w - alpha m / (sqrt(v) + epsilon)` with
 * `alpha = rate * sqrt(1 - beta2^t) / (1 - beta1^t)`. Kingma and Ba 2014, "Adam: a method for stochastic optimization",
 * the form at the end of section 2, whose epsilon is not that of algorithm 1 (nor PyTorch's).
 *
 * @throws OUT_OF_RANGE
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamNamed('adam', options);
}

/**
 * Adam with weight decay, 0.004 by default. Loshchilov and Hutter 2017, "Decoupled weight decay regularization",
 * algorithm 2. @throws OUT_OF_RANGE
 */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamNamed('adamW', { ...options, weightDecay: options.weightDecay ?? 0.004 });
}

function adamNamed(name: string, options: AdamOptions): Optimizer {
  refuseUnknownOptimizerOptions(name, options, ['beta1', 'beta2', 'epsilon', 'amsgrad']);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, amsgrad = false } = options;
  requireDecay(name, 'beta1', beta1);
  requireDecay(name, 'beta2', beta2);
  requireEpsilon(name, epsilon);
  return new Optimizer(
    {
      name,
      config: { beta1, beta2, epsilon, amsgrad },
      slots: { momentum: 0, velocity: 0, ...(amsgrad && { velocityHat: 0 }) },
      scalars: ({ step, learningRate }) => ({
        alpha: (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step),
      }),
      update: ({ gradient, weight, slots, scalars }) => {
        const momentum = add(slots.momentum, mul(sub(gradient, slots.momentum), 1 - beta1));
        const velocity = add(slots.velocity, mul(sub(square(gradient), slots.velocity), 1 - beta2));
        const velocityHat = amsgrad ? max(slots.velocityHat, velocity) : undefined;
        const step = div(mul(momentum, scalars.alpha), add(sqrt(velocityHat ?? velocity), epsilon));
        return { momentum, velocity, ...(velocityHat && { velocityHat }), weight: sub(weight, step) };
      },
    },
    commonPart(options),
  );
}

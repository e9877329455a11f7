import { requireNumber } from '../../errors.js';
import { add, mul, sub } from '../../expression/build.js';
import { Optimizer } from './optimizer.js';
import { commonPart, type OptimizerOptions, refuseUnknownOptimizerOptions } from './options.js';

export interface AveragedSGDOptions extends OptimizerOptions {
  /** How fast weights decay and steps shrink. Default 1e-4. */
  lambd?: number | undefined;
  /** Exponent of the shrinking steps. Default 0.75. */
  alpha?: number | undefined;
  /** Updates before averaging starts; until then averages are the weights. Default 1e6. See `AveragingTrigger`. */
  t0?: number | undefined;
}

/**
 * Gradient descent with shrinking steps `eta = rate / (1 + lambd rate t)^alpha`, whose result is the running mean of
 * the weights: `w <- w (1 - lambd eta) - eta g`, `average <- average + mu (w - average)`, `mu = 1 / max(1, t - t0)`, t
 * the updates before. Training goes on with w; {@link Optimizer.swapAverages} and {@link Optimizer.finalizeWeights}
 * give the mean. Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging"; names, defaults and
 * learning rate (0.01) of PyTorch's ASGD, and as there `weightDecay` is added to the gradient, `g + weightDecay w`.
 *
 * @throws OUT_OF_RANGE; USAGE with `useEMA`
 */
export function averagedSGD(options: AveragedSGDOptions = {}): Optimizer {
  refuseUnknownOptimizerOptions('averagedSGD', options, ['lambd', 'alpha', 't0']);
  const { weightDecay = 0, ...others } = commonPart(options);
  const { lambd = 1e-4, alpha = 0.75, t0 = 1e6 } = options;
  for (const [name, value] of Object.entries({ lambd, alpha, t0, weightDecay }))
    requireNumber('averagedSGD', name, value, 'a number of at least 0', (v) => v >= 0);
  return new Optimizer(
    {
      name: 'averagedSGD',
      config: { lambd, alpha, t0, weightDecay },
      slots: { average: 0 },
      averageSlot: 'average',
      counters: { averagingStart: t0 },
      scalars: ({ step, learningRate, counters }) => {
        const before = step - 1;
        return {
          eta: learningRate / (1 + lambd * learningRate * before) ** alpha,
          mu: 1 / Math.max(1, before - counters.averagingStart),
        };
      },
      update: ({ gradient, weight, slots, scalars }) => {
        const decayed = weightDecay > 0 ? add(gradient, mul(weightDecay, weight)) : gradient;
        const next = sub(sub(weight, mul(weight, mul(lambd, scalars.eta))), mul(scalars.eta, decayed));
        return { weight: next, average: add(mul(sub(1, scalars.mu), slots.average), mul(scalars.mu, next)) };
      },
    },
    others,
    0.01,
  );
}

import type { Resolved } from '../../resolved.js';
import { AveragingTrigger } from '../../training/callbacks/averaging-trigger.js';
import type { Callback } from '../../training/callbacks/callback.js';
import { averagedSGD, type Optimizer, sgd } from '../../training/optimizers/index.js';
import { piecewiseConstantDecay } from '../../training/schedules.js';
import { cosineAdam } from '../training-run.js';
import type { LanguageModelOptions } from './language-model-options.js';

/** How the weights of a language model are found. */
export const languageModelOptimizers = ['adam', 'sgd', 'ntasgd'] as const;

export type LanguageModelOptimizer = (typeof languageModelOptimizers)[number];

/**
 * Largest norm of all gradients together; those of gradient descent are Zaremba et al.'s 5 over 20 steps and Merity et
 * al.'s 0.25.
 */
export const defaultClipNorms: Readonly<Record<LanguageModelOptimizer, number>> = { adam: 1, sgd: 0.25, ntasgd: 0.25 };

/**
 * By width. Wider layers need smaller steps of Adam; gradient descent takes Zaremba et al.'s 1 for sums over 20 steps,
 * and Merity et al.'s 30.
 */
export function defaultLearningRate(optimizer: LanguageModelOptimizer, units: number): number {
  return { adam: 0.09 / Math.sqrt(units), sgd: 20, ntasgd: 30 }[optimizer];
}

/** The optimizer, and what must watch the training with it. */
export function languageModelOptimizer(
  options: Resolved<LanguageModelOptions>,
  numBatches: number,
): { readonly optimizer: Optimizer; readonly callbacks: readonly Callback[] } {
  const { optimizer, learningRate, clipNorm: globalClipNorm, weightDecay, epochs } = options;
  if (optimizer === 'adam')
    return {
      optimizer: cosineAdam({ learningRate, numSteps: numBatches * epochs, globalClipNorm, weightDecay }),
      callbacks: [],
    };
  if (optimizer === 'sgd')
    return {
      optimizer: sgd({ learningRate: fallingByEpoch(options, numBatches), globalClipNorm, weightDecay }),
      callbacks: [],
    };
  return {
    optimizer: averagedSGD({ learningRate, lambd: 0, globalClipNorm, weightDecay }),
    callbacks: [new AveragingTrigger()],
  };
}

/** The full rate for some epochs, then each epoch's is that of the epoch before times `rateDecay`. */
function fallingByEpoch(
  { learningRate, fullRateEpochs, rateDecay, epochs }: Resolved<LanguageModelOptions>,
  numBatches: number,
): ReturnType<typeof piecewiseConstantDecay> | number {
  const numFalls = epochs - fullRateEpochs;
  if (numFalls <= 0) return learningRate;
  return piecewiseConstantDecay({
    boundaries: Array.from({ length: numFalls }, (_, i) => (fullRateEpochs + i) * numBatches - 1),
    values: Array.from({ length: numFalls + 1 }, (_, i) => learningRate * rateDecay ** i),
  });
}

import type { Resolved } from '../../resolved.js';
import { AveragingTrigger } from '../../training/callbacks/averaging-trigger.js';
import type { Callback } from '../../training/callbacks/callback.js';
import { averagedSGD, type Optimizer, sgd } from '../../training/optimizers/index.js';
import { piecewiseConstantDecay } from '../../training/schedules.js';
import { cosineAdam } from '../training-run.js';
import type { LanguageModelOptions } from './language-model-options.js';

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

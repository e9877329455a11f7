import { describe, expect, it } from 'vitest';
import { Dense } from '../../layers/dense.js';
import { averagedSGD, sgd } from '../optimizers/index.js';
import { Sequential } from '../sequential.js';
import { AveragingTrigger } from './averaging-trigger.js';
import type { TrainingContext } from './callback.js';

/** One weight whose gradient is `w - y`, averaged over the batch of one. */
function oneWeight(optimizer: ReturnType<typeof sgd>): Sequential {
  const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })]);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

describe('AveragingTrigger', () => {
  it('starts averaging at the first epoch that is worse than the best of long before', () => {
    const model = oneWeight(averagedSGD({ lambd: 0 }));
    const context = { model } as unknown as TrainingContext;
    const trigger = new AveragingTrigger({ patience: 2 });
    const started = [5, 4, 3, 3.5, 3.2, 3.1, 2.9].map((valLoss, epoch) => {
      trigger.onEpochEnd(epoch, { loss: 0, valLoss }, context);
      return trigger.hasStarted;
    });
    // 3.2 is above the least of 5, 4, 3 before the last two.
    expect(started).toEqual([false, false, false, false, false, true, true]);
    const back = new AveragingTrigger({ patience: 2 });
    back.setState(JSON.parse(JSON.stringify(trigger.getState())));
    expect(back.hasStarted).toBe(true);
  });
  it('makes the result the mean of the weights from then on', async () => {
    const model = oneWeight(averagedSGD({ lambd: 0, learningRate: 0.1 }));
    const weights: number[] = [];
    const startsAfterTwo = {
      onEpochEnd: (epoch: number, _: unknown, context: TrainingContext) => {
        weights.push(model.weights[0].dataSync()[0]);
        if (epoch === 1) context.model.optimizer.startAveraging();
      },
    };
    await model.fit([[1]], [[1]], { epochs: 6, callbacks: [startsAfterTwo] });
    const mean = weights.slice(2).reduce((sum, value) => sum + value, 0) / 4;
    expect(model.weights[0].dataSync()[0]).toBeCloseTo(mean, 5);
    expect(mean).not.toBeCloseTo(weights[5], 2);
  });
  it('needs an optimizer that averages, a log that exists and a sensible patience', () => {
    const context = { model: oneWeight(sgd()) } as unknown as TrainingContext;
    const trigger = new AveragingTrigger({ patience: 1 });
    for (const valLoss of [1, 2]) trigger.onEpochEnd(0, { valLoss }, context);
    expect(() => trigger.onEpochEnd(2, { valLoss: 3 }, context)).toThrow('[USAGE] sgd.startAveraging');
    expect(() => new AveragingTrigger().onEpochEnd(0, { loss: 1 }, context)).toThrow('[UNKNOWN_NAME]');
    expect(() => new AveragingTrigger({ patience: 0 })).toThrow('[OUT_OF_RANGE]');
  });
});

import { requireNumber } from '../../errors.js';
import type { Callback, TrainingContext } from './callback.js';
import { requireSettableRate } from './reduce-lr-on-plateau.js';

/**
 * Sets the learning rate at the start of each epoch to what `schedule(epoch, learningRate)` returns; epochs count from
 * 0.
 */
export class LearningRateScheduler implements Callback {
  readonly name = 'learningRateScheduler';
  readonly #schedule: (epoch: number, learningRate: number) => number;

  constructor(schedule: (epoch: number, learningRate: number) => number) {
    this.#schedule = schedule;
  }

  onTrainBegin(context: TrainingContext): void {
    requireSettableRate('LearningRateScheduler', context);
  }

  /** @throws OUT_OF_RANGE where the schedule returns no learning rate */
  onEpochBegin(epoch: number, { model: { optimizer } }: TrainingContext): void {
    const learningRate = this.#schedule(epoch, optimizer.learningRate);
    requireNumber('LearningRateScheduler', 'learningRate', learningRate, 'a number of at least 0', (v) => v >= 0);
    optimizer.learningRate = learningRate;
  }
}

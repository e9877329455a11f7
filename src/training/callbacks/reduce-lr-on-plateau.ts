import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../../errors.js';
import type { Callback, CallbackState, Logs, TrainingContext } from './callback.js';
import { Monitor, type MonitorOptions } from './monitor.js';

export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied with. Default 0.1. */
  factor?: number | undefined;
  /** How many epochs in a row may pass without an improvement. Default 10. */
  patience?: number | undefined;
  /** Epochs after a reduction that are not counted. Default 0. */
  cooldown?: number | undefined;
  /** The learning rate never falls below this. Default 0. */
  minLearningRate?: number | undefined;
}

/**
 * Lowers the learning rate when a loss or metric has stopped improving, as Keras's does. `minDelta` is 0.0001 by
 * default.
 */
export class ReduceLROnPlateau implements Callback {
  readonly name = 'reduceLROnPlateau';
  readonly #monitor: Monitor;
  readonly #factor: number;
  readonly #patience: number;
  readonly #cooldown: number;
  readonly #minLearningRate: number;
  #numWaited = 0;
  #numCooling = 0;
  #isResumed = false;

  /** @throws OUT_OF_RANGE, UNKNOWN_NAME */
  constructor(options: ReduceLROnPlateauOptions = {}) {
    const where = 'ReduceLROnPlateau';
    refuseUnknownOptions(where, options, [
      'monitor',
      'mode',
      'minDelta',
      'factor',
      'patience',
      'cooldown',
      'minLearningRate',
    ]);
    const { factor = 0.1, patience = 10, cooldown = 0, minLearningRate = 0 } = options;
    requireNumber(where, 'factor', factor, 'a number between 0 and 1', (v) => v > 0 && v < 1);
    requireCount(where, 'patience', patience, 0);
    requireCount(where, 'cooldown', cooldown, 0);
    requireNumber(where, 'minLearningRate', minLearningRate, 'a number of at least 0', (v) => v >= 0);
    this.#factor = factor;
    this.#patience = patience;
    this.#cooldown = cooldown;
    this.#minLearningRate = minLearningRate;
    this.#monitor = new Monitor(where, { ...options, minDelta: options.minDelta ?? 1e-4 });
  }

  onTrainBegin(context: TrainingContext): void {
    this.#monitor.requireLogged(context);
    requireSettableRate('ReduceLROnPlateau', context);
    if (!this.#isResumed) {
      this.#monitor.best = undefined;
      this.#numWaited = 0;
      this.#numCooling = 0;
    }
    this.#isResumed = false;
  }

  onEpochEnd(_epoch: number, logs: Logs, context: TrainingContext): void {
    const value = this.#monitor.valueIn(logs);
    if (this.#numCooling > 0) {
      this.#numCooling--;
      this.#numWaited = 0;
    }
    if (this.#monitor.improves(value, context)) this.#numWaited = 0;
    else if (this.#numCooling === 0) {
      this.#numWaited++;
      const { optimizer } = context.model;
      if (this.#numWaited < this.#patience || optimizer.learningRate <= this.#minLearningRate) return;
      optimizer.learningRate = Math.max(optimizer.learningRate * this.#factor, this.#minLearningRate);
      this.#numCooling = this.#cooldown;
      this.#numWaited = 0;
    }
  }

  getState(): CallbackState {
    return { values: { best: this.#monitor.best, numWaited: this.#numWaited, numCooling: this.#numCooling } };
  }

  setState({ values }: CallbackState): void {
    this.#monitor.best = values.best as number | undefined;
    this.#numWaited = values.numWaited as number;
    this.#numCooling = values.numCooling as number;
    this.#isResumed = true;
  }
}

/** Refuses an optimizer whose learning rate a schedule gives. @throws USAGE */
export function requireSettableRate(where: string, { model }: TrainingContext): void {
  if (model.optimizer.getState().learningRate !== null) return;
  throw new RondoError('USAGE', {
    where,
    what: 'the optimizer has a schedule that gives its learning rate.',
    expected: 'an optimizer with a number as learning rate',
    fix: `remove ${where}, or make the optimizer with a number.`,
  });
}

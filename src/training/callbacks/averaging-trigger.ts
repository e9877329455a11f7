import { refuseUnknownOptions, requireCount } from '../../errors.js';
import { minimumOf } from '../../extremes.js';
import type { Callback, CallbackState, Logs, TrainingContext } from './callback.js';
import { Monitor } from './monitor.js';

export interface AveragingTriggerOptions {
  /** The loss or metric to watch, of which less is better. Default `valLoss`. */
  monitor?: string | undefined;
  /** How many epochs back the best of the older values is looked for, n of the paper. Default 5. */
  patience?: number | undefined;
}

/**
 * Lets an `averagedSGD` optimizer start averaging once training no longer gets better: after the first epoch whose
 * value is above the least of those more than `patience` epochs before. From then on the averages are validated. With
 * the optimizer's `lambd: 0` and a constant learning rate this is NT-AvSGD of Merity et al. 2018, "Regularizing and
 * optimizing LSTM language models", algorithm 1. `fit` ends with the averages, or with the best epoch's where
 * EarlyStopping stands before this callback in the list and restores them.
 *
 * @throws OUT_OF_RANGE; UNKNOWN_NAME for a log that does not exist; USAGE with another optimizer
 */
export class AveragingTrigger implements Callback {
  readonly name = 'averagingTrigger';
  readonly #monitor: string;
  readonly #patience: number;
  #values: number[] = [];
  #isTriggered = false;
  #isSwapped = false;

  constructor(options: AveragingTriggerOptions = {}) {
    refuseUnknownOptions('AveragingTrigger', options, ['monitor', 'patience']);
    this.#monitor = options.monitor ?? 'valLoss';
    this.#patience = options.patience ?? 5;
    requireCount('AveragingTrigger', 'patience', this.#patience);
  }

  /** Whether averaging has started. */
  get hasStarted(): boolean {
    return this.#isTriggered;
  }

  onValidationBegin(_epoch: number, { model }: TrainingContext): void {
    if (!this.#isTriggered) return;
    model.optimizer.swapAverages();
    this.#isSwapped = true;
  }

  onValidationStopped(_epoch: number, { model }: TrainingContext): void {
    if (this.#isSwapped) model.optimizer.swapAverages();
    this.#isSwapped = false;
  }

  onEpochEnd(epoch: number, logs: Logs, context: TrainingContext): void {
    this.onValidationStopped(epoch, context);
    const { model } = context;
    if (this.#isTriggered) return;
    const value = new Monitor('AveragingTrigger', { monitor: this.#monitor }).valueIn(logs);
    if (this.#values.length > this.#patience && value > minimumOf(this.#values.slice(0, -this.#patience))) {
      model.optimizer.startAveraging();
      this.#isTriggered = true;
    }
    this.#values.push(value);
  }

  getState(): CallbackState {
    return { values: { values: [...this.#values], isTriggered: this.#isTriggered } };
  }

  setState({ values }: CallbackState): void {
    this.#values = [...(values.values as number[])];
    this.#isTriggered = values.isTriggered === true;
  }
}

import { refuseUnknownOptions, requireCount } from '../../errors.js';
import { minimumOf } from '../../extremes.js';
import type { Trainable } from '../trainable.js';
import type { CallbackState, Logs, TrainingContext } from './callback.js';
import { Monitor } from './monitor.js';
import { swapAveragesOf, ValidatedAverages } from './validated-averages.js';

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
 * EarlyStopping restores it. EarlyStopping and ModelCheckpoint are to stand before this callback in the list: those
 * behind it find the weights themselves beside the losses of the averages.
 *
 * @throws OUT_OF_RANGE; UNKNOWN_NAME for a log that does not exist; USAGE with another optimizer
 */
export class AveragingTrigger extends ValidatedAverages {
  readonly name = 'averagingTrigger';
  readonly #monitor: string;
  readonly #patience: number;
  #values: number[] = [];
  #isTriggered = false;

  constructor(options: AveragingTriggerOptions = {}) {
    super();
    refuseUnknownOptions('AveragingTrigger', options, ['monitor', 'patience']);
    this.#monitor = options.monitor ?? 'valLoss';
    this.#patience = options.patience ?? 5;
    requireCount('AveragingTrigger', 'patience', this.#patience);
  }

  /** Whether averaging has started. */
  get hasStarted(): boolean {
    return this.#isTriggered;
  }

  protected override swap(model: Trainable): (() => void) | undefined {
    return this.#isTriggered ? swapAveragesOf(model) : undefined;
  }

  override onEpochEnd(_epoch: number, logs: Logs, { model }: TrainingContext): void {
    this.onValidationStopped();
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

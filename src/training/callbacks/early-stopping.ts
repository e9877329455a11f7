import { refuseUnknownOptions, requireCount } from '../../errors.js';
import type { HostArray } from '../host-data.js';
import { readWeights } from '../model-weights.js';
import type { Trainable } from '../trainable.js';
import type { Callback, CallbackState, Logs, StopReason, TrainingContext } from './callback.js';
import { Monitor, type MonitorOptions } from './monitor.js';

export interface EarlyStoppingOptions extends MonitorOptions {
  /** How many epochs in a row may pass without an improvement. Default 0. */
  patience?: number | undefined;
  /** A value to be beaten: until then, epochs that improve do not start the count of `patience` anew. */
  baseline?: number | undefined;
  /**
   * Ends with the weights of the best epoch instead of the last, also where training ends with an exception, or is
   * aborted without a `checkpoint` to resume from. Default false.
   */
  restoreBestWeights?: boolean | undefined;
  /** Epochs before this one are not watched. Default 0. */
  startFromEpoch?: number | undefined;
}

/**
 * Stops training when a loss or metric has stopped improving, as Keras's does. Prechelt 1998, "Early stopping - but
 * when?".
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME; a monitored name that is never logged is refused when training begins.
 */
export class EarlyStopping implements Callback {
  readonly name = 'earlyStopping';
  /** The epoch after which training was stopped. */
  stoppedEpoch: number | undefined;
  readonly #monitor: Monitor;
  readonly #patience: number;
  readonly #startFromEpoch: number;
  #numWaited = 0;
  #bestEpoch = 0;
  #bestWeights: Record<string, HostArray> | undefined;
  #isResumed = false;
  readonly #options: EarlyStoppingOptions;

  constructor(options: EarlyStoppingOptions = {}) {
    this.#options = options;
    refuseUnknownOptions('EarlyStopping', options, [
      'monitor',
      'mode',
      'minDelta',
      'patience',
      'baseline',
      'restoreBestWeights',
      'startFromEpoch',
    ]);
    this.#patience = options.patience ?? 0;
    this.#startFromEpoch = options.startFromEpoch ?? 0;
    requireCount('EarlyStopping', 'patience', this.#patience, 0);
    requireCount('EarlyStopping', 'startFromEpoch', this.#startFromEpoch, 0);
    this.#monitor = new Monitor('EarlyStopping', options);
  }

  onTrainBegin(context: TrainingContext): void {
    this.#monitor.requireLogged(context);
    if (!this.#isResumed) {
      this.#monitor.best = undefined;
      this.#numWaited = 0;
      this.#bestWeights = undefined;
    }
    this.#isResumed = false;
    this.stoppedEpoch = undefined;
  }

  async onEpochEnd(epoch: number, logs: Logs, context: TrainingContext): Promise<void> {
    if (epoch < this.#startFromEpoch) return;
    const value = this.#monitor.valueIn(logs);
    if (this.#bestWeights === undefined) await this.#keepWeights(epoch, context);
    this.#numWaited++;
    if (this.#monitor.improves(value, context)) {
      await this.#keepWeights(epoch, context);
      const { baseline } = this.#options;
      if (baseline === undefined || this.#monitor.beats(value, baseline, context)) this.#numWaited = 0;
      return;
    }
    if (this.#numWaited < this.#patience || epoch === 0) return;
    this.stoppedEpoch = epoch;
    context.stopTraining();
  }

  /** An aborted run that saved a snapshot keeps its weights: it may be resumed. */
  onTrainEnd(reason: StopReason, { model, savesSnapshots }: TrainingContext): void {
    if (reason !== 'aborted' || savesSnapshots !== true) this.#restoreBest(model);
  }

  onTrainError(_: unknown, { model }: TrainingContext): void {
    this.#restoreBest(model);
  }

  getState(): CallbackState {
    return {
      values: { best: this.#monitor.best, numWaited: this.#numWaited, bestEpoch: this.#bestEpoch },
      arrays: this.#bestWeights,
    };
  }

  setState({ values, arrays }: CallbackState): void {
    this.#monitor.best = values.best as number | undefined;
    this.#numWaited = values.numWaited as number;
    this.#bestEpoch = values.bestEpoch as number;
    this.#bestWeights = arrays === undefined || Object.keys(arrays).length === 0 ? undefined : { ...arrays };
    this.#isResumed = true;
  }

  #restoreBest(model: Trainable): void {
    if (this.#bestWeights !== undefined) model.setWeights(this.#bestWeights);
  }

  async #keepWeights(epoch: number, { model }: TrainingContext): Promise<void> {
    this.#bestEpoch = epoch;
    if (this.#options.restoreBestWeights === true) this.#bestWeights = await readWeights(model);
  }
}

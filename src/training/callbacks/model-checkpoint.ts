import { RondoError, refuseUnknownOptions } from '../../errors.js';
import type { Model } from '../model.js';
import type { Callback, CallbackState, Logs, TrainingContext } from './callback.js';
import { Monitor, type MonitorOptions } from './monitor.js';

export interface ModelCheckpointOptions extends Omit<MonitorOptions, 'minDelta'> {
  /** Stores the model, for example in a file; training waits for it. */
  save: (model: Model, epoch: number, logs: Logs) => void | Promise<void>;
  /** Saves only when the monitored value is the best so far. Default false: after every epoch. */
  saveBestOnly?: boolean | undefined;
}

/**
 * Saves the model after every epoch, or after every epoch that was the best. `rondo/node` has `modelCheckpoint`, which
 * saves to a file. It is for keeping models; `fit`'s option `checkpoint` is for resuming an interrupted run exactly.
 */
export class ModelCheckpoint implements Callback<Model> {
  readonly name = 'modelCheckpoint';
  readonly #monitor: Monitor;
  #isResumed = false;
  readonly #options: ModelCheckpointOptions;

  /** @throws UNKNOWN_NAME, USAGE */
  constructor(options: ModelCheckpointOptions) {
    this.#options = options;
    refuseUnknownOptions('ModelCheckpoint', options, ['save', 'saveBestOnly', 'monitor', 'mode']);
    if (typeof options.save !== 'function')
      throw new RondoError('USAGE', {
        where: 'ModelCheckpoint',
        what: '`save` is missing.',
        expected: 'a function that stores the model',
        fix: 'give one, or use modelCheckpoint(path) of rondo/node.',
      });
    if (options.saveBestOnly !== true && (options.monitor !== undefined || options.mode !== undefined)) {
      throw new RondoError('USAGE', {
        where: 'ModelCheckpoint',
        what: '`monitor` and `mode` have no effect on a model that is saved after every epoch.',
        fix: 'add `saveBestOnly: true`, or remove them.',
      });
    }
    this.#monitor = new Monitor('ModelCheckpoint', options);
  }

  onTrainBegin(context: TrainingContext): void {
    if (this.#options.saveBestOnly === true) this.#monitor.requireLogged(context);
    if (!this.#isResumed) this.#monitor.best = undefined;
    this.#isResumed = false;
  }

  async onEpochEnd(epoch: number, logs: Logs, context: TrainingContext<Model>): Promise<void> {
    if (this.#options.saveBestOnly === true && !this.#monitor.improves(this.#monitor.valueIn(logs), context)) return;
    await this.#options.save(context.model, epoch, logs);
  }

  getState(): CallbackState {
    return { values: { best: this.#monitor.best } };
  }

  setState({ values }: CallbackState): void {
    this.#monitor.best = values.best as number | undefined;
    this.#isResumed = true;
  }
}

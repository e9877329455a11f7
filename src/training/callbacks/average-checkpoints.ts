import { RondoError, refuseUnknownOptions, requireCount } from '../../errors.js';
import type { HostArray } from '../host-data.js';
import { readWeights } from '../model-weights.js';
import type { Trainable } from '../trainable.js';
import type { CallbackState, Logs, StopReason, TrainingContext } from './callback.js';
import { ValidatedAverages } from './validated-averages.js';

export interface AverageCheckpointsOptions {
  /** How many epochs are averaged, the latest ones; fewer until there are so many. Default 5. */
  numCheckpoints?: number | undefined;
}

type Weights = Readonly<Record<string, HostArray>>;

/**
 * Validates, and ends with, the mean of the weights that the last epochs ended with, while training goes on with its
 * own: checkpoint averaging (Junczys-Dowmunt et al. 2016, "The AMU-UEDIN submission to the WMT16 news translation
 * task"; Vaswani et al. 2017, section 6.1). `fit` ends with the mean of the last epochs, or with the best epoch's where
 * EarlyStopping restores it. EarlyStopping and ModelCheckpoint are to stand before this callback in the list: those
 * behind it find an epoch's own weights beside the losses of the mean. The weights of so many epochs are kept on the
 * host, and in checkpoints. A training that is aborted within an epoch ends with the weights that it then has.
 *
 * @throws OUT_OF_RANGE; USAGE with an optimizer that keeps averages of its own, which would take the place of the mean
 */
export class AverageCheckpoints extends ValidatedAverages {
  readonly name = 'averageCheckpoints';
  readonly #numCheckpoints: number;
  /** What epochs ended with, the oldest first. */
  #checkpoints: readonly Weights[] = [];
  #isResumed = false;

  constructor(options: AverageCheckpointsOptions = {}) {
    super();
    refuseUnknownOptions('AverageCheckpoints', options, ['numCheckpoints']);
    this.#numCheckpoints = options.numCheckpoints ?? 5;
    requireCount('AverageCheckpoints', 'numCheckpoints', this.#numCheckpoints);
  }

  onTrainBegin({ model: { optimizer } }: TrainingContext): void {
    if (optimizer.hasAverages)
      throw new RondoError('USAGE', {
        where: 'AverageCheckpoints',
        what: 'the optimizer keeps averages of the weights too, and training would end with those.',
        received: optimizer.name,
        fix: 'leave the optimizer without `useEMA`, or give SwapEMAWeights in place of AverageCheckpoints.',
      });
    if (!this.#isResumed) this.#checkpoints = [];
    this.#isResumed = false;
  }

  protected override async swap(model: Trainable): Promise<() => void> {
    const own = await readWeights(model);
    setMean(model, this.#with(own));
    return () => model.setWeights(own);
  }

  override async onEpochEnd(_epoch: number, _logs: Logs, { model }: TrainingContext): Promise<void> {
    this.onValidationStopped();
    this.#checkpoints = this.#with(await readWeights(model));
  }

  /** Where another callback has put weights back, such as those of the best epoch, they stay. */
  async onTrainEnd(reason: StopReason, { model, savesSnapshots }: TrainingContext): Promise<void> {
    const last = this.#checkpoints.at(-1);
    if (last === undefined || (reason === 'aborted' && savesSnapshots === true)) return;
    if (isSame(await readWeights(model), last)) setMean(model, this.#checkpoints);
  }

  getState(): CallbackState {
    const entries = this.#checkpoints.flatMap((weights, i) =>
      Object.entries(weights).map(([name, array]): [string, HostArray] => [`${i}/${name}`, array]),
    );
    return { values: { numCheckpoints: this.#checkpoints.length }, arrays: Object.fromEntries(entries) };
  }

  setState({ values, arrays = {} }: CallbackState): void {
    this.#checkpoints = Array.from({ length: values.numCheckpoints as number }, (_, i) => {
      const own = Object.entries(arrays).filter(([name]) => name.startsWith(`${i}/`));
      return Object.fromEntries(own.map(([name, array]) => [name.slice(`${i}/`.length), array]));
    });
    this.#isResumed = true;
  }

  #with(own: Weights): readonly Weights[] {
    return [...this.#checkpoints, own].slice(-this.#numCheckpoints);
  }
}

/** What is pruned by now stays so: earlier epochs may have had more. */
function setMean(model: Trainable, checkpoints: readonly Weights[]): void {
  model.setWeights(meanOf(checkpoints));
  model.optimizer.clearPruned();
}

function meanOf(all: readonly Weights[]): Weights {
  return Object.fromEntries(
    Object.entries(all[0]).map(([name, { shape, data }]) => {
      const sum = new Float64Array(data.length);
      for (const weights of all) {
        const values = weights[name].data;
        for (let i = 0; i < sum.length; i++) sum[i] += values[i];
      }
      return [name, { shape, data: sum.map((value) => value / all.length) }];
    }),
  );
}

function isSame(a: Weights, b: Weights): boolean {
  return Object.entries(a).every(([name, { data }]) => {
    const other = b[name].data;
    for (let i = 0; i < data.length; i++) if (data[i] !== other[i]) return false;
    return true;
  });
}

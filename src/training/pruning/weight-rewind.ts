import { RondoError, refuseUnknownOptions, requireCount } from '../../errors.js';
import type { Callback, CallbackState, Progress, TrainingContext } from '../callbacks/callback.js';
import type { HostArray } from '../host-data.js';
import { readArrays, readWeights } from '../model-weights.js';
import type { OptimizerState } from '../optimizers/index.js';
import type { Trainable } from '../trainable.js';

export interface WeightRewindOptions {
  /** The step whose end is kept; 0 for the weights that training begins with. */
  step: number;
}

type Arrays = Readonly<Record<string, HostArray>>;

/** How a training stood after a step. */
interface Kept {
  readonly weights: Arrays;
  readonly optimizer: OptimizerState;
  readonly slots: Arrays;
}

/**
 * Keeps how a training stood early on, and puts it back: for lottery tickets, where a trained model says which weights are
 * pruned and those that are left train again from where they were (Frankle and Carbin 2019, "The lottery ticket
 * hypothesis"; Frankle et al. 2019, "Stabilizing the lottery ticket hypothesis", who rewind to a step of the first
 * percents and not to the first weights).
 *
 * @example
 * const early = new WeightRewind({ step: 100 });
 * await model.fit(x, y, { epochs: 10, callbacks: [early] });
 * await prune(model, { sparsity: 0.8 });
 * early.rewind(model);
 * await model.fit(x, y, { epochs: 10 });
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME; USAGE for step 0 of a model without weights
 */
export class WeightRewind implements Callback {
  readonly name = 'weightRewind';
  readonly #step: number;
  #kept: Kept | undefined;
  #isResumed = false;

  constructor(options: WeightRewindOptions) {
    refuseUnknownOptions('WeightRewind', options, ['step']);
    this.#step = options.step;
    requireCount('WeightRewind', 'step', this.#step, 0);
  }

  async onTrainBegin({ model }: TrainingContext): Promise<void> {
    if (!this.#isResumed) this.#kept = undefined;
    const isFirst = this.#step === 0 && !this.#isResumed;
    this.#isResumed = false;
    if (!isFirst) return;
    if (!model.isBuilt)
      throw new RondoError('USAGE', {
        where: 'WeightRewind',
        what: 'the model has no weights yet that could be kept.',
        fix: 'give it an inputShape, or keep a later `step`.',
      });
    await this.#keep(model);
  }

  onBatchEnd(_: Progress, { model, numSteps }: TrainingContext): Promise<void> | undefined {
    return numSteps === this.#step ? this.#keep(model) : undefined;
  }

  /**
   * Puts back the weights, and all that the optimizer knew, as they were after the step; what is pruned now stays 0. The
   * optimizer counts its batches from there, so that a schedule of its learning rate goes on from there too.
   *
   * @throws USAGE where training has not come to the step; FILE_FORMAT for another optimizer; SHAPE_MISMATCH for another
   *   model
   */
  rewind(model: Trainable): void {
    const kept = this.#kept;
    if (kept === undefined)
      throw new RondoError('USAGE', {
        where: 'WeightRewind.rewind',
        what: `training has not come to step ${this.#step}.`,
        fix: 'train with this callback first, or keep an earlier `step`.',
      });
    const { optimizer } = model;
    optimizer.build([...new Set(model.trainableWeights)]);
    optimizer.setState(kept.optimizer);
    model.setWeights(kept.weights);
    for (const variable of optimizer.stateVariables()) variable.assign(kept.slots[variable.name].data);
    optimizer.clearPruned();
  }

  getState(): CallbackState {
    if (this.#kept === undefined) return { values: {} };
    const { weights, optimizer, slots } = this.#kept;
    return {
      values: { optimizer: { ...optimizer } },
      arrays: { ...withPrefix('weights/', weights), ...withPrefix('slots/', slots) },
    };
  }

  setState({ values, arrays = {} }: CallbackState): void {
    this.#isResumed = true;
    this.#kept =
      values.optimizer === undefined
        ? undefined
        : {
            optimizer: values.optimizer as unknown as OptimizerState,
            weights: below('weights/', arrays),
            slots: below('slots/', arrays),
          };
  }

  async #keep(model: Trainable): Promise<void> {
    const { optimizer } = model;
    optimizer.build([...new Set(model.trainableWeights)]);
    this.#kept = {
      weights: await readWeights(model),
      optimizer: optimizer.getState(),
      slots: await readArrays(optimizer.stateVariables().map((one) => [one.name, one])),
    };
  }
}

function withPrefix(prefix: string, arrays: Arrays): Arrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [prefix + name, array]));
}

function below(prefix: string, arrays: Arrays): Arrays {
  return Object.fromEntries(
    Object.entries(arrays)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, array]) => [name.slice(prefix.length), array]),
  );
}

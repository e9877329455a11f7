import { RondoError } from '../errors.js';
import type { LayerWeight } from '../layers/layer.js';
import { type WeightUpdates, withUpdates } from '../layers/weight-updates.js';
import { assignTensor } from '../tensor/accumulate.js';
import { valueAndGradients } from '../tensor/tape.js';
import { scope, type Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import type { Batch } from './batch.js';
import { type BatchLoss, BatchLossFunction } from './batch-loss.js';
import type { Compiled, OutputTraining } from './compiled.js';
import type { EpochLogs } from './epoch-logs.js';
import { LateReads } from './late-reads.js';
import { changeWhere, FiniteGuard } from './optimizers/finite-guard.js';
import type { Optimizer } from './optimizers/index.js';
import { clearPruned } from './optimizers/weight-masks.js';
import { classWeightsByOutput, type GivenClassWeight } from './sample-weights.js';
import type { Trainable } from './trainable.js';

export interface TrainStepOptions {
  readonly compiled: Pick<Compiled, 'optimizer'>;
  readonly outputs: readonly OutputTraining[];
  readonly classWeight: GivenClassWeight | undefined;
  readonly where: string;
  /** Called before loss and gradients are computed; gives what is called after. */
  readonly computeBegin?: (() => () => void) | undefined;
}

/**
 * One training step: loss, gradients, check, update, constraints. Made once per run. Where the device is read
 * asynchronously only nothing of a step is waited for: the check keeps the weights as they are, and its error comes with
 * {@link TrainStep.reads}.
 */
export class TrainStep {
  /** What is still to be read of the steps that were taken. */
  readonly reads = new LateReads();
  readonly #guard = new FiniteGuard();
  readonly #lossFunction: BatchLossFunction;
  readonly #optimizer: Optimizer;
  readonly #variables: readonly Variable[];
  readonly #constrained: readonly LayerWeight[];
  #lastFiniteLoss: number | undefined;
  readonly #model: Trainable;
  readonly #where: string;
  readonly #computeBegin: () => () => void;

  /** @throws USAGE where the model has nothing to train */
  constructor(
    model: Trainable,
    { compiled, outputs, classWeight, where, computeBegin = () => () => {} }: TrainStepOptions,
  ) {
    this.#model = model;
    this.#where = where;
    this.#computeBegin = computeBegin;
    this.#optimizer = compiled.optimizer;
    const weights = classWeightsByOutput(classWeight, outputs, model.outputWidths, where);
    this.#lossFunction = new BatchLossFunction(model, outputs, weights);
    this.#variables = [...new Set(model.trainableWeights)];
    if (this.#variables.length === 0)
      throw new RondoError('USAGE', {
        where,
        what: 'the model has no trainable weights.',
        fix: 'set `trainable` of some layer, or use evaluate.',
      });
    const trainable = new Set(this.#variables);
    this.#constrained = [...model.namedWeights()]
      .map(([, weight]) => weight)
      .filter(({ variable, constraint }) => constraint !== undefined && trainable.has(variable));
    this.#optimizer.build(this.#variables);
  }

  /**
   * Runs one step and adds its loss and predictions to the logs. Weights change only after loss and gradients were
   * found finite.
   *
   * @param number of the step, from 1, for messages.
   * @throws NOT_FINITE naming the step, the weights and the last finite loss; where reading takes time, when the reads
   *   are awaited
   */
  run(batch: Batch, logs: EpochLogs, number: number): void {
    scope(() => {
      let computed: BatchLoss | undefined;
      const updates: WeightUpdates = new Map();
      const loss = (): Tensor => (computed = this.#lossFunction.compute(batch, true, this.reads)).total;
      const { value, gradients } = this.#computed(() => withUpdates(updates, loss));
      const checked = this.#guard.check(value, gradients, this.#variables);
      const before = this.#optimizer.position;
      this.reads.read([value, checked.norms.each, checked.norms.all], ([[loss], each, [all]]) => {
        if (Number.isFinite(loss) && Number.isFinite(all)) this.#lastFiniteLoss = loss;
        else {
          this.#optimizer.rewind(before);
          throw this.#notFinite(loss, each, number);
        }
      });
      const count = computed!.counts.reduce((sum, one) => sum + one, 0);
      this.#optimizer.applyGradients(gradients, this.#variables, { checked, count });
      for (const { variable, constraint } of this.#constrained)
        changeWhere(checked.isFinite, variable, () => {
          constraint!.apply(variable);
          clearPruned(variable, [variable]);
        });
      for (const [weight, latest] of updates) changeWhere(checked.isFinite, weight, () => assignTensor(weight, latest));
      logs.add(computed!, batch.numRows, this.reads);
    });
  }

  /** The loss of a batch without dropout, differentiable by the weights. Needs an open scope. */
  lossOf(batch: Batch): Tensor {
    return this.#lossFunction.compute(batch, false, this.reads).total;
  }

  #computed(loss: () => Tensor): { value: Tensor; gradients: Tensor[] } {
    const computeEnd = this.#computeBegin();
    try {
      return valueAndGradients(loss, this.#variables);
    } finally {
      computeEnd();
    }
  }

  #notFinite(loss: number, squaredNorms: ArrayLike<number>, number: number): RondoError {
    const what = Number.isFinite(loss) ? 'a gradient is not finite' : `the loss is ${loss}`;
    const names = this.#variables.filter((_, i) => !Number.isFinite(squaredNorms[i])).map(({ name }) => `\`${name}\``);
    const shown = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
    const isClipped = 'globalClipNorm' in this.#optimizer.getConfig().config;
    // States carried to the next batch may hold NaN as well.
    this.#model.resetStates();
    return new RondoError('NOT_FINITE', {
      where: this.#where,
      what: `${what} at step ${number}; the step was not taken.`,
      expected: 'a finite loss and finite gradients',
      received:
        `${names.length > 0 ? `gradients that are not finite: ${shown}; ` : ''}last finite loss: ` +
        (this.#lastFiniteLoss ?? 'none'),
      fix: `lower the learning rate, ${isClipped ? '' : 'give the optimizer `globalClipNorm: 1`, '}or scale the data.`,
    });
  }
}

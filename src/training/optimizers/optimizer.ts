import { RondoError } from '../../errors.js';
import { leaf } from '../../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import type { Strided } from '../../kernels/contract.js';
import { currentBackend } from '../../kernels/select.js';
import type { Configuration, Configured } from '../../layers/configured.js';
import { RowGradient } from '../../tensor/row-gradient.js';
import { scope, type Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { type CheckedStep, oneValue } from './finite-guard.js';
import { finiteNorms, requireFit, type SquaredNorms, squaredNorms } from './gradient-norms.js';
import { type CommonOptions, commonOptions, type OptimizerOptions, requireLearningRate } from './options.js';
import { updateRows } from './row-update.js';
import { accumulateProgram, clearProgram, updateProgram } from './update-program.js';
import type { UpdateRule } from './update-rule.js';
import { clearPruned, maskOf } from './weight-masks.js';

/** What an optimizer remembers of one weight. */
interface WeightState {
  readonly slots: Readonly<Record<string, Variable>>;
  /** The moving average of the weight. */
  readonly average: Variable | undefined;
  /** The sum of the gradients since the last update. */
  readonly accumulated: Variable | undefined;
}

/** What {@link Optimizer.applyGradients} is told besides the gradients. */
export interface ApplyOptions {
  requireFinite?: boolean | undefined;
  count?: number | undefined;
  /**
   * @internal What a guard found of these gradients: where they are not finite, neither weights nor what is remembered
   * of them change, and whoever reads the norms takes the count of batches back with {@link Optimizer.rewind}.
   */
  checked?: CheckedStep | undefined;
}

/** Where an optimizer stands, as numbers of the host. */
export interface OptimizerPosition {
  readonly batches: number;
  readonly accumulatedCount: number;
}

/**
 * The numbers of an optimizer, as plain JSON. Its variables are saved beside it, see {@link Optimizer.stateVariables}.
 */
export interface OptimizerState {
  readonly name: string;
  readonly batches: number;
  /** Null where a schedule gives it. */
  readonly learningRate: number | null;
  readonly counters: Readonly<Record<string, number>>;
  /**
   * What the batches have counted whose gradients are accumulated; not in files of earlier versions, where each counts
   * 1.
   */
  readonly accumulatedCount?: number | undefined;
}

const accumulate = { guarded: accumulateProgram(true), plain: accumulateProgram(false) };
const swap = pointwiseProgram('swapAverage', [
  { name: 'weight', expression: leaf('average') },
  { name: 'average', expression: leaf('weight') },
]);
const copy = pointwiseProgram('copyAverage', [{ name: 'weight', expression: leaf('average') }]);

/**
 * Changes weights along their gradients. Clipping, weight decay, the rule's equations and the moving average of a
 * weight are one pointwise program, run in place once per weight. The order is Keras 3's: clip, decay, update, average.
 */
export class Optimizer implements Configured {
  readonly name: string;
  readonly #common: CommonOptions;
  #rate: CommonOptions['learningRate'];
  #batchesSeen = 0;
  #accumulatedCount = 0;
  #counters: Record<string, number>;
  readonly #states = new Map<Variable, WeightState>();
  readonly #programs = new Map<string, PointwiseProgram>();

  readonly #rule: UpdateRule;
  readonly #options: OptimizerOptions;

  constructor(rule: UpdateRule, options: OptimizerOptions = {}, defaultLearningRate = 0.001) {
    this.#rule = rule;
    this.#options = options;
    this.name = rule.name;
    this.#common = commonOptions(rule.name, options, defaultLearningRate);
    this.#rate = this.#common.learningRate;
    this.#counters = { ...rule.counters };
    if (this.#common.ema !== undefined && rule.averageSlot !== undefined) {
      throw new RondoError('USAGE', {
        where: rule.name,
        what: 'the optimizer keeps averages already.',
        fix: 'remove `useEMA`.',
      });
    }
  }

  /** The number of batches seen. */
  get batches(): number {
    return this.#batchesSeen;
  }

  /** The number of updates done. */
  get iterations(): number {
    return Math.floor(this.#batchesSeen / this.#common.gradientAccumulationSteps);
  }

  /** The learning rate of the next batch. */
  get learningRate(): number {
    return typeof this.#rate === 'number' ? this.#rate : this.#rate.at(this.#batchesSeen);
  }

  /** @throws USAGE where a schedule gives it; OUT_OF_RANGE */
  set learningRate(value: number) {
    if (typeof this.#rate !== 'number') {
      throw new RondoError('USAGE', {
        where: `${this.name}.learningRate`,
        what: 'a schedule gives the learning rate.',
        fix: 'make the optimizer with a number instead of a schedule.',
      });
    }
    requireLearningRate(this.name, value);
    this.#rate = value;
  }

  /** An optimizer with the same rule and options, this learning rate, and nothing remembered. @throws OUT_OF_RANGE */
  anew(learningRate: number): Optimizer {
    return new Optimizer(this.#rule, { ...this.#options, learningRate });
  }

  /**
   * Makes the state of the weights, unless it exists. Called by the first update; call it before to load saved state.
   */
  build(variables: readonly Variable[]): void {
    if (this.#states.size > 0) {
      const stranger = variables.find((variable) => !this.#states.has(variable));
      if (stranger === undefined) return;
      throw new RondoError('USAGE', {
        where: this.name,
        what: `the weight \`${stranger.name}\` is not one the optimizer was made for.`,
        fix: 'make a new optimizer (compile the model again).',
      });
    }
    for (const variable of variables) {
      const state = (kind: string, value: number): Variable =>
        new Variable(
          variable.shape,
          new Float64Array(variable.size).fill(value),
          `${this.name}/${kind}/${variable.name}`,
          false,
        );
      this.#states.set(variable, {
        slots: Object.fromEntries(Object.entries(this.#rule.slots).map(([slot, value]) => [slot, state(slot, value)])),
        average: this.#common.ema && state('average', 0),
        accumulated: this.#common.gradientAccumulationSteps > 1 ? state('gradientAccumulator', 0) : undefined,
      });
    }
  }

  /**
   * Takes the gradients of one batch, in the order of the variables, and updates the variables in place (every
   * `gradientAccumulationSteps` batches).
   *
   * @param options.requireFinite reads back the norm of the gradients before anything is changed.
   * @param options.count how much this batch counts beside the others that are accumulated: of how many values its
   *   loss is the mean. The update is then that of one large batch, where Keras takes the mean of the batches'
   *   gradients. With several outputs whose masks differ that holds for the sum of their counts alone. Default 1.
   * @throws NOT_FINITE where that norm is not finite; BACKEND_UNAVAILABLE where it cannot be read at once; USAGE for
   *   other variables than at the first call; SHAPE_MISMATCH
   */
  applyGradients(gradients: readonly Tensor[], variables: readonly Variable[], options: ApplyOptions = {}): void {
    const { requireFinite = false, count = 1, checked } = options;
    requireFit(this.name, gradients, variables);
    this.build(variables);
    scope(() => {
      const steps = this.#common.gradientAccumulationSteps;
      let norms = requireFinite ? finiteNorms(this.name, gradients, variables, this.#batchesSeen + 1) : checked?.norms;
      const isFinite = checked && oneValue(checked.isFinite);
      let effective = gradients;
      if (steps > 1) {
        const isUpdate = (this.#batchesSeen + 1) % steps === 0;
        this.#accumulatedCount += count;
        const share = isUpdate && this.#accumulatedCount > 0 ? 1 / this.#accumulatedCount : 1;
        effective = gradients.map((gradient, i) =>
          this.#accumulated(gradient, variables[i], { count, share }, isFinite),
        );
        norms = undefined;
        if (!isUpdate) return;
      }
      if (this.#common.clip !== undefined && this.#common.clip.kind !== 'value')
        norms ??= squaredNorms(effective, variables);
      this.#updateAll(effective, variables, norms, isFinite);
      if (steps === 1) return;
      for (const sum of effective) clear(sum, isFinite);
      this.#accumulatedCount = 0;
    });
    this.#batchesSeen++;
  }

  /** @internal How many batches were seen, and what those have counted whose gradients are accumulated. */
  get position(): OptimizerPosition {
    return { batches: this.#batchesSeen, accumulatedCount: this.#accumulatedCount };
  }

  /** @internal Forgets that batches were seen since a position, which changed nothing. */
  rewind({ batches, accumulatedCount }: OptimizerPosition): void {
    this.#batchesSeen = batches;
    this.#accumulatedCount = accumulatedCount;
  }

  /**
   * The norm of all gradients together, as one number read back. Infinite too where the sum of squares exceeds the
   * backend's range.
   */
  gradientNorm(gradients: readonly Tensor[]): number {
    return scope(() => Math.sqrt(squaredNorms(gradients).all.item()));
  }

  /** Everything that is remembered of the weights, under readable names such as `adam/velocity/lstm/kernel`. */
  stateVariables(): Variable[] {
    return [...this.#states.values()].flatMap(({ slots, average, accumulated }) =>
      [...Object.values(slots), average, accumulated].filter((kept) => kept !== undefined),
    );
  }

  /** With {@link stateVariables}, all that a resumed run needs to end with the same bits. */
  getState(): OptimizerState {
    return {
      name: this.name,
      batches: this.#batchesSeen,
      learningRate: typeof this.#rate === 'number' ? this.#rate : null,
      counters: { ...this.#counters },
      ...(this.#accumulatedCount > 0 && { accumulatedCount: this.#accumulatedCount }),
    };
  }

  /** @throws FILE_FORMAT for the state of another optimizer, or a damaged one */
  setState(state: OptimizerState): void {
    const steps = this.#common.gradientAccumulationSteps;
    const accumulatedCount = state?.accumulatedCount ?? state?.batches % steps;
    const isOwn =
      state?.name === this.name &&
      Number.isFinite(accumulatedCount) &&
      accumulatedCount >= 0 &&
      Number.isInteger(state.batches) &&
      state.batches >= 0 &&
      Object.keys(this.#counters).every((counter) => Number.isFinite(state.counters?.[counter]));
    if (!isOwn || (typeof this.#rate === 'number') !== (typeof state.learningRate === 'number')) {
      throw new RondoError('FILE_FORMAT', {
        where: `${this.name}.setState`,
        what: 'this is not the state of such an optimizer.',
        expected: JSON.stringify(this.getState()),
        received: JSON.stringify(state),
        fix: 'resume with the optimizer and the options of the run that was saved.',
      });
    }
    this.#batchesSeen = state.batches;
    this.#accumulatedCount = accumulatedCount;
    if (state.learningRate !== null) this.learningRate = state.learningRate;
    this.#counters = Object.fromEntries(
      Object.keys(this.#counters).map((counter) => [counter, state.counters[counter]]),
    );
  }

  /** Whether averages of the weights are kept. */
  get hasAverages(): boolean {
    return this.#common.ema !== undefined || this.#rule.averageSlot !== undefined;
  }

  /** Lets an optimizer that averages from some update on start now. @throws USAGE for one that does not */
  startAveraging(): void {
    if (this.#counters.averagingStart === undefined)
      throw new RondoError('USAGE', {
        where: `${this.name}.startAveraging`,
        what: 'the optimizer has no such start.',
        expected: 'averagedSGD',
        received: this.name,
        fix: "compile the model with optimizer: 'averagedSGD'.",
      });
    // The next update's weights are the first of the mean.
    this.#counters.averagingStart = Math.min(this.#counters.averagingStart, this.iterations - 1);
  }

  /**
   * Exchanges weights and averages in place: once to evaluate with the averages, once more to train on. @throws USAGE
   * where none are kept
   */
  swapAverages(): void {
    if (!this.hasAverages)
      throw new RondoError('USAGE', {
        where: `${this.name}.swapAverages`,
        what: 'no averages of the weights are kept.',
        fix: 'make the optimizer with `useEMA: true`.',
      });
    this.#withAverages(swap);
  }

  /** @internal Makes 0 what masks have pruned: of the weights, and of all that is remembered of them. */
  clearPruned(): void {
    for (const [variable, { slots, average, accumulated }] of this.#states)
      clearPruned(variable, [variable, ...Object.values(slots), average, accumulated]);
  }

  /** Replaces the weights by their averages, at the end of training. Nothing happens where none are kept. */
  finalizeWeights(): void {
    if (this.hasAverages) this.#withAverages(copy);
  }

  getConfig(): Configuration {
    const common = this.#common;
    const rule = this.#rule;
    const { clip, ema } = common;
    const optional = {
      ...(common.weightDecay > 0 && { weightDecay: common.weightDecay }),
      ...(common.excludeFromWeightDecay.length > 0 && { excludeFromWeightDecay: common.excludeFromWeightDecay }),
      ...(clip && { [{ value: 'clipValue', norm: 'clipNorm', globalNorm: 'globalClipNorm' }[clip.kind]]: clip.limit }),
      ...(ema && { useEMA: true, emaMomentum: ema.momentum }),
      ...(ema?.overwriteFrequency !== undefined && { emaOverwriteFrequency: ema.overwriteFrequency }),
      ...(common.gradientAccumulationSteps > 1 && { gradientAccumulationSteps: common.gradientAccumulationSteps }),
      ...(common.lazyRows && { lazyRows: true }),
    };
    return {
      name: this.name,
      config: {
        learningRate: typeof this.#rate === 'number' ? this.#rate : this.#rate.getConfig(),
        ...rule.config,
        ...optional,
      },
    };
  }

  /** Adds a gradient, as often as it counts, to what is accumulated of its weight, and multiplies by `share`. */
  #accumulated(
    gradient: Tensor,
    variable: Variable,
    scalars: { count: number; share: number },
    isFinite: Strided | undefined,
  ): Variable {
    const backend = currentBackend();
    const sum = this.#states.get(variable)!.accumulated!;
    const place = flat(sum);
    backend.pointwise({
      program: isFinite ? accumulate.guarded : accumulate.plain,
      rows: 1,
      columns: sum.size,
      inputs: { sum: place, gradient: flat(gradient), ...(isFinite && { isFinite }) },
      outputs: { sum: place },
      scalars,
    });
    return sum;
  }

  #updateAll(
    gradients: readonly Tensor[],
    variables: readonly Variable[],
    norms: SquaredNorms | undefined,
    isFinite: Strided | undefined,
  ): void {
    const rule = this.#rule;
    const common = this.#common;
    const backend = currentBackend();
    const learningRate = this.learningRate;
    const step = this.iterations + 1;
    const { ema } = common;
    const overwrites = ema?.overwriteFrequency !== undefined && step % ema.overwriteFrequency === 0;
    const scalars = {
      ...rule.scalars({ step, learningRate, counters: this.#counters }),
      decay: 0,
      emaMomentum: step === 1 ? 0 : (ema?.momentum ?? 0),
    };
    variables.forEach((variable, i) => {
      const { slots, average } = this.#states.get(variable)!;
      const mask = maskOf(variable);
      const program = this.#programFor({ overwrites, isGuarded: isFinite !== undefined, isMasked: mask !== undefined });
      const own: Record<string, Variable> = { weight: variable };
      for (const [slot, state] of Object.entries(slots)) own[`slot.${slot}`] = state;
      if (average !== undefined) own.average = average;
      const isDecayed = !common.excludeFromWeightDecay.some((part) => variable.name.includes(part));
      const decay = isDecayed ? common.weightDecay * learningRate : 0;
      const numbers = { ...scalars, decay };
      const inputs: Record<string, Strided> = {
        ...(norms && { squaredNorm: squaredNormOf(norms, common.clip?.kind === 'norm' ? i : undefined) }),
        ...(isFinite && { isFinite }),
        ...(mask && { mask: flat(mask) }),
      };
      const gradient = gradients[i];
      if (gradient instanceof RowGradient && this.#leavesOutRows(gradient, decay))
        return updateRows({ program, own, gradient, inputs, scalars: numbers });
      const places = Object.fromEntries(Object.entries(own).map(([name, state]) => [name, flat(state)]));
      backend.pointwise({
        program,
        rows: 1,
        columns: variable.size,
        inputs: { ...inputs, ...places, gradient: flat(gradient) },
        outputs: places,
        scalars: numbers,
      });
    });
  }

  /** Whether rows without a gradient may be left out; where it changes nothing, only where that is less work. */
  #leavesOutRows({ indices, numRows }: RowGradient, decay: number): boolean {
    const rule = this.#rule;
    const common = this.#common;
    if (common.lazyRows) return true;
    return (
      rule.restsWithoutGradient === true && decay === 0 && common.ema === undefined && indices.length < numRows / 2
    );
  }

  #programFor(form: Parameters<typeof updateProgram>[2]): PointwiseProgram {
    const key = `${form.overwrites} ${form.isGuarded} ${form.isMasked}`;
    let program = this.#programs.get(key);
    if (program === undefined) this.#programs.set(key, (program = updateProgram(this.#rule, this.#common, form)));
    return program;
  }

  #withAverages(program: PointwiseProgram): void {
    // Before the first update averages are empty.
    if (this.iterations === 0) return;
    scope(() => {
      for (const [variable, state] of this.#states) {
        const places = { weight: flat(variable), average: flat(state.average ?? state.slots[this.#rule.averageSlot!]) };
        currentBackend().pointwise({ program, rows: 1, columns: variable.size, inputs: places, outputs: places });
      }
    });
  }
}

function squaredNormOf({ each, all }: SquaredNorms, index: number | undefined): Strided {
  const { buffer, offset } = (index === undefined ? all : each).viewOn(currentBackend());
  return { buffer, offset: offset + (index ?? 0), rowStride: 0 };
}

/** Empties a sum of gradients, unless a step was not finite. */
function clear(sum: Tensor, isFinite: Strided | undefined): void {
  const backend = currentBackend();
  const place = flat(sum);
  if (isFinite === undefined) return backend.fill(place, sum.size, 0);
  backend.pointwise({
    program: clearProgram,
    rows: 1,
    columns: sum.size,
    inputs: { sum: place, isFinite },
    outputs: { sum: place },
  });
}

function flat(values: Tensor): Strided {
  return { ...values.viewOn(currentBackend()), rowStride: values.size };
}

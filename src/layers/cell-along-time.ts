import type { Cell, EquationOptions, StartingValue } from '../cells/cell.js';
import { kernelWeight, requireRate, scaleWeight } from '../cells/define-cell.js';
import { leafName } from '../cells/leaf-role.js';
import { type CellPlan, planCell } from '../cells/plan.js';
import { gatesWidth, kernelColumns, memoryWidths, unitsWidth, type Widths, widthNamed } from '../cells/widths.js';
import { RondoError, refuseUnknownOptions, requireCount, requireNumber, unknownName } from '../errors.js';
import { activation } from '../expression/activations.js';
import { sizeOf } from '../shape.js';
import * as ops from '../tensor/index.js';
import { type RecurrentResult, recurrentTogether } from '../tensor/recurrent.js';
import type { RecurrentArguments } from '../tensor/recurrent-arguments.js';
import { recurrentInSegments } from '../tensor/recurrent-segments.js';
import type { SequenceMemory } from '../tensor/sequence-memory.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import { bernoulli, dropoutMask } from './dropout-mask.js';
import type { Initializer } from './initializer.js';
import { constant, type InitializerLike, initializerNamed } from './initializers.js';
import { knownAxis, Layer, type OpenShape, type WeightOptions } from './layer.js';
import type { Mask } from './mask.js';
import { observed } from './observed-cells.js';
import { inputProjection, requireKernelRank, requireRank, withRecurrentRank } from './rank-options.js';
import type { RecurrentOptions } from './recurrent-options.js';
import { weightOptions } from './weight-options.js';

/** What one run of a cell along time is given. */
export interface CellRun {
  readonly input: Tensor;
  readonly mask: Mask | undefined;
  readonly initialStates: Readonly<Record<string, Tensor>>;
  readonly training: boolean;
  readonly reverse: boolean;
  readonly outputOrder: 'time' | 'computed';
  readonly returnSequences: boolean;
  /** Makes what the cell attends to, where it does, with its weight of additive scores. */
  readonly memory?: ((scale: Tensor | undefined) => SequenceMemory) | undefined;
  /** States that are wanted of every step. */
  readonly shownStates?: readonly string[] | undefined;
}

/** The options of equations, and the numbers that these have besides weights. */
export interface InferenceEquations {
  readonly options: EquationOptions;
  /** By state: the rate. */
  readonly zoneout: Readonly<Record<string, number>>;
  readonly heads: number;
}

/** The weights of one cell and its run along time: what recurrent layers are made of. */
export class CellAlongTime extends Layer<never> {
  readonly className = 'Cell';
  readonly cell: Cell;
  /** `[features, kernelRank]`: the input goes through it where its kernel has a low rank. */
  #inputProjection: Variable | undefined;
  #zeros = new Float32Array(0);
  #kernel!: Variable;
  #recurrentKernel: Variable | undefined;
  #bias: Variable | undefined;
  readonly #kernels: Record<string, Variable> = {};
  readonly #vectors: Record<string, Variable> = {};
  #widths: Widths;
  /** `[width of keys]`, of additive scores. */
  #scale: Variable | undefined;
  readonly #heads: number;
  readonly #zoneout: Readonly<Record<string, number>>;
  readonly #kernelOptions: WeightOptions;
  readonly #recurrentOptions: WeightOptions;
  readonly #ownKernelOptions: WeightOptions;
  readonly #biasOptions: WeightOptions;
  readonly #plans = new Map<string, CellPlan>();

  readonly #options: RecurrentOptions;
  readonly #where: string;

  constructor(
    cell: Cell,
    readonly units: number,
    options: RecurrentOptions,
    name: string,
    where: string,
  ) {
    super(name, { name }, []);
    this.#options = options;
    this.#where = where;
    for (const rate of ['dropout', 'recurrentDropout', 'weightDropout'] as const)
      requireRate(where, rate, options[rate] === undefined ? 0 : options[rate]);
    if (options.recomputeSteps !== undefined) requireCount(where, 'recomputeSteps', options.recomputeSteps);
    const unusable = (['recurrentDropout', 'weightDropout'] as const).find(
      (name) =>
        (options[name] ?? 0) > 0 &&
        cell.recurrent !== 'full' &&
        (name === 'weightDropout' || cell.recurrent === 'none'),
    );
    if (unusable !== undefined) {
      throw new RondoError('USAGE', {
        where,
        what: `\`${cell.name}\` has no recurrent product that ${unusable} could act on.`,
        received: `${unusable} ${options[unusable]}`,
        fix: 'use dropout or zoneout, or another cell.',
      });
    }
    const widths = requireWidths(where, cell, units, options.widths);
    this.#heads = requireHeads(where, cell, units, options);
    [this.cell, this.#widths] = withRecurrentRank(where, cell, units, widths, options);
    const { kernelRank } = options;
    if (kernelRank !== undefined) requireKernelRank(where, cell, cell.gates.length * units, kernelRank);
    for (const name of ['activation', 'recurrentActivation'] as const)
      if (options[name] !== undefined) activation(options[name], where);
    this.#zoneout = zoneoutRates(cell, options.zoneout, where);
    this.#kernelOptions = weightOptions(where, 'kernel', options, 'glorotUniform');
    this.#ownKernelOptions = weightOptions(where, 'recurrent', options, 'orthogonal');
    this.#recurrentOptions = headByHead(this.#ownKernelOptions, this.#heads);
    this.#biasOptions = this.#withForgetBias(weightOptions(where, 'bias', options, 'zeros'));
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return [inputShape[0], inputShape[1], this.widthNamed(this.cell.outputWidth)];
  }

  /** @param memory shapes of what is attended to: values and keys. */
  override build(inputShape: OpenShape, ...memory: OpenShape[]): void {
    const { cell, units } = this;
    const options = this.#options;
    const where = this.#where;
    const width = cell.gates.length * units;
    if (memory.length > 0) {
      const [value, key] = memory.map((shape) => knownAxis(where, shape, 2, 'features'));
      this.#widths = { ...this.#widths, [memoryWidths.value]: value, [memoryWidths.key]: key };
    }
    let features = knownAxis(where, inputShape, 2, 'features');
    const { kernelRank } = options;
    if (kernelRank !== undefined) {
      requireRank(where, 'kernelRank', kernelRank, [features, width]);
      this.#inputProjection = this.addWeight(inputProjection, [features, kernelRank], {
        ...this.#kernelOptions,
        form: 'matrix',
      });
      features = kernelRank;
    }
    this.#kernel = this.addWeight('kernel', [features, width], {
      ...this.#kernelOptions,
      form: 'matrix',
      segment: units,
    });
    if (cell.recurrent === 'full') {
      const ofHead = [this.widthNamed(cell.recurrentWidth) / this.#heads, width / this.#heads];
      const shape = this.#heads === 1 ? ofHead : [this.#heads, ...ofHead];
      this.#recurrentKernel = this.addWeight('recurrentKernel', shape, {
        ...this.#recurrentOptions,
        form: 'matrix',
        segment: units / this.#heads,
      });
    }
    for (const [name, kernel] of Object.entries(cell.kernels)) {
      if (kernel.memory === 'additive')
        this.#scale = this.addWeight(scaleWeight, [this.widthNamed(kernel.from)], { initializer: 'glorotUniform' });
      if (kernel.memory !== undefined) continue;
      this.#kernels[name] = this.addWeight(
        kernelWeight(name),
        [this.widthNamed(kernel.from), kernelColumns(cell, { units, widths: this.#widths }, kernel)],
        kernel.to === gatesWidth
          ? { ...this.#kernelOptions, form: 'matrix', segment: units }
          : { ...this.#ownKernelOptions, form: 'matrix' },
      );
    }
    for (const [name, start] of Object.entries(cell.vectors))
      this.#vectors[name] = this.addWeight(name, [units], {
        initializer: initializerOf(start),
      });
    if (options.useBias ?? true)
      this.#bias = this.addWeight('bias', cell.recurrentBias ? [2, width] : [width], this.#biasOptions);
  }

  override call(): never {
    throw new TypeError('CellAlongTime.run is called instead');
  }

  override getConfig(): Record<string, never> {
    return {};
  }

  /** Zeros for every state, of one array that all calls share. */
  zeroStates(batch: number): Record<string, Tensor> {
    return Object.fromEntries(
      this.cell.states.map((state) => {
        const size = batch * this.widthOf(state);
        if (this.#zeros.length < size) this.#zeros = new Float32Array(size);
        return [state, tensor(this.#zeros.subarray(0, size), [batch, this.widthOf(state)])];
      }),
    );
  }

  widthOf(state: string): number {
    return this.widthNamed(this.cell.stateWidths[state]);
  }

  widthNamed(name: string): number {
    return widthNamed({ units: this.units, widths: this.#widths }, name);
  }

  #argumentsOf({
    input,
    mask,
    initialStates,
    training,
    reverse,
    outputOrder,
    returnSequences,
    memory,
    shownStates,
  }: CellRun): RecurrentArguments {
    const { units } = this;
    const options = this.#options;
    const [batch, time, features] = input.shape;
    const dropout = training ? (options.dropout ?? 0) : 0;
    const recurrentDropout = training ? (options.recurrentDropout ?? 0) : 0;
    const masks: Record<string, Tensor> = {};
    if (recurrentDropout > 0)
      masks[leafName({ role: 'mask', kind: 'sequence' })] = dropoutMask(
        [batch, this.widthNamed(this.cell.droppedWidth)],
        recurrentDropout,
      );
    const scalars: Record<string, number> = {};
    for (const [state, rate] of Object.entries(this.#zoneout)) {
      scalars[leafName({ role: 'zoneout', state })] = rate;
      const shape = [batch * time, this.widthOf(state)];
      if (training) masks[leafName({ role: 'mask', kind: 'step', state })] = bernoulli(shape, rate, 1);
    }
    const [bias, recurrentBias] = this.#biases();
    return {
      plan: this.#plan(recurrentDropout > 0, training),
      units,
      widths: this.#widths,
      heads: this.#heads,
      input: dropout > 0 ? ops.mul(input, dropoutMask([batch, 1, features], dropout)) : input,
      mask,
      initialStates,
      inputProjection: this.#inputProjection,
      kernel: this.#kernel,
      recurrentKernel: this.#droppedKernel(training),
      bias,
      recurrentBias,
      kernels: this.#kernels,
      vectors: this.#vectors,
      masks,
      scalars,
      memory: memory?.(this.#scale),
      shownStates,
      reverse,
      outputOrder,
      returnSequences,
      training,
    };
  }

  /** Runs cells that do not depend on each other, at the same time where there are threads. */
  static runTogether(runs: readonly (readonly [member: CellAlongTime, run: CellRun])[]): RecurrentResult[] {
    const calls = runs.map(([member, run]) => member.#argumentsOf(run));
    const isKept = runs.every(([member]) => member.#options.recomputeSteps === undefined);
    const results = isKept
      ? recurrentTogether(calls)
      : calls.map((call, i) => recurrentInSegments(call, runs[i][0].#options.recomputeSteps ?? Infinity));
    return results.map((result, i) => observed(runs[i][0], calls[i], result));
  }

  /** The recurrent kernel, in training without the weights that `weightDropout` drops. */
  #droppedKernel(training: boolean): Tensor | undefined {
    const recurrentKernel = this.#recurrentKernel;
    const rate = training ? (this.#options.weightDropout ?? 0) : 0;
    return recurrentKernel === undefined || rate === 0
      ? recurrentKernel
      : ops.mul(recurrentKernel, dropoutMask(recurrentKernel.shape, rate));
  }

  /** Input bias and recurrent bias: one vector, or the two rows of a matrix as in Keras's reset-after GRU. */
  #biases(): [Tensor | undefined, Tensor | undefined] {
    const bias = this.#bias;
    if (bias === undefined || !this.cell.recurrentBias) return [bias, undefined];
    const row = (i: number): Tensor => ops.reshape(ops.slice(bias, 0, i, i + 1), [bias.shape[1]]);
    return [row(0), row(1)];
  }

  /** @internal What its equations are made of outside of training, for who writes them in another form. */
  get atInference(): InferenceEquations {
    const { activation, recurrentActivation, useBias } = this.#options;
    const states = Object.keys(this.#zoneout);
    return {
      options: {
        activation,
        recurrentActivation,
        useBias,
        ...(states.length > 0 && { zoneout: { kind: 'mean', states } }),
      },
      zoneout: this.#zoneout,
      heads: this.#heads,
    };
  }

  #plan(recurrentDropout: boolean, training: boolean): CellPlan {
    const key = `${recurrentDropout} ${training}`;
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      const { activation, recurrentActivation, useBias } = this.#options;
      const states = Object.keys(this.#zoneout);
      const zoneout: EquationOptions['zoneout'] =
        states.length > 0 ? { kind: training ? 'mask' : 'mean', states } : undefined;
      plan = planCell(this.cell, { activation, recurrentActivation, useBias, recurrentDropout, zoneout });
      this.#plans.set(key, plan);
    }
    return plan;
  }

  /** The bias's options, with forget gates starting at 1 where that is asked for. */
  #withForgetBias(given: WeightOptions): WeightOptions {
    const { cell, units } = this;
    const base = initializerNamed(given.initializer);
    const forgetGates = (this.#options.unitForgetBias ?? true) ? cell.forgetGates : [];
    return {
      ...given,
      role: { gates: cell.gates },
      initializer: {
        name: base.name,
        getConfig: () => base.getConfig(),
        values: (shape, random, role) => {
          const values = base.values(shape, random, role);
          for (const gate of forgetGates)
            values.fill(1, cell.gates.indexOf(gate) * units, (cell.gates.indexOf(gate) + 1) * units);
          return values;
        },
      },
    };
  }
}

/** The widths that a cell has besides its units. @throws OUT_OF_RANGE, UNKNOWN_NAME */
function requireWidths(where: string, cell: Cell, units: number, given: RecurrentOptions['widths'] = {}): Widths {
  if (Object(given) !== given) refuseUnknownOptions(`${where}.widths`, given, Object.keys(cell.widths));
  for (const [name, width] of Object.entries(given)) {
    if (Object.keys(cell.widths).length === 0)
      throw new RondoError('USAGE', {
        where,
        what: `\`${cell.name}\` has no width besides its units.`,
        received: `widths.${name}`,
        fix: 'leave `widths` out.',
      });
    if (!Object.hasOwn(cell.widths, name)) throw unknownName(where, 'width', name, Object.keys(cell.widths));
    requireCount(where, `widths.${name}`, width);
  }
  return Object.fromEntries(Object.entries(cell.widths).map(([name, usual]) => [name, given[name] ?? usual(units)]));
}

/** @throws OUT_OF_RANGE, USAGE */
function requireHeads(
  where: string,
  cell: Cell,
  units: number,
  { heads = 1, recurrentConstraint }: RecurrentOptions,
): number {
  requireNumber(
    where,
    'heads',
    heads,
    `a divisor of the ${units} units`,
    (v) => Number.isInteger(v) && v > 0 && units % v === 0,
  );
  const refused = (what: string, fix: string): RondoError =>
    new RondoError('USAGE', { where, what, received: `heads ${heads}`, fix });
  if (heads > 1 && cell.recurrent === 'none')
    throw refused(`\`${cell.name}\` has no recurrent product that could have heads.`, 'leave `heads` out.');
  if (heads > 1 && cell.recurrentWidth !== unitsWidth)
    throw refused(`the recurrent products of \`${cell.name}\` do not multiply units.`, 'leave `heads` out.');
  if (heads > 1 && recurrentConstraint !== undefined)
    throw refused('a constraint knows no heads.', 'leave `recurrentConstraint` out, or use a recurrentRegularizer.');
  return heads;
}

/** Each head's part of the recurrent kernel starts as a kernel of its own. */
function headByHead(given: WeightOptions, heads: number): WeightOptions {
  const base = initializerNamed(given.initializer);
  if (heads === 1) return given;
  const values: Initializer['values'] = (shape, random, role) => {
    const all = new Float64Array(sizeOf(shape));
    const size = all.length / heads;
    for (let head = 0; head < heads; head++) all.set(base.values(shape.slice(1), random, role), head * size);
    return all;
  };
  return { ...given, initializer: { name: base.name, getConfig: () => base.getConfig(), values } };
}

function initializerOf(start: StartingValue): InitializerLike {
  if (typeof start === 'number') return constant({ value: start });
  if (typeof start === 'string') return start;
  return {
    name: 'startingValue',
    getConfig: () => ({ name: 'startingValue', config: {} }),
    values: (shape, random) => Float64Array.from({ length: sizeOf(shape) }, () => start(random.uniform())),
  };
}

function zoneoutRates(cell: Cell, zoneout: RecurrentOptions['zoneout'], where: string): Record<string, number> {
  const given = (
    typeof zoneout === 'number' ? Object.fromEntries(cell.states.map((state) => [state, zoneout])) : (zoneout ?? {})
  ) as Readonly<Record<string, number>>;
  for (const [state, rate] of Object.entries(given)) {
    if (!cell.states.includes(state)) throw unknownName(where, 'state', state, cell.states);
    requireRate(where, `zoneout.${state}`, rate);
  }
  return Object.fromEntries(Object.entries(given).filter(([, rate]) => rate > 0));
}

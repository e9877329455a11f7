import { attending, contextState } from '../cells/attending.js';
import type { AttentionScore, Cell } from '../cells/cell.js';
import { ownEquations } from '../cells/identity.js';
import { RondoError, requireBoolean, requireCount } from '../errors.js';
import { requireAxes, type Shape } from '../shape.js';
import { assignTensor } from '../tensor/accumulate.js';
import * as ops from '../tensor/index.js';
import { SequenceMemory } from '../tensor/sequence-memory.js';
import { withoutTape } from '../tensor/tape.js';
import { Tensor, tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import type { AttentionReturned } from './attention-layer.js';
import { CellAlongTime } from './cell-along-time.js';
import { requireSequence, titleOf } from './input-axes.js';
import {
  type Applicable,
  type CallOptions,
  describeOpenShape,
  type InGraph,
  type Json,
  Layer,
  type OpenShape,
  type OutputShapes,
  type Symbolic,
} from './layer.js';
import { bothMasks, clearMasked, type Mask, maskOf, setMask } from './mask.js';
import { plainOptions } from './plain-options.js';
import type { NamedStates } from './recurrent-layer.js';
import { cellOptionNames, type RecurrentOptions } from './recurrent-options.js';
import { type CellLike, cellsOf } from './rnn.js';
import type { Stepper } from './stepper.js';
import { refuseUnusedOptions } from './unused-options.js';

/** Options of {@link AttentionRNN}: those that are about a cell, and how it attends. */
export interface AttentionRNNOptions<ReturnScores extends boolean = boolean>
  extends Omit<
    RecurrentOptions,
    'units' | 'returnSequences' | 'goBackwards' | 'reverseMask' | 'stateful' | 'zeroOutputForMask' | 'recomputeSteps'
  > {
  /** The cell, or its name; one of your own too. */
  cell: CellLike;
  /** Width of the cell's state. */
  units: number;
  /**
   * How a state of the cell is compared with a key: `additive` (default), `sum of scale tanh(W state + key)` (Bahdanau et
   * al. 2015, appendix A.1.2), or `dot`, their product (Luong et al. 2015, eq. 8), for keys as wide as the state.
   */
  score?: AttentionScore | undefined;
  /**
   * Whether a step asks with its new state, and what it attended to goes into the next step (Luong et al. 2015, section
   * 3.3); by default it asks with the state of the step before, and goes into the same step (Bahdanau et al. 2015).
   */
  inputFeeding?: boolean | undefined;
  /** Whether the layer gives `{ output, scores }`. Default false. */
  returnAttentionScores?: ReturnScores | undefined;
  /** @internal In files: the fingerprint of a cell that is the user's own, by name. */
  cellEquations?: Readonly<Record<string, string>> | undefined;
}

/** What an {@link AttentionRNN} is run with. */
export interface AttentionRNNCallOptions extends CallOptions {
  /** The states of the cell to start from, by name. Zeros by default. What was attended to before is zeros. */
  initialState?: NamedStates<unknown> | undefined;
}

/**
 * A decoder that attends at each step: any cell along time, whose steps see beside their input a mean of values, with
 * shares that follow from the cell's state and the keys. Inputs are `[input, value]` or `[input, value, key]`: `[batch,
 * time, features]`, `[batch, keys, features of a value]` and `[batch, keys, features of a key]`; values are their own
 * keys where no others are given, and one tensor alone is all three. The part of a score that is of the keys alone, such
 * as `U value` (Bahdanau et al. 2015) or `W value` (the `general` score of Luong et al. 2015), is a `Dense` layer
 * before it, and so is computed once.
 *
 * The output is `[batch, time, units + features of a value]`: at each step the cell's output, then what was attended to;
 * a `Dense` layer with `tanh` behind it makes Luong's attentional vector of both. A masked step repeats the step before;
 * masked keys get no share.
 *
 * Bahdanau, Cho and Bengio 2015, "Neural machine translation by jointly learning to align and translate", section 3.1;
 * Luong, Pham and Manning 2015, "Effective approaches to attention-based neural machine translation", section 3.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE, UNKNOWN_NAME, USAGE before anything is computed.
 * @example
 * const keys = new Dense({ units: 64, useBias: false }).apply(encoded);
 * const decoder = new AttentionRNN({ cell: 'gru', units: 64 });
 * const decoded = decoder.apply([target, encoded, keys], { initialState: states[0] });
 */
export class AttentionRNN<ReturnScores extends boolean = false> extends Layer<AttentionReturned<ReturnScores>> {
  readonly className = 'AttentionRNN';
  readonly units: number;
  protected override readonly passesMask = true;
  protected override readonly callOptions = ['training', 'mask', 'initialState'];
  readonly #options: AttentionRNNOptions<ReturnScores>;
  readonly #base: Cell;
  readonly #run: CellAlongTime;
  readonly #score: AttentionScore;
  readonly #askingWidth: number;
  readonly #returnsScores: boolean;
  /** Value, and key where it is another input, of those that the weights were made for. */
  #builtMemory: readonly OpenShape[] = [];

  constructor(options: AttentionRNNOptions<ReturnScores>) {
    super('AttentionRNN', options, [
      ...cellOptionNames,
      ...['cell', 'cellEquations', 'score', 'inputFeeding', 'returnAttentionScores'],
    ]);
    const { units, score = 'additive', inputFeeding = false, returnAttentionScores } = options;
    requireCount('AttentionRNN', 'units', units);
    for (const name of ['inputFeeding', 'returnAttentionScores', 'useBias', 'unitForgetBias'] as const)
      requireBoolean('AttentionRNN', name, options[name]);
    if (Array.isArray(options.cell) || Object.hasOwn(Object(options.cell), 'cell'))
      throw new RondoError('USAGE', {
        where: 'AttentionRNN',
        what: '`cell` is a list, or has options of its own.',
        expected: 'one cell, or its name',
        fix: 'give options beside `cell`; cells below it go into an RNN before this layer.',
      });
    const [base] = cellsOf('AttentionRNN', options.cell, options.cellEquations) as Cell[];
    const { cell: _cell, cellEquations: _stored, ...own } = options;
    const cell = attending(base, { score, inputFeeding });
    // Queries of additive scores have a kernel, whatever the cell has.
    refuseUnusedOptions('AttentionRNN', [score === 'additive' ? cell : base], own);
    // Its own states and widths are all that options may name.
    new CellAlongTime(base, units, own, 'cell', 'AttentionRNN');
    const zoneout =
      typeof own.zoneout === 'number'
        ? Object.fromEntries(base.states.map((state) => [state, own.zoneout]))
        : own.zoneout;
    this.units = units;
    this.#options = options;
    this.#base = base;
    this.#score = score;
    this.#returnsScores = returnAttentionScores === true;
    this.#run = new CellAlongTime(cell, units, { ...own, zoneout } as RecurrentOptions, 'cell', 'AttentionRNN');
    this.#askingWidth = this.#run.widthNamed(inputFeeding ? base.outputWidth : base.stateWidths[base.states[0]]);
    if (this.#returnsScores)
      this.computeOutputShapes = (...shapes): OutputShapes => {
        const output = this.computeOutputShape(...shapes);
        const [value] = this.#memoryOf(shapes.slice(1), shapes[0]);
        return { output, scores: [output[0], output[1], value[1]] };
      };
  }

  override get takesSeveral(): boolean {
    return true;
  }

  override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    return new Map([[this.#run.name, this.#run]]);
  }

  override beginningStates(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#base.states.map((state) => [state, this.#run.widthOf(state)]));
  }

  /** @param others value, key and states to begin with, as far as they are given. @throws SHAPE_MISMATCH */
  override computeOutputShape(input: OpenShape, ...others: OpenShape[]): OpenShape {
    const [value, key] = this.#memoryOf(others, input);
    const made = this.buildShape && [this.buildShape, ...this.#memoryOf([], this.buildShape)];
    for (const [i, shape] of [input, value, key].entries()) requireSequence(this, shape, made?.[i][2] ?? null);
    const states = others.filter(({ length }) => length === 2);
    const widths = Object.values(this.beginningStates());
    const fits =
      (states.length === 0 ||
        (states.length === widths.length && states.every(([, width], i) => same(width, widths[i])))) &&
      same(value[1], key[1]) &&
      [value, key, ...states].every(([batch]) => same(batch, input[0])) &&
      same(value[0], key[0]);
    if (!fits) throw this.#misfit('inputs and states do not fit together.', [input, ...others]);
    if (value[1] === 0) throw this.#misfit('there are no keys to attend to.', [input, value, key]);
    const isNarrow = this.#score === 'dot' && key[2] !== null && key[2] !== this.#askingWidth;
    if (isNarrow) throw this.#misfit(`keys are not as wide as the state, ${this.#askingWidth}.`, [value, key]);
    const { outputWidth } = this.#base;
    return [input[0], input[1], value[2] === null ? null : this.#run.widthNamed(outputWidth) + value[2]];
  }

  /** Of inputs behind the first: shapes of value and key. */
  #memoryOf(others: readonly OpenShape[], input: OpenShape): readonly [OpenShape, OpenShape] {
    const given = others.filter(({ length }) => length !== 2);
    if (given.length > 2) throw this.#misfit('there are more inputs than three.', others);
    const numMade = this.#builtMemory.length;
    if (this.isBuilt && given.length > 0 && given.length !== numMade)
      throw this.#misfit(`the weights were made for ${1 + numMade} inputs.`, [input, ...others]);
    const [value = input, key = value] = given.length > 0 ? given : this.#builtMemory;
    return [value, key];
  }

  override build(input: OpenShape, ...others: OpenShape[]): void {
    this.#builtMemory = others.filter(({ length }) => length !== 2);
    this.#run.ensureBuilt(input, ...this.#memoryOf(others, input));
  }

  override apply(
    inputs: Tensor | readonly Tensor[],
    options?: AttentionRNNCallOptions,
  ): AttentionReturned<ReturnScores>;
  override apply<Edge extends Symbolic, Given>(
    this: Layer<Given>,
    inputs: Edge | readonly Edge[],
    options?: { initialState?: NamedStates<Edge> | undefined },
  ): InGraph<Given, Edge>;
  override apply(inputs: Applicable | readonly Applicable[], options?: object): unknown {
    return super.apply(inputs as Tensor, options);
  }

  override call(inputs: Tensor | readonly Tensor[], options: AttentionRNNCallOptions): AttentionReturned<ReturnScores> {
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    const shapes = list.map(({ shape }) => shape) as [Shape, ...Shape[]];
    this.computeOutputShape(...shapes);
    const numMade = 1 + this.#builtMemory.length;
    if (shapes.filter(({ length }) => length === 3).length !== numMade)
      throw this.#misfit(`the weights were made for ${numMade} inputs.`, shapes);
    const behind = list.filter(({ shape }, i) => i > 0 && shape.length === 2);
    const given = behind.length > 0 ? behind : undefined;
    if (given !== undefined && options.initialState !== undefined)
      throw new RondoError('USAGE', {
        where: titleOf(this),
        what: 'there are two sets of initial states.',
        received: `${given.length} behind the inputs, and \`initialState\``,
        fix: 'give them as `initialState` alone.',
      });
    const states = this.#initialStates(list[0].shape[0], options.initialState, given);
    return this.#along(list, states, options).returned;
  }

  /** Runs from states on; those that it ends with come along. */
  #along(
    inputs: readonly Tensor[],
    initialStates: Readonly<Record<string, Tensor>>,
    { mask, training = false }: CallOptions,
  ): { returned: AttentionReturned<ReturnScores>; finalStates: Readonly<Record<string, Tensor>> } {
    const [input, value = input, key = value] = inputs.filter(({ shape }, i) => i === 0 || shape.length !== 2);
    const counting = this.#maskOf(input, value, key, mask);
    const [values, keys] = [value, key].map((of) => (hidesSome(counting, of) ? clearMasked(of, counting) : of));
    const memory = { values, keys, mask: counting };
    const [{ output, shownStates, shares, finalStates }] = CellAlongTime.runTogether([
      [
        this.#run,
        {
          input,
          mask,
          initialStates,
          training,
          reverse: false,
          outputOrder: 'time',
          returnSequences: true,
          memory: (scale) => new SequenceMemory({ ...memory, scale }),
          shownStates: [contextState],
        },
      ],
    ]);
    const both = ops.concatenate([output, shownStates![contextState]]);
    if (!this.#returnsScores) return { returned: both as AttentionReturned<ReturnScores>, finalStates };
    setMask(both, mask);
    return { returned: { output: both, scores: shares! } as AttentionReturned<ReturnScores>, finalStates };
  }

  /** Which keys count. */
  #maskOf(input: Tensor, value: Tensor, key: Tensor, mask: Mask | undefined): Mask | undefined {
    const own = (of: Tensor): Mask | undefined => (of === input ? mask : maskOf(of));
    return bothMasks(own(value), own(key));
  }

  /** @param behind the states that stand behind the inputs of a node, in the order of the cell. */
  #initialStates(
    batch: number,
    given: AttentionRNNCallOptions['initialState'],
    behind: readonly Tensor[] | undefined,
  ): Record<string, Tensor> {
    const zeros = this.#run.zeroStates(batch);
    const { states } = this.#base;
    if (behind !== undefined) return { ...zeros, ...Object.fromEntries(states.map((state, i) => [state, behind[i]])) };
    if (given === undefined) return zeros;
    const names = Object.keys(given);
    if (names.length !== states.length || states.some((state) => given[state] === undefined))
      throw new RondoError('UNKNOWN_NAME', {
        where: titleOf(this),
        what: 'initialState names other states than the cell has.',
        expected: `{ ${states.join(', ')} }`,
        received: `{ ${names.join(', ')} }`,
        fix: 'give every state of the cell by its name.',
      });
    const checked = states.map((state) => {
      const value = tensor(given[state] as Tensor);
      const axes = [
        ['batch', batch],
        ['units', this.#run.widthOf(state)],
      ] as const;
      const fix = 'give one row of states for every sequence of the batch.';
      requireAxes(titleOf(this), `initialState.${state}`, value.shape, axes, fix);
      return [state, value] as const;
    });
    return { ...zeros, ...Object.fromEntries(checked) };
  }

  /** Values and keys stay over all steps. @throws USAGE where they go along with them */
  override stepper(batch: number, [isFixed = false, ...others]: readonly boolean[] = []): Stepper {
    if (isFixed || others.length === 0 || !others.every(Boolean))
      throw new RondoError('USAGE', {
        where: titleOf(this),
        what: 'the layer cannot be run one time step at a time here.',
        expected: 'an input that goes along with the steps, and values, keys and initial states that stay',
        received: isFixed ? 'an input that stays' : 'values, keys or initial states that go along with the steps',
        fix: 'give what they come from as `fixed`, or apply the model to whole sequences.',
      });
    const carried = Object.fromEntries(
      Object.entries(this.#run.zeroStates(1)).map(([state, { size }]) => [
        state,
        new Variable([batch, size], new Float32Array(batch * size), `${this.name}/state/${state}`, false),
      ]),
    );
    const numMemory = this.#builtMemory.length;
    return {
      states: new Map(Object.entries(carried).map(([state, value]) => [`state/${state}`, value])),
      firstState: others.length > numMemory ? 1 + numMemory : undefined,
      step: (...inputs) => {
        const { returned, finalStates } = this.#along(inputs.slice(0, 1 + numMemory), carried, {});
        withoutTape(() => {
          for (const [state, value] of Object.entries(finalStates)) assignTensor(carried[state], value);
        });
        return returned as Tensor;
      },
    };
  }

  /** The cell by its name. */
  override getConfig(): Record<string, Json | undefined> {
    const { cellEquations: _stored, ...options } = this.#options;
    const cellEquations = ownEquations([this.#base]);
    return {
      ...plainOptions({ ...options, cell: this.#base.name }),
      ...this.baseConfig(),
      ...(cellEquations && { cellEquations }),
    };
  }

  #misfit(what: string, shapes: readonly OpenShape[]): RondoError {
    const states = Object.entries(this.beginningStates()).map(([state, width]) => `${state} [batch, ${width}]`);
    return new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what,
      expected: `[input, value] or [input, value, key], sequences of one batch; initial states are ${states.join(', ')}`,
      received: shapes.map(describeOpenShape).join(', '),
      fix: 'give the input first, then what is attended to; a Dense layer makes keys of another width.',
    });
  }
}

/** Whether two sizes are the same, or may be. */
function same(one: number | null, other: number | null): boolean {
  return one === other || one === null || other === null;
}

/** Whether a key that does not count lies before one that does, or no key counts: steps look at it, though in vain. */
function hidesSome(mask: Mask | undefined, { shape }: Tensor): boolean {
  const [, numKeys] = shape;
  const isBeforeAnother = (i: number): boolean => (i + 1) % numKeys !== 0 && mask![i + 1] === 1;
  return mask?.some((counts, i) => counts === 0 && (i % numKeys === 0 || isBeforeAnother(i))) === true;
}

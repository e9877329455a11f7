import type { Cell } from '../cells/cell.js';
import { RondoError, requireBoolean, requireCount } from '../errors.js';
import { requireAxes } from '../shape.js';
import { assignTensor } from '../tensor/accumulate.js';
import { withoutTape } from '../tensor/tape.js';
import { scope, type Tensor, tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import { carriesStates } from './carried-states.js';
import { CellAlongTime } from './cell-along-time.js';
import {
  type Applicable,
  type CallOptions,
  type InGraph,
  type Json,
  Layer,
  type OpenShape,
  requireOpenAxes,
  type Symbolic,
  singleInput,
} from './layer.js';
import { clearMasked, type Mask, requireStepMask, reversedMask, setMask } from './mask.js';
import { plainOptions } from './plain-options.js';
import { type LayerChanges, type RecurrentOptions, recurrentOptionNames } from './recurrent-options.js';
import { restoring } from './restoring.js';
import type { Stepper } from './stepper.js';
import { refuseUnusedOptions } from './unused-options.js';

/** The states of a cell by name, each `[batch, units]`. */
export type NamedStates<Value = Tensor, State extends string = string> = Readonly<Record<State, Value>>;

/** The states of a layer: one entry a cell, from the bottom. */
export type StatesOf<Value, State extends string = string> = readonly [
  NamedStates<Value, State>,
  ...NamedStates<Value, State>[],
];

/** What a recurrent layer with `returnState` returns. */
export interface OutputAndState<State extends string = string> {
  /** `[batch, time, units]` with `returnSequences`, else `[batch, units]`. */
  readonly output: Tensor;
  /** By cell (one for most layers): the states after the last step that counts. */
  readonly states: StatesOf<Tensor, State>;
}

/** What a recurrent layer is run with. */
export interface RecurrentCallOptions<State extends string = string> extends CallOptions {
  /** The states to start from, by name; one entry a cell where the layer has several. Zeros by default. */
  initialState?: GivenStates<Tensor, State> | undefined;
}

/** States to start from: of the one cell alone, or one entry a cell. */
export type GivenStates<Value, State extends string = string> =
  | NamedStates<Value, State>
  | readonly NamedStates<Value, State>[];

/** One layer's part of a common run. */
export interface LayerRun {
  readonly layer: RecurrentLayer<boolean>;
  readonly input: Tensor;
  readonly options: RecurrentCallOptions;
  readonly reverse: boolean;
  /** Where outputs stand: at the time they belong to, or in the order they were computed. */
  readonly outputOrder: 'time' | 'computed';
}

/** A cell of several, with options of its own in place of the layer's. */
export interface CellOptions extends Partial<RecurrentOptions> {
  cell: Cell;
}

/** Options of recurrent layers, with their cells. */
export interface CellsOptions extends RecurrentOptions {
  /** A cell, or a list of them, run one above the other. */
  cell: Cell | readonly (Cell | CellOptions)[];
}

type Returned<ReturnState extends boolean, State extends string> = ReturnState extends true
  ? OutputAndState<State>
  : Tensor;

/**
 * Runs any cell, or several above each other, along time. Input `[batch, time, features]`; output
 * `[batch, time, units]` with `returnSequences`, else `[batch, units]`; with `returnState` also the final states.
 *
 * A masked step keeps state and output of the step before, so padding changes no result and costs no work.
 *
 * @typeParam State the names of the states, where it runs one cell that types know.
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE, UNKNOWN_NAME before anything is computed.
 */
export abstract class RecurrentLayer<ReturnState extends boolean = false, State extends string = string> extends Layer<
  Returned<ReturnState, State>
> {
  readonly cells: readonly Cell[];
  readonly units: readonly number[];
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly stateful: boolean;
  protected override readonly passesMask: boolean;
  protected override readonly callOptions = ['training', 'mask', 'initialState'];
  readonly #stack: readonly CellAlongTime[];
  #carried: Record<string, Variable>[] | undefined;

  constructor(
    protected readonly options: CellsOptions & { returnState?: ReturnState | undefined },
    where: string,
    known: readonly string[] = ['cell'],
  ) {
    super(where, options, [...recurrentOptionNames, ...known]);
    const { cell, units } = options;
    const listed = [cell].flat() as readonly (Cell | CellOptions)[];
    if (typeof units === 'object' && units.length !== listed.length) {
      throw new RondoError('USAGE', {
        where,
        what: 'cells and units do not match.',
        expected: `${listed.length} numbers of units`,
        received: `${units.length}`,
        fix: 'give one number, or one for each cell.',
      });
    }
    const members = listed.map((member, i) => ({
      ...options,
      units: typeof units === 'object' ? units[i] : units,
      ...('cell' in member ? member : { cell: member }),
    }));
    this.cells = members.map((member) => member.cell);
    this.units = members.map((member) => member.units as number);
    for (const count of this.units) requireCount(where, 'units', count);
    for (const member of members) for (const name of booleanOptions) requireBoolean(where, name, member[name]);
    refuseUnusedOptions(where, this.cells, options);
    this.returnSequences = options.returnSequences ?? false;
    this.returnState = options.returnState ?? false;
    this.stateful = options.stateful ?? false;
    this.passesMask = this.returnSequences;
    this.#stack = members.map(
      (own, i) => new CellAlongTime(own.cell, this.units[i], own, members.length === 1 ? 'cell' : `cell${i}`, where),
    );
  }

  override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    return new Map(this.#stack.map((member) => [member.name, member]));
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    const features = this.buildShape?.at(2) ?? null;
    requireOpenAxes(
      `${this.className} ${this.name}`,
      inputShape,
      [
        ['batch', null],
        ['time', null],
        ['features', features],
      ],
      'a recurrent layer reads sequences: give it [batch, time, features], for example from an Embedding or a ' +
        'layer with returnSequences: true.',
    );
    const top = this.#stack[this.#stack.length - 1];
    const width = top.widthNamed(top.cell.outputWidth);
    return this.returnSequences ? [inputShape[0], inputShape[1], width] : [inputShape[0], width];
  }

  override build(inputShape: OpenShape): void {
    let shape = inputShape;
    for (const member of this.#stack) {
      member.ensureBuilt(shape);
      shape = member.computeOutputShape(shape);
    }
  }

  override apply(
    inputs: Tensor | readonly Tensor[],
    options?: RecurrentCallOptions<State>,
  ): Returned<ReturnState, State>;
  override apply<Edge extends Symbolic, Given>(
    this: Layer<Given>,
    inputs: Edge | readonly Edge[],
    options?: { initialState?: GivenStates<Edge, State> | undefined },
  ): InGraph<Given, Edge>;
  override apply(inputs: Applicable | readonly Applicable[], options?: object): unknown {
    return super.apply(inputs as Tensor, options);
  }

  override call(
    inputs: Tensor | readonly Tensor[],
    options: RecurrentCallOptions<State>,
  ): Returned<ReturnState, State> {
    const [result] = RecurrentLayer.runTogether([
      {
        layer: this,
        input: singleInput(this.name, inputs),
        options,
        reverse: this.options.goBackwards ?? false,
        outputOrder: 'computed',
      },
    ]);
    if (!this.returnState) return result.output as Returned<ReturnState, State>;
    setMask(result.output, options.mask && this.maskAfter(options.mask, result.output));
    return result as Returned<ReturnState, State>;
  }

  /** Whether its mask comes out turned round, as the steps of a layer that reads backwards do. */
  get reversesMask(): boolean {
    return this.options.goBackwards === true && this.options.reverseMask !== false;
  }

  protected override maskAfter(mask: Mask, input: Tensor): Mask | undefined {
    return super.maskAfter(this.reversesMask ? reversedMask(mask, input.shape[1]) : mask, input);
  }

  /**
   * Runs layers that do not depend on each other, and carries the states of stateful ones on; what Bidirectional builds
   * on.
   */
  static runTogether(runs: readonly LayerRun[]): OutputAndState[] {
    const results = RecurrentLayer.#alongTime(runs);
    runs.forEach(({ layer }, i) => {
      if (layer.stateful && carriesStates()) layer.#carry(results[i].states);
    });
    return results;
  }

  /** Cell by cell from the bottom to the top; cells of one level run at the same time where there are threads. */
  static #alongTime(runs: readonly LayerRun[]): OutputAndState[] {
    const started = runs.map(({ layer, input, options: { mask, initialState } }) => {
      layer.computeOutputShape(input.shape);
      requireStepMask(`${layer.className} ${layer.name}`, input.shape, mask);
      return {
        output: input,
        states: [] as NamedStates[],
        initial: layer.#initialStates(input.shape[0], initialState),
      };
    });
    const numLevels = Math.max(...runs.map(({ layer }) => layer.#stack.length));
    for (let level = 0; level < numLevels; level++) {
      const here = started.flatMap((state, i) => (level < runs[i].layer.#stack.length ? [{ state, ...runs[i] }] : []));
      const results = CellAlongTime.runTogether(
        here.map(({ state, layer, options: { mask, training = false }, reverse, outputOrder }) => {
          const isTop = level === layer.#stack.length - 1;
          const returnSequences = isTop ? layer.returnSequences : true;
          return [
            layer.#stack[level],
            {
              input: state.output,
              mask,
              initialStates: state.initial[level],
              training,
              reverse,
              outputOrder: isTop ? outputOrder : 'time',
              returnSequences,
            },
          ];
        }),
      );
      here.forEach(({ state }, i) => {
        state.output = results[i].output;
        state.states.push(results[i].finalStates);
      });
    }
    return runs.map(({ layer, options: { mask }, reverse, outputOrder }, i) => {
      const { output } = started[i];
      const states = started[i].states as unknown as StatesOf<Tensor>;
      if (mask === undefined || !layer.returnSequences || layer.options.zeroOutputForMask !== true)
        return { output, states };
      return {
        output: clearMasked(output, reverse && outputOrder === 'computed' ? reversedMask(mask, output.shape[1]) : mask),
        states,
      };
    });
  }

  /** The states are those of the stepper, whether or not the layer is stateful. */
  override stepper(batch: number): Stepper {
    const { goBackwards } = this.options;
    if (goBackwards === true) {
      throw new RondoError('USAGE', {
        where: `${this.className} ${this.name}`,
        what: 'the layer cannot be run one time step at a time.',
        expected: 'a layer that reads forwards',
        received: 'goBackwards: true',
        fix: 'apply the model to whole sequences.',
      });
    }
    const carried = this.#stack.map((member) =>
      Object.fromEntries(
        member.cell.states.map((state) => {
          const width = member.widthOf(state);
          const zeros = new Float32Array(batch * width);
          return [state, new Variable([batch, width], zeros, `${this.name}/state/${state}`, false)];
        }),
      ),
    );
    return {
      states: new Map(
        carried.flatMap((named, i) =>
          Object.entries(named).map(([state, value]): [string, Variable] => [this.#carriedName(i, state), value]),
        ),
      ),
      step: (input) => {
        const [{ output, states }] = RecurrentLayer.#alongTime([
          { layer: this, input, options: { initialState: carried }, reverse: false, outputOrder: 'time' },
        ]);
        assignStates(carried, states);
        return output;
      },
    };
  }

  /** A layer with the same options, but for these, and weights of its own. */
  copy({ name, cells }: LayerChanges = {}): RecurrentLayer<ReturnState, State> {
    const { cell } = this.options;
    const changed = Array.isArray(cell)
      ? { cell: cell.map((member, i) => ({ ...('cell' in member ? member : { cell: member }), ...cells?.[i] })) }
      : cells?.[0];
    const Same = this.constructor as new (given: typeof this.options) => RecurrentLayer<ReturnState, State>;
    return restoring(() => new Same({ ...this.options, ...(cells && changed), name }));
  }

  /** Forgets the carried state, so that the next batch starts from zeros and may have another size. */
  override resetStates(): void {
    this.#carried = undefined;
  }

  override dispose(): void {
    super.dispose();
    for (const named of this.#carried ?? []) for (const state of Object.values(named)) state.dispose();
    this.#carried = undefined;
  }

  override carriedStates(): ReadonlyMap<string, Tensor> {
    const entries = (this.#carried ?? []).flatMap((named, i) =>
      Object.entries(named).map(([state, value]): [string, Tensor] => [this.#carriedName(i, state), value]),
    );
    return new Map(entries);
  }

  override setCarriedStates(states: ReadonlyMap<string, Tensor>): void {
    this.#carried = undefined;
    if (states.size === 0) return;
    const value = (i: number, state: string): Tensor => {
      const found = states.get(this.#carriedName(i, state));
      if (found !== undefined) return found;
      throw new RondoError('FILE_FORMAT', {
        where: `${this.className} ${this.name}`,
        what: `the carried state \`${state}\` is missing.`,
        expected: 'every state of every cell',
        received: [...states.keys()].join(', '),
        fix: 'use an intact checkpoint of this model.',
      });
    };
    const named = this.cells.map((cell, i) => Object.fromEntries(cell.states.map((state) => [state, value(i, state)])));
    scope(() => this.#carry(named));
  }

  /** Without the cells, which a layer of one cell knows itself. */
  override getConfig(): Record<string, Json | undefined> {
    const { cell: _cell, ...options } = plainOptions(this.options);
    return { ...options, ...this.baseConfig() };
  }

  #initialStates(batch: number, given: RecurrentCallOptions['initialState']): readonly NamedStates[] {
    const where = `${this.className} ${this.name}`;
    if (given === undefined)
      return this.#carried !== undefined && carriesStates()
        ? this.#carriedFor(batch)
        : this.#stack.map((member) => member.zeroStates(batch));
    const list = Array.isArray(given) ? (given as readonly NamedStates[]) : [given as NamedStates];
    if (list.length !== this.#stack.length) {
      throw new RondoError('SHAPE_MISMATCH', {
        where,
        what: 'initialState does not fit the cells.',
        expected: `${this.#stack.length} sets of states`,
        received: `${list.length}`,
        fix: 'give the states of every cell, from the bottom to the top.',
      });
    }
    return this.cells.map((cell, i) => {
      const unknown = Object.keys(list[i]).find((name) => !cell.states.includes(name));
      const missing = cell.states.find((name) => list[i][name] === undefined);
      if (unknown !== undefined || missing !== undefined) {
        throw new RondoError('UNKNOWN_NAME', {
          where,
          what: 'initialState names other states than the cell has.',
          expected: `{ ${cell.states.join(', ')} }`,
          received: `{ ${Object.keys(list[i]).join(', ')} }`,
          fix: 'give every state of the cell by its name.',
        });
      }
      return Object.fromEntries(
        cell.states.map((state) => {
          const value = tensor(list[i][state]);
          requireAxes(
            where,
            `initialState.${state}`,
            value.shape,
            [
              ['batch', batch],
              ['units', this.#stack[i].widthOf(state)],
            ],
            'give one row of states for every sequence of the batch.',
          );
          return [state, value];
        }),
      );
    });
  }

  #carriedFor(batch: number): readonly NamedStates[] {
    const before = Object.values(this.#carried![0])[0].shape[0];
    if (before === batch) return this.#carried!;
    throw new RondoError('SHAPE_MISMATCH', {
      where: `${this.className} ${this.name}`,
      what: 'the batch size changed while the state is carried over.',
      expected: `${before} sequences`,
      received: `${batch}`,
      fix: 'keep the batch size, or call resetStates() first.',
    });
  }

  /** The name of a carried state in checkpoints. */
  #carriedName(i: number, state: string): string {
    return this.cells.length === 1 ? `state/${state}` : `state${i}/${state}`;
  }

  #carry(states: readonly NamedStates[]): void {
    this.#carried ??= states.map((named) =>
      Object.fromEntries(
        Object.entries(named).map(([name, { shape, size }]) => [
          name,
          new Variable(shape, new Float32Array(size), `${this.name}/state/${name}`, false),
        ]),
      ),
    );
    assignStates(this.#carried, states);
  }
}

function assignStates(targets: readonly Readonly<Record<string, Variable>>[], states: readonly NamedStates[]): void {
  withoutTape(() =>
    states.forEach((named, i) =>
      Object.entries(named).forEach(([name, value]) => assignTensor(targets[i][name], value)),
    ),
  );
}

const booleanOptions = [
  'returnSequences',
  'returnState',
  'stateful',
  'goBackwards',
  'reverseMask',
  'useBias',
  'unitForgetBias',
  'zeroOutputForMask',
] as const;

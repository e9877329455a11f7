import { describeValue, RondoError } from '../../errors.js';
import { currentBackend } from '../../kernels/select.js';
import { withoutCarriedStates } from '../../layers/carried-states.js';
import type { Stepper } from '../../layers/stepper.js';
import { describeShape, requireAxes, type Shape, sizeOf } from '../../shape.js';
import { assignTensor } from '../../tensor/accumulate.js';
import { gatherInto } from '../../tensor/gather.js';
import * as ops from '../../tensor/index.js';
import { withoutTape } from '../../tensor/tape.js';
import { type FlatArray, scope, type Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { firstNotFinite } from '../finite-data.js';
import type { HostArray } from '../host-data.js';
import { notFinite, type StepValues, type StreamSteps } from '../model-stream.js';
import { gatherRows, hostTensor } from '../rows.js';
import type { GraphStepper } from './graph-stepper.js';

/** A step of several inputs: in a list, or by name. */
export type SeveralValues = readonly StepValues[] | Readonly<Record<string, StepValues>>;

/** By input: the whole of one that stays. */
export type WholeInputs = readonly (HostArray | undefined)[];

/** An input of a graph that is run step by step. */
export interface SteppedInput {
  readonly name: string;
  /** Of one step, with the batch. */
  readonly shape: Shape;
  /** Whether it stays over all steps, and is given whole. */
  readonly isFixed: boolean;
}

/**
 * The steps of a graph as a stream takes them: with all inputs one behind the other in one array, and all outputs in
 * another.
 */
export class PackedSteps implements StreamSteps {
  readonly stepper: Stepper;
  /** Of the array of all inputs, without the batch: where there is one input, its shape. */
  readonly inputShape: Shape;
  readonly #graph: GraphStepper;
  readonly #inputs: readonly SteppedInput[];
  readonly #moving: readonly SteppedInput[];
  readonly #places: readonly Variable[];
  readonly #all: Float64Array;
  #outputSizes: readonly number[] = [];
  #whole: WholeInputs = [];

  constructor(
    inputs: readonly SteppedInput[],
    graph: GraphStepper,
    readonly isCompiled: boolean,
  ) {
    this.#graph = graph;
    this.#inputs = inputs;
    this.#moving = inputs.filter(({ isFixed }) => !isFixed);
    this.#places = inputs.map(
      ({ shape: [batch, ...features], isFixed }) =>
        new Variable([batch, 1, ...features], new Float32Array(sizeOf([batch, ...features])), 'input', isFixed),
    );
    const [{ shape }] = this.#moving;
    const size = this.#moving.reduce((sum, one) => sum + sizeOf(one.shape), 0);
    this.#all = new Float64Array(size);
    this.inputShape = this.#moving.length === 1 ? shape.slice(1) : [size / shape[0]];
    this.stepper = {
      states: graph.states,
      own: [...(graph.own ?? []), ...this.#places],
      read: (values) => this.#read(values as Float64Array),
      step: () => this.#step(),
    };
  }

  /** The numbers of a step in one array. @throws UNKNOWN_NAME, SHAPE_MISMATCH, NOT_FINITE */
  packed(given: StepValues | SeveralValues): Float64Array {
    const values = this.#listed(given);
    let at = 0;
    this.#moving.forEach(({ name, shape }, i) => {
      const numbers = typeof values[i] === 'number' ? [values[i]] : values[i];
      const size = sizeOf(shape);
      if (numbers?.length !== size) throw wrongSize(name, shape, numbers);
      this.#all.set(numbers, at);
      const bad = firstNotFinite(numbers);
      if (bad >= 0) throw notFinite(numbers, bad, `the input \`${name}\``);
      at += size;
    });
    return this.#all;
  }

  /** The outputs of the last step, in the array of all. */
  apart(all: FlatArray): readonly FlatArray[] {
    let at = 0;
    return this.#outputSizes.map((size) => all.subarray(at, (at += size)));
  }

  /**
   * Computes what stays, with the weights as they are. Where it throws, nothing has changed.
   *
   * @param whole by input; by default what was given before.
   * @returns the variables that no step reads any more.
   */
  hold(whole: WholeInputs = this.#whole): readonly Variable[] {
    const keep = (): readonly Variable[] => this.#graph.staged(whole.map((array) => array && hostTensor(array)))();
    const unread = withoutTape(() => withoutCarriedStates(() => scope(keep)));
    this.#whole = whole;
    return unread;
  }

  /** Goes on from rows of the steps of another stream of the same graph; as {@link PackedSteps.hold}. */
  takeRows(other: PackedSteps, rows: Int32Array): readonly Variable[] {
    const whole = other.#whole.map((array) => array && gatherRows(array, rows, 0, rows.length));
    return scope(() => {
      const states = [...this.stepper.states].map(([name, state]) => {
        const before = other.stepper.states.get(name)!;
        return { state, value: gatherInto(state.shape, before, state.size / rows.length, rows) };
      });
      const keeps = this.#graph.fixedParts.map((part, i) => part.stagedRows(other.#graph.fixedParts[i], rows));
      for (const { state, value } of states) assignTensor(state, value);
      this.#whole = whole;
      return keeps.flatMap((keep) => keep());
    });
  }

  /** Whether its states and what stays are made as those of another, which is of the same model. */
  isAlike(other: PackedSteps): boolean {
    return this.#inputs.every(({ isFixed }, i) => isFixed === other.#inputs[i].isFixed);
  }

  /** Sets the states that do not begin with zeros to where sequences begin. */
  begin(): void {
    this.#graph.begin();
  }

  /** Gives back the memory of what stays. */
  dispose(): void {
    for (const { values } of this.#graph.fixedParts) for (const variable of values.values()) variable.dispose();
  }

  /** The whole of the inputs that stay, in the model's order. @throws UNKNOWN_NAME, SHAPE_MISMATCH */
  wholeOf(fixed: ReadonlyMap<string, HostArray>, where: string): WholeInputs {
    const names = this.#inputs.filter(({ isFixed }) => isFixed).map(({ name }) => name);
    if (fixed.size !== names.length || !names.every((name) => fixed.has(name))) {
      throw new RondoError('UNKNOWN_NAME', {
        where,
        what: '`fixed` has other inputs than the stream began with.',
        expected: `{ ${names.join(', ')} }`,
        received: `{ ${[...fixed.keys()].join(', ')} }`,
        fix: 'give every input that stays, and no other.',
      });
    }
    return this.#inputs.map(({ name, shape: [batchSize] }, i) => {
      const array = fixed.get(name);
      if (array === undefined) return undefined;
      const axes = this.#graph.inputShapes[i].map((size, axis) =>
        axis === 0 ? (['batch', batchSize] as const) : ([`axis ${axis}`, size] as const),
      );
      requireAxes(where, `fixed.${name}`, array.shape, axes, 'give one whole sample of the input for every sequence.');
      return array;
    });
  }

  #listed(given: StepValues | SeveralValues): readonly StepValues[] {
    const names = this.#moving.map(({ name }) => name);
    const isNamed = given !== null && typeof given === 'object' && typeof given.length !== 'number';
    if (isNamed) {
      const named = given as Readonly<Record<string, StepValues>>;
      if (Object.keys(named).length === names.length && names.every((name) => named[name] !== undefined))
        return names.map((name) => named[name]);
      throw new RondoError('UNKNOWN_NAME', {
        where: 'ModelStream.step',
        what: 'the names are not those of the inputs that go along with the steps.',
        expected: `{ ${names.join(', ')} }`,
        received: `{ ${Object.keys(named).join(', ')} }`,
        fix: 'give one step of each; what stays is given to stream() or reset() as `fixed`.',
      });
    }
    if (names.length === 1) return [given as StepValues];
    if (Array.isArray(given) && given.length === names.length) return given;
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'ModelStream.step',
      what: 'the model takes another number of inputs at each step.',
      expected: `${names.length}: ${names.join(', ')}`,
      received: Array.isArray(given) ? String(given.length) : describeValue(given),
      fix: 'give one step of each, by name or in a list.',
    });
  }

  /** Puts the numbers of a step where the graph reads them. */
  #read(all: Float64Array): void {
    const backend = currentBackend();
    let at = 0;
    this.#inputs.forEach(({ shape, isFixed }, i) => {
      if (isFixed) return;
      const values = all.subarray(at, (at += sizeOf(shape)));
      const read = this.#graph.reads[i];
      if (read !== undefined) read(values);
      else backend.write(this.#places[i].viewOn(backend), values);
    });
  }

  #step(): Tensor {
    const outputs = this.#graph.stepAll(this.#places);
    this.#outputSizes = outputs.map(({ size }) => size);
    return ops.concatenate(
      outputs.map((output) => ops.reshape(output, [output.size])),
      0,
    );
  }
}

function wrongSize(name: string, shape: Shape, received: ArrayLike<number> | undefined): RondoError {
  return new RondoError('SHAPE_MISMATCH', {
    where: 'ModelStream.step',
    what: `the input \`${name}\` has the wrong size.`,
    expected: `${sizeOf(shape)} numbers for ${describeShape(shape)}`,
    received: received?.length === undefined ? describeValue(received) : `${received.length} numbers`,
    fix: 'give one step of every sequence.',
  });
}

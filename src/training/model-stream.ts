import { describeValue, RondoError, refuseUnknownOptions, requireCount, requireKind, withinMemory } from '../errors.js';
import type { Backend, Recording, View } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { withoutCarriedStates } from '../layers/carried-states.js';
import type { Layer } from '../layers/layer.js';
import type { Stepper } from '../layers/stepper.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import { assignTensor } from '../tensor/accumulate.js';
import { gatherInto } from '../tensor/gather.js';
import { requireReadsNow } from '../tensor/reads-now.js';
import { withoutTape } from '../tensor/tape.js';
import { type FlatArray, scope, type Tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import { firstNotFinite } from './finite-data.js';
import type { ModelOutput } from './model-outputs.js';

export interface StreamOptions {
  /** Sequences that go on side by side. Default 1. */
  batchSize?: number | undefined;
}

/** A step of every sequence: flat, `[batch, features]` or `[batch]` indices; a number stands for itself. */
export type StepValues = ArrayLike<number> | number;

/** What a step of a model gives: its outputs as it arranges them, each as a flat array. */
export type Stepped<Output> = Output extends Tensor ? FlatArray : { readonly [Key in keyof Output]: FlatArray };

/** A model, whose weights are made where the shapes of its samples are known. */
type Streamed = Layer<unknown> & { readonly inputSampleShapes?: readonly Shape[] | undefined };

/** What runs a step. */
export interface StreamSteps {
  readonly stepper: Stepper;
  /** Of a step, without the batch. */
  readonly inputShape: Shape;
  /** Whether such a step has run before, so that the first value finds it compiled. */
  readonly isCompiled?: boolean;
}

/** A step as it was prepared on a backend. */
interface Prepared {
  readonly backend: Backend;
  /** Where the weights were. */
  readonly places: readonly object[];
  /** Undefined on backends that do not record. */
  readonly recording: Recording | undefined;
}

/** Gives back the memory of streams that were dropped. */
const dropped = new FinalizationRegistry<Recording>((recording) => recording.free());

/**
 * A model run one time step at a time: for live signals and for text as it is written. The operations of a step are
 * worked out once; a step then writes its input, repeats them and copies the output, so that it costs little more than
 * its products. See {@link Model.stream}.
 *
 * The state belongs to the stream, not to the layers: a model may have several streams, and `stateful` makes no
 * difference. A step computes with the weights as they are when it is taken, so training may go on between steps.
 */
export class ModelStream<Output extends ModelOutput = Tensor> {
  readonly batchSize: number;
  /** The shape of one step of the input: `[batch, features]`, or `[batch]` for a model that reads indices. */
  readonly inputShape: Shape;
  /** By layer and state, such as `lstm/state/hidden`: what is carried from step to step. */
  readonly #states: ReadonlyMap<string, Variable>;
  readonly #stepper: Stepper;
  readonly #weights: readonly Variable[];
  readonly #input: Variable;
  #output: Variable | undefined;

  /** What {@link ModelStream.step} returns. */
  #copied: FlatArray = new Float32Array(0);
  #prepared: Prepared | undefined;

  /** Use {@link Model.stream}. */
  constructor(...made: never);
  /** @internal */
  constructor(model: Streamed, options: StreamOptions, steps?: StreamSteps);
  constructor(model: Streamed, options: StreamOptions, steps?: StreamSteps) {
    const where = `${model.className}.stream`;
    refuseUnknownOptions(where, options, ['batchSize']);
    const { batchSize = 1 } = options;
    requireCount(where, 'batchSize', batchSize);
    const inputShape = steps?.inputShape ?? model.inputSampleShapes?.[0].slice(1);
    if (inputShape === undefined) {
      throw new RondoError('USAGE', {
        where,
        what: 'the model has no weights yet.',
        fix: 'give it or its first layer an inputShape, or train it first.',
      });
    }
    this.batchSize = batchSize;
    this.#stepper = steps?.stepper ?? withinMemory(where, () => model.stepper(batchSize));
    this.#states = this.#stepper.states;
    this.inputShape = [batchSize, ...inputShape];
    const size = sizeOf(this.inputShape);
    this.#input = new Variable([batchSize, 1, ...inputShape], new Float32Array(size), 'input', false);
    this.#weights = model.weights;
    // The first run compiles: better now than when the first value comes.
    if (steps?.isCompiled !== true) this.#prepare(currentBackend());
    this.#clear();
  }

  /**
   * Takes one step of every sequence.
   *
   * @param input `[batch, features]` flat, or `[batch]` indices; a single number stands for itself
   * @returns the output of the step, flat: the same array at every step, to be read or copied before the next
   * @throws SHAPE_MISMATCH, NOT_FINITE, OUT_OF_RANGE before the state moves; BACKEND_UNAVAILABLE where numbers are read
   *   asynchronously only: {@link ModelStream.stepAsync} can do that
   */
  step(input: StepValues): Stepped<Output> {
    const backend = currentBackend();
    requireReadsNow(backend, 'ModelStream.step', 'await stream.stepAsync(input)');
    const output = this.#advance(input, backend);
    if (backend.readInto !== undefined) backend.readInto(output, this.#copied);
    else this.#copied.set(backend.readNow(output, this.#copied.length));
    return this.#copied as Stepped<Output>;
  }

  /**
   * {@link ModelStream.step} on every backend: the states have moved on when it returns its promise, so that further
   * steps may be taken before the output is there. The array belongs to the caller.
   */
  async stepAsync(input: StepValues): Promise<Stepped<Output>> {
    const backend = currentBackend();
    return (await backend.read(this.#advance(input, backend), this.#copied.length)) as Stepped<Output>;
  }

  /** Takes a step; gives the place of its output. */
  #advance(input: StepValues, backend: Backend): View {
    const values = typeof input === 'number' ? [input] : input;
    if (values?.length !== this.#input.size) {
      throw new RondoError('SHAPE_MISMATCH', {
        where: 'ModelStream.step',
        what: 'the input has the wrong size.',
        expected: `${this.#input.size} numbers for ${describeShape(this.inputShape)}`,
        received: values?.length === undefined ? describeValue(values) : `${values.length} numbers`,
        fix: 'give one step of every sequence.',
      });
    }
    const bad = firstNotFinite(values);
    if (bad >= 0) throw notFinite(values, bad);
    if (this.#stepper.read !== undefined) this.#stepper.read(values);
    else backend.write(this.#input.viewOn(backend), values);
    const prepared = this.#prepared;
    if (prepared?.recording === undefined || !this.#isCurrent(prepared, backend)) this.#prepare(backend);
    else prepared.recording.run();
    return this.#output!.viewOn(backend);
  }

  /** Sets the state to zeros, for other sequences. */
  reset(): void {
    this.#clear();
  }

  /**
   * Lets every sequence go on from the state of another, as a beam search does: sequence i from that of `rows[i]`.
   * States stay on their device. Inputs that stay over all steps are not moved: `rows[i]` is to have the same as i.
   *
   * @throws SHAPE_MISMATCH, OUT_OF_RANGE before a state changes
   */
  takeRows(rows: ArrayLike<number>): void {
    const { batchSize } = this;
    const all = requireRows(rows, { count: batchSize, batchSize, where: 'ModelStream.takeRows' });
    for (const state of this.#states.values())
      scope(() => assignTensor(state, gatherInto(state.shape, state, state.size / batchSize, all)));
  }

  #clear(): void {
    for (const state of this.#states.values()) state.assign(new Float32Array(state.size));
  }

  /**
   * A copy of the state, by layer and state, each `[batch, units]` flat. @throws BACKEND_UNAVAILABLE where numbers are
   * read asynchronously only
   */
  getState(): Map<string, FlatArray> {
    requireReadsNow(currentBackend(), 'ModelStream.getState', 'await stream.getStateAsync()');
    return new Map([...this.#states].map(([name, state]) => [name, state.dataSync()]));
  }

  /** {@link ModelStream.getState} on every backend. */
  async getStateAsync(): Promise<Map<string, FlatArray>> {
    const states = [...this.#states];
    const numbers = await Promise.all(states.map(([, state]) => state.data()));
    return new Map(states.map(([name], i) => [name, numbers[i]]));
  }

  /**
   * Goes on from a state that {@link ModelStream.getState} gave. @throws SHAPE_MISMATCH, before anything changes, for
   * names or sizes that do not fit
   */
  setState(states: ReadonlyMap<string, ArrayLike<number>>): void {
    requireKind(states instanceof Map, states, {
      where: 'ModelStream.setState',
      what: 'the state is no Map.',
      fix: 'give what getState() gave; in JSON it is [...state], and new Map(...) of that.',
    });
    const describe = (entries: Iterable<[string, number]>): string =>
      [...entries]
        .map(([name, size]) => `${name} (${size})`)
        .sort()
        .join(', ');
    const expected = describe([...this.#states].map(([name, { size }]) => [name, size]));
    const received = describe([...states].map(([name, { length }]) => [name, length]));
    if (expected !== received) {
      throw new RondoError('SHAPE_MISMATCH', {
        where: 'ModelStream.setState',
        what: 'the state does not fit the model and batchSize.',
        expected,
        received,
        fix: 'give what getState() of a stream of such a model gave.',
      });
    }
    for (const [name, state] of this.#states) state.assign(states.get(name)!);
  }

  /** Takes a step on whatever the input holds, noting its operations where the backend can. */
  #prepare(backend: Backend): void {
    this.forget();
    const stepper = this.#stepper;
    const input = this.#input;
    const work = (): void => {
      const result = stepper.step(input);
      if (this.#output?.size !== result.size)
        this.#output = new Variable(result.shape, new Float32Array(result.size), 'output', false);
      assignTensor(this.#output, result);
    };
    // Moves weights that are elsewhere, which is no part of a step.
    const places = [...this.#weights, ...this.#states.values()].map((variable) => variable.placeOn(backend));
    let recording: Recording | undefined;
    withoutTape(() =>
      withoutCarriedStates(() =>
        scope(() => {
          if (backend.record === undefined) work();
          else recording = backend.record(work);
        }),
      ),
    );
    if (recording !== undefined) dropped.register(this, recording, this);
    const { size } = this.#output!;
    const isWide = backend.floatType === 'float64';
    if (this.#copied.length !== size || this.#copied instanceof Float64Array !== isWide)
      this.#copied = isWide ? new Float64Array(size) : new Float32Array(size);
    this.#prepared = { backend, places, recording };
  }

  /** Gives the memory back at once; the stream cannot be used afterwards. @throws USAGE inside of a scope */
  dispose(): void {
    this.forget();
    const { own = [] } = this.#stepper;
    for (const variable of [...this.#states.values(), ...own, this.#input, this.#output]) variable?.dispose();
  }

  /** Lets the next step note its operations anew. */
  protected forget(): void {
    this.#prepared?.recording?.free();
    this.#prepared = undefined;
    dropped.unregister(this);
  }

  /** Whether a recording would do what a step does now. */
  #isCurrent({ backend, recording, places }: Prepared, now: Backend): boolean {
    if (backend !== now || recording?.isCurrent === false) return false;
    const weights = this.#weights;
    for (let i = 0; i < weights.length; i++) if (weights[i].placeOn(now) !== places[i]) return false;
    return true;
  }
}

/** @throws SHAPE_MISMATCH where there are not `count` rows; OUT_OF_RANGE for one that is not in the batch */
export function requireRows(
  rows: ArrayLike<number>,
  { count, batchSize, where }: { readonly count: number; readonly batchSize: number; readonly where: string },
): Int32Array {
  const all = Int32Array.from(rows);
  const wrong = all.find((row) => row < 0 || row >= batchSize);
  if (all.length === count && wrong === undefined && count > 0) return all;
  throw new RondoError(wrong === undefined ? 'SHAPE_MISMATCH' : 'OUT_OF_RANGE', {
    where,
    what: 'the rows do not fit the stream.',
    expected: `${count} rows from 0 to ${batchSize - 1}`,
    received: wrong === undefined ? `${all.length} rows` : `row ${wrong}`,
    fix: 'give for each sequence the one whose state it goes on from.',
  });
}

/** A state that has seen NaN never gets rid of it. */
export function notFinite(values: ArrayLike<number>, place: number, which = 'the input'): RondoError {
  return new RondoError('NOT_FINITE', {
    where: 'ModelStream.step',
    what: `${which} holds ${describeValue(values[place])}, at ${place}; the state is that of before.`,
    expected: 'finite numbers that float32 can hold',
    received: String(values[place]),
    fix: 'leave the step out, or give the last good value in its place.',
  });
}

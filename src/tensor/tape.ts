import { RondoError } from '../errors.js';
import { describeShape } from '../shape.js';
import { constantTensor } from './accumulate.js';
import { Gradients } from './gradients.js';
import { requireTensors } from './operands.js';
import { scope, Tensor } from './tensor.js';

/**
 * The derivative of one operation: from dL/d(outputs) to dL/d(inputs); undefined stands for zero. An operation may add
 * to `sums` itself what it does not return.
 */
export type Backward = (
  dOutputs: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
  sums: Gradients,
) => readonly (Tensor | undefined)[];

interface Entry {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly backward: Backward;
}

/** What is told of every operation while derivatives will be asked for. */
interface Recorder {
  /** Whether a tensor depends on something watched. */
  isActive(value: Tensor): boolean;
  /** Takes an operation of which some input is active. */
  note(entry: Entry): void;
}

/** What was computed, in order, so that derivatives can be run backwards through it. */
class Tape implements Recorder {
  readonly entries: Entry[] = [];
  readonly #active: Set<Tensor>;

  constructor(watched: readonly Tensor[]) {
    this.#active = new Set(watched);
  }

  isActive(value: Tensor): boolean {
    return this.#active.has(value);
  }

  note(entry: Entry): void {
    this.entries.push(entry);
    for (const output of entry.outputs) this.#active.add(output);
  }
}

/** Finds what depends on what and keeps nothing of what was computed. */
class Trace implements Recorder {
  /** Tensors that the recorder outside watches and that were read. */
  readonly uses = new Set<Tensor>();
  readonly computed = new Set<Tensor>();
  readonly #outside: Recorder;

  constructor(outside: Recorder) {
    this.#outside = outside;
  }

  isActive(value: Tensor): boolean {
    return this.computed.has(value) || this.#outside.isActive(value);
  }

  note({ inputs, outputs }: Entry): void {
    for (const input of inputs) if (!this.computed.has(input) && this.#outside.isActive(input)) this.uses.add(input);
    for (const output of outputs) this.computed.add(output);
  }
}

let recorder: Recorder | undefined;

function recordedBy<T>(own: Recorder | undefined, work: () => T): T {
  const outer = recorder;
  recorder = own;
  try {
    return work();
  } finally {
    recorder = outer;
  }
}

/** @internal Whether derivatives by `input` will be asked for. */
export function isActive(input: Tensor): boolean {
  return recorder?.isActive(input) ?? false;
}

/** @internal Whether derivatives by anything will be asked for. */
export function isRecording(): boolean {
  return recorder !== undefined;
}

/**
 * @internal Runs an operation in a scope and notes its derivative. `compute` returns the outputs; `backward` is made
 * only when some input is watched.
 */
export function operation(
  inputs: readonly Tensor[],
  compute: () => { outputs: Tensor[]; backward: Backward },
): Tensor[] {
  return scope(() => {
    const { outputs, backward } = compute();
    recordOperation(inputs, outputs, backward);
    return outputs;
  });
}

/** @internal Notes the derivative of what was computed, unless no input is watched. */
export function recordOperation(inputs: readonly Tensor[], outputs: readonly Tensor[], backward: Backward): void {
  if (recorder !== undefined && inputs.some(isActive)) recorder.note({ inputs, outputs, backward });
}

/** @internal Runs work without noting derivatives. */
export function withoutTape<T>(work: () => T): T {
  return recordedBy(undefined, work);
}

/** What {@link traced} found. */
export interface Traced<T> {
  readonly result: T;
  /** The watched tensors that the work read: its inputs, and variables. */
  readonly uses: readonly Tensor[];
  /** Whether a tensor was computed from them. */
  depends(value: Tensor): boolean;
}

/** @internal Runs work without noting derivatives, but finds what they would depend on. */
export function traced<T>(work: () => T): Traced<T> {
  if (recorder === undefined) return { result: work(), uses: [], depends: () => false };
  const trace = new Trace(recorder);
  const result = recordedBy(trace, work);
  return { result, uses: [...trace.uses], depends: (value) => trace.computed.has(value) };
}

/** @internal Runs work on a tape of its own and then backwards from dL/d(results), for dL/d(`by`). */
export function vjp(
  work: () => readonly Tensor[],
  by: readonly Tensor[],
  dResults: readonly (Tensor | undefined)[],
): Gradients {
  const own = new Tape(by);
  const results = recordedBy(own, work);
  const sums = new Gradients();
  results.forEach((result, i) => {
    const gradient = dResults[i];
    if (gradient !== undefined && own.isActive(result)) sums.add(result, gradient);
  });
  runBackwards(own, sums);
  return sums;
}

/** A loss and its derivatives by what was watched, in the order given. */
export interface ValueAndGradients {
  readonly value: Tensor;
  readonly gradients: Tensor[];
}

/**
 * Computes `loss()` and its derivative by each of `by` (variables or other tensors it uses). A tensor that the loss
 * does not depend on has a gradient of zeros.
 *
 * @throws SHAPE_MISMATCH when the loss is not one number; USAGE when it is no tensor, or inside of another call.
 */
export function valueAndGradients(loss: () => Tensor, by: readonly Tensor[]): ValueAndGradients {
  if (recorder !== undefined)
    throw new RondoError('USAGE', {
      where: 'valueAndGradients',
      what: 'calls cannot be nested.',
      fix: 'compute the inner gradients before.',
    });
  requireTensors('valueAndGradients', by);
  return scope(() => {
    const own = new Tape(by);
    const value = recordedBy(own, () => scope(loss));
    requireOneNumber(value);
    const sums = new Gradients();
    if (own.isActive(value)) {
      sums.add(value, constantTensor(value.shape, 1));
      runBackwards(own, sums);
    }
    return { value, gradients: by.map((input) => sums.get(input) ?? constantTensor(input.shape, 0)) };
  });
}

function requireOneNumber(value: unknown): void {
  if (!(value instanceof Tensor)) {
    throw new RondoError('USAGE', {
      where: 'valueAndGradients',
      what: 'the loss is not a tensor.',
      expected: 'a tensor of one number',
      received: String(value),
      fix: 'return the loss from the function, as a tensor.',
    });
  }
  if (value.size !== 1) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'valueAndGradients',
      what: 'the loss is not one number.',
      expected: '[]',
      received: describeShape(value.shape),
      fix: 'return the mean or the sum.',
    });
  }
}

function runBackwards(own: Tape, sums: Gradients): void {
  for (let i = own.entries.length - 1; i >= 0; i--) {
    const { inputs, outputs, backward } = own.entries[i];
    const dOutputs = outputs.map((output) => sums.get(output));
    if (dOutputs.every((gradient) => gradient === undefined)) continue;
    const wanted = inputs.map((input) => own.isActive(input));
    const dInputs = backward(dOutputs, wanted, sums);
    inputs.forEach((input, j) => {
      const gradient = dInputs[j];
      if (wanted[j] && gradient !== undefined) sums.add(input, gradient);
    });
  }
}

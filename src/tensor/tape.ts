import { RondoError } from '../errors.js';
import { describeShape } from '../shape.js';
import { constantTensor } from './accumulate.js';
import { requireTensors } from './operands.js';
import { addGradients } from './row-gradient.js';
import { scope, Tensor } from './tensor.js';

/** The derivative of one operation: from dL/d(outputs) to dL/d(inputs); undefined stands for zero. */
export type Backward = (dOutputs: readonly (Tensor | undefined)[], wanted: readonly boolean[]) => readonly (Tensor | undefined)[];

interface Entry {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly backward: Backward;
}

/** What was computed, in order, so that derivatives can be run backwards through it. */
class Tape {
  readonly entries: Entry[] = [];
  /** Tensors that depend on something watched. */
  readonly active = new Set<Tensor>();
}

let tape: Tape | undefined;

/** @internal Whether derivatives by `input` will be asked for. */
export function isActive(input: Tensor): boolean {
  return tape?.active.has(input) ?? false;
}

/**
 * @internal Runs an operation in a scope and notes its derivative. `compute` returns the outputs; `backward` is made only
 * when some input is watched.
 */
export function operation(inputs: readonly Tensor[], compute: () => { outputs: Tensor[]; backward: Backward }): Tensor[] {
  return scope(() => {
    const { outputs, backward } = compute();
    if (tape !== undefined && inputs.some(isActive)) {
      tape.entries.push({ inputs, outputs, backward });
      for (const output of outputs) tape.active.add(output);
    }
    return outputs;
  });
}

/** @internal Runs work without noting derivatives. */
export function withoutTape<T>(work: () => T): T {
  const outer = tape;
  tape = undefined;
  try {
    return work();
  } finally {
    tape = outer;
  }
}

/** A loss and its derivatives by what was watched, in the order given. */
export interface ValueAndGradients {
  readonly value: Tensor;
  readonly gradients: Tensor[];
}

/**
 * Computes `loss()` and its derivative by each of `by` (variables or other tensors it uses). A tensor that the loss does
 * not depend on has a gradient of zeros.
 *
 * @throws SHAPE_MISMATCH when the loss is not one number; USAGE when it is no tensor, or inside of another call.
 */
export function valueAndGradients(loss: () => Tensor, by: readonly Tensor[]): ValueAndGradients {
  if (tape !== undefined) throw new RondoError('USAGE', { where: 'valueAndGradients', what: 'calls cannot be nested.', fix: 'compute the inner gradients before.' });
  requireTensors('valueAndGradients', by);
  return scope(() => {
    const own = new Tape();
    for (const input of by) own.active.add(input);
    tape = own;
    let value: Tensor;
    try {
      value = scope(loss);
    } finally {
      tape = undefined;
    }
    requireOneNumber(value);
    const gradients = runBackwards(own, value);
    return { value, gradients: by.map((input) => gradients.get(input) ?? constantTensor(input.shape, 0)) };
  });
}

function requireOneNumber(value: unknown): void {
  if (!(value instanceof Tensor)) {
    throw new RondoError('USAGE', { where: 'valueAndGradients', what: 'the loss is not a tensor.', expected: 'a tensor of one number', received: String(value), fix: 'return the loss from the function, as a tensor.' });
  }
  if (value.size !== 1) {
    throw new RondoError('SHAPE_MISMATCH', { where: 'valueAndGradients', what: 'the loss is not one number.', expected: '[]', received: describeShape(value.shape), fix: 'return the mean or the sum.' });
  }
}

function runBackwards(own: Tape, value: Tensor): Map<Tensor, Tensor> {
  const gradients = new Map<Tensor, Tensor>();
  if (!own.active.has(value)) return gradients;
  gradients.set(value, constantTensor(value.shape, 1));
  for (let i = own.entries.length - 1; i >= 0; i--) {
    const { inputs, outputs, backward } = own.entries[i];
    const dOutputs = outputs.map((output) => gradients.get(output));
    if (dOutputs.every((gradient) => gradient === undefined)) continue;
    const wanted = inputs.map((input) => own.active.has(input));
    const dInputs = backward(dOutputs, wanted);
    inputs.forEach((input, j) => {
      const gradient = dInputs[j];
      if (!wanted[j] || gradient === undefined) return;
      const before = gradients.get(input);
      gradients.set(input, before === undefined ? gradient : addGradients(before, gradient));
    });
  }
  return gradients;
}

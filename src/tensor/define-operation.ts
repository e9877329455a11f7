import { RondoError } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, sameShape } from '../shape.js';
import { constantTensor, copyOf } from './accumulate.js';
import { cast } from './cast.js';
import { requireTensors } from './operands.js';
import { operation, withoutTape } from './tape.js';
import { aliasTensor, Tensor } from './tensor.js';
import { Variable } from './variable.js';

/** One result of an operation, or several. */
type Results = Tensor | readonly Tensor[];

/** dL/d(output) in the form that `forward` gives its output in. */
export type OutputGradients<Output extends Results> = Output extends Tensor
  ? Tensor
  : { readonly [Index in keyof Output]: Tensor };

/** What `backward` finds beside the gradients. */
export interface BackwardContext<Inputs extends readonly Tensor[], Output extends Results, Saved> {
  readonly inputs: Inputs;
  readonly output: Output;
  /** What `forward` gave as `saved`. */
  readonly saved: Saved;
  /** By input: whether its gradient is asked for. What is returned for another one is dropped. */
  readonly needsGradient: readonly boolean[];
}

/** What {@link defineOperation} is given. */
export interface OperationDefinition<Inputs extends readonly Tensor[], Output extends Results, Saved> {
  /** Names the operation in messages. */
  readonly name: string;
  /**
   * Computes the output, or an array of outputs, and what `backward` will need beside inputs and outputs. What it calls
   * is not differentiated.
   */
  readonly forward: (...inputs: Inputs) => { readonly output: Output; readonly saved?: Saved };
  /**
   * From dL/d(output), zeros for an output that the loss does not use, to dL/d(input) for each input, of that input's
   * shape; undefined stands for zero. With one input it may be returned without an array.
   */
  readonly backward: (
    gradients: OutputGradients<Output>,
    context: BackwardContext<Inputs, Output, Saved>,
  ) => Tensor | undefined | readonly (Tensor | undefined)[];
}

/**
 * An operation on tensors with a derivative of its own: for what differentiating its steps would not give, or not as
 * well. Both functions compute with `ops`, or with numbers they read by `dataSync()`; derivatives reach the inputs
 * alone, never a tensor that `forward` merely refers to. The operation may be used in layers, inside `ops.checkpoint`,
 * and several times. An operation with parameters that are no tensors is made by a function of these. See
 * {@link definePointwise} where the derivative is to follow from an equation, and {@link checkGradients} to hold the
 * derivative against differences.
 *
 * Shapes: those of `inputs` and `output` are the definition's own; `backward` gives each gradient the shape of its
 * input. What is in `saved` lives as long as the step.
 *
 * @throws USAGE where the definition lacks a function, where `forward` gives no tensors, or `backward` something else
 *   than one gradient for each input; SHAPE_MISMATCH where a gradient does not have its input's shape
 *
 * Source: the form is that of `autograd.Function` of PyTorch, and of `custom_vjp` of JAX.
 *
 * @example
 * // The straight-through estimator (Bengio et al. 2013, "Estimating or propagating gradients through stochastic neurons").
 * const round = defineOperation({
 *   name: 'round',
 *   forward: (x: Tensor) => ({ output: tensor(x.dataSync().map(Math.round), x.shape) }),
 *   backward: (gradient) => gradient,
 * });
 * const y = round(x);
 */
export function defineOperation<
  const Inputs extends readonly Tensor[],
  const Output extends Results,
  Saved = undefined,
>(definition: OperationDefinition<Inputs, Output, Saved>): (...inputs: Inputs) => Output {
  const { name, forward, backward } = definition;
  requireDefinition('defineOperation', definition, ['forward', 'backward']);
  return (...inputs) => {
    requireTensors(name, inputs);
    let output: Output | undefined;
    operation(inputs, () => {
      const result = withoutTape(() => forward(...inputs));
      const outputs = outputsOf(name, result).map(ownTensor);
      const given = ((result.output as unknown) instanceof Tensor ? outputs[0] : outputs) as Output;
      output = given;
      return {
        outputs,
        backward: (dOutputs, needsGradient) => {
          const dense = dOutputs.map((gradient, i) => gradient ?? constantTensor(outputs[i].shape, 0));
          const gradients = (given instanceof Tensor ? dense[0] : dense) as OutputGradients<Output>;
          const context = { inputs, output: given, saved: result.saved as Saved, needsGradient };
          return gradientsOf(name, inputs, backward(gradients, context)).map(inFloatType);
        },
      };
    });
    return output as Output;
  };
}

/** @internal @throws USAGE where a definition has no name, or lacks a function. */
export function requireDefinition(where: string, definition: object, functions: readonly string[]): void {
  const given = definition as Readonly<Record<string, unknown>>;
  const missing = functions.filter((key) => typeof given?.[key] !== 'function');
  if (missing.length === 0 && typeof given.name === 'string' && given.name !== '') return;
  throw new RondoError('USAGE', {
    where,
    what: missing.length > 0 ? `the definition has no function \`${missing[0]}\`.` : 'the definition has no name.',
    expected: `{ name, ${functions.join(', ')} }`,
    received: given === null || typeof given !== 'object' ? String(given) : `{ ${Object.keys(given).join(', ')} }`,
    fix: 'give an object with a name and these functions.',
  });
}

/** A tensor of its own on the tape, even where the function gives one that was there before. */
function ownTensor(value: Tensor): Tensor {
  return value instanceof Variable ? copyOf(value) : aliasTensor(value, value.shape);
}

function outputsOf(name: string, result: { readonly output: Results }): readonly Tensor[] {
  const output: unknown = (result as { readonly output: Results } | undefined)?.output;
  const list: unknown = output instanceof Tensor ? [output] : output;
  if (Array.isArray(list) && list.length > 0 && list.every((value) => value instanceof Tensor)) return list;
  const isBare = (result as unknown) instanceof Tensor || Array.isArray(result);
  throw new RondoError('USAGE', {
    where: `${name}.forward`,
    what: 'the function does not return its output.',
    expected: '{ output, saved }, where `output` is a tensor, or an array of tensors, and `saved` may be left out',
    received: isBare ? 'tensors without a name' : kindOf((output === undefined ? result : output) as unknown),
    fix: isBare ? 'return { output: ... }.' : 'return what it computes as tensors, at once.',
  });
}

/** Gradients are added up and written to in the type in which the backend computes. */
function inFloatType(gradient: Tensor | undefined): Tensor | undefined {
  return gradient?.storedType === undefined ? gradient : cast(gradient, currentBackend().floatType);
}

function gradientsOf(name: string, inputs: readonly Tensor[], result: unknown): readonly (Tensor | undefined)[] {
  const where = `${name}.backward`;
  const list: unknown = inputs.length === 1 && !Array.isArray(result) ? [result] : result;
  const isGradient = (value: unknown): boolean => value === undefined || value instanceof Tensor;
  if (!Array.isArray(list) || list.length !== inputs.length || !Array.from(list, isGradient).every(Boolean)) {
    throw new RondoError('USAGE', {
      where,
      what: 'the function does not return one gradient for each input.',
      expected: `an array of ${inputs.length}: a tensor for each input, or undefined where its gradient is zero`,
      received: Array.isArray(list) ? `[${list.map(kindOf).join(', ')}]` : kindOf(list),
      fix: 'return the gradients in the order of the inputs of `forward`.',
    });
  }
  const gradients = list as readonly (Tensor | undefined)[];
  gradients.forEach((gradient, i) => {
    if (gradient === undefined || sameShape(gradient.shape, inputs[i].shape)) return;
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: `the gradient by input ${i} does not have the shape of that input.`,
      expected: describeShape(inputs[i].shape),
      received: describeShape(gradient.shape),
      fix: 'sum the gradient over axes along which the input was repeated, or reshape it.',
    });
  });
  return gradients.map((gradient) => (gradient instanceof Variable ? copyOf(gradient) : gradient));
}

function kindOf(value: unknown): string {
  if (value instanceof Tensor) return 'a tensor';
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value)) return 'an array';
  return value !== null && typeof value === 'object' ? 'an object' : String(value);
}

import { RondoError } from '../errors.js';
import { headOf, type OutputHead } from '../layers/output-head.js';
import { Tensor } from '../tensor/tensor.js';

/** What a model computes: one tensor, or several in a list or by name. */
export type ModelOutput = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** The outputs of a model in a fixed order, and how they were arranged. */
export interface Outputs {
  readonly heads: readonly OutputHead[];
  readonly form: OutputForm;
}

/** One tensor, a list, or the names of several. */
export type OutputForm = 'one' | 'list' | readonly string[];

/** Takes a model's result apart. @throws USAGE where it is something other than tensors. */
export function outputsOf(result: unknown, where: string): Outputs {
  if (result instanceof Tensor) return { heads: [headOf(result)], form: 'one' };
  if (Array.isArray(result) && result.length > 0 && result.every((member) => member instanceof Tensor))
    return { heads: result.map(headOf), form: 'list' };
  if (result !== null && typeof result === 'object' && !Array.isArray(result)) {
    const entries = Object.entries(result);
    if (entries.length > 0 && entries.every(([, member]) => member instanceof Tensor))
      return { heads: entries.map(([, member]) => headOf(member as Tensor)), form: entries.map(([name]) => name) };
  }
  throw new RondoError('USAGE', {
    where,
    what: 'the model returns something other than tensors.',
    expected: 'a tensor, a list of tensors, or an object of tensors',
    received: result === null || typeof result !== 'object' ? String(result) : `{ ${Object.keys(result).join(', ')} }`,
    fix: 'return the output of a layer; with returnState, return its `output`.',
  });
}

/** Puts outputs (or what belongs to each) together as the model arranged them. */
export function arranged<Each>(
  tensors: readonly Each[],
  form: OutputForm,
): Each | readonly Each[] | Readonly<Record<string, Each>> {
  if (form === 'one') return tensors[0];
  if (form === 'list') return tensors;
  return Object.fromEntries(form.map((name, i) => [name, tensors[i]]));
}

/** The names of outputs in logs and in what is given by output: `output0` ... where the model gives none. */
export function outputNames(form: OutputForm, count: number): readonly string[] {
  return typeof form === 'string' ? Array.from({ length: count }, (_, i) => `output${i}`) : form;
}

import { describeValue, RondoError } from '../../errors.js';
import { SymbolicTensor } from '../../layers/symbolic-tensor.js';
import type { OutputForm } from '../model-outputs.js';

/** One symbolic tensor, a list of them, or several by name. */
export type SymbolicTensors = SymbolicTensor | readonly SymbolicTensor[] | Readonly<Record<string, SymbolicTensor>>;

/** Symbolic tensors in a fixed order, and how they were arranged. */
export interface SymbolicArrangement {
  readonly tensors: readonly SymbolicTensor[];
  readonly form: OutputForm;
}

/** Takes what a model is made of apart. @param name of the option. @throws USAGE where it is something else */
export function arrangementOf(given: SymbolicTensors, where: string, name: string): SymbolicArrangement {
  if (given instanceof SymbolicTensor) return { tensors: [given], form: 'one' };
  const isList = Array.isArray(given);
  const entries: [string, unknown][] = given !== null && typeof given === 'object' ? Object.entries(given) : [];
  const wrong = entries.find(([, tensor]) => !(tensor instanceof SymbolicTensor));
  if (entries.length === 0 || wrong !== undefined) {
    throw new RondoError('USAGE', {
      where,
      what: `\`${name}\` holds something other than symbolic tensors.`,
      expected: 'one, a list, or an object of them by name',
      received: wrong === undefined ? describeValue(given) : `${wrong[0]}: ${describeValue(wrong[1])}`,
      fix: 'make inputs with input({ shape: [null, 7] }), and outputs with layer.apply(input).',
    });
  }
  return {
    tensors: entries.map(([, tensor]) => tensor as SymbolicTensor),
    form: isList ? 'list' : entries.map(([key]) => key),
  };
}

/** Says that no input is given twice. @throws USAGE */
export function requireInputs(tensors: readonly SymbolicTensor[], where: string): void {
  if (new Set(tensors).size === tensors.length) return;
  throw new RondoError('USAGE', {
    where,
    what: 'an input is given twice.',
    expected: 'each input once',
    received: 'the same symbolic tensor twice',
    fix: 'make another one with input({ shape }).',
  });
}

import { abs, greater, leaf, mul, select } from '../../expression/build.js';
import { pointwiseProgram } from '../../expression/program.js';
import type { Strided } from '../../kernels/contract.js';
import { currentBackend } from '../../kernels/select.js';
import { constantTensor, copyOf } from '../../tensor/accumulate.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { type SquaredNorms, squaredNorms } from './gradient-norms.js';

/** What is known on the device of a step that is about to be taken. */
export interface CheckedStep {
  readonly norms: SquaredNorms;
  /** `[1]`: 1 where this step and all before it were finite, else 0. */
  readonly isFinite: Tensor;
}

const isBelowInfinity = (name: string) => greater(Infinity, abs(leaf(name, 'row')));
const checkStep = pointwiseProgram('checkStep', [
  {
    name: 'isFinite',
    expression: mul(leaf('isFinite', 'row'), mul(isBelowInfinity('loss'), isBelowInfinity('squaredNorm'))),
  },
]);

const keepBefore = pointwiseProgram('keepBefore', [
  { name: 'weight', expression: select(leaf('isFinite', 'row'), leaf('weight'), leaf('before')) },
]);

/**
 * Whether all steps so far were finite, as a number on the device: an optimizer that is given it changes nothing from
 * the first step on that was not, so that nobody has to wait until the loss and the norms of the gradients were read.
 */
export class FiniteGuard {
  /** Where checks are read at once, no step is taken after one that failed, and nothing need be remembered. */
  #isFinite: Variable | undefined;

  /** Checks the next step: its loss `[1]` and the gradients, one pass over each. Runs in the open scope. */
  check(loss: Tensor, gradients: readonly Tensor[], variables: readonly Variable[]): CheckedStep {
    const backend = currentBackend();
    const norms = squaredNorms(gradients, variables);
    const isFinite =
      backend.readNow === undefined
        ? (this.#isFinite ??= new Variable([1], [1], 'isFinite', false))
        : constantTensor([1], 1);
    backend.pointwise({
      program: checkStep,
      rows: 1,
      columns: 1,
      inputs: { isFinite: oneValue(isFinite), loss: oneValue(loss), squaredNorm: oneValue(norms.all) },
      outputs: { isFinite: oneValue(isFinite) },
    });
    return { norms, isFinite };
  }
}

/** Lets work change a variable in place, and takes that back where a step was not finite. Runs in the open scope. */
export function changeWhere(isFinite: Tensor, variable: Variable, work: () => void): void {
  const backend = currentBackend();
  // The check has been read already.
  if (backend.readNow !== undefined) return work();
  const before = copyOf(variable);
  work();
  const flat = (one: Tensor): Strided => ({ ...one.viewOn(backend), rowStride: one.size });
  backend.pointwise({
    program: keepBefore,
    rows: 1,
    columns: variable.size,
    inputs: { isFinite: oneValue(isFinite), weight: flat(variable), before: flat(before) },
    outputs: { weight: flat(variable) },
  });
}

/** @internal A tensor `[1]` as a program reads it. */
export function oneValue(values: Tensor): Strided {
  return { ...values.viewOn(currentBackend()), rowStride: 0 };
}

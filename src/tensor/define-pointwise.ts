import { RondoError } from '../errors.js';
import { type Expression, expressionOf, leaf, topologicalOrder } from '../expression/build.js';
import type { TensorLike } from './arithmetic.js';
import { requireDefinition } from './define-operation.js';
import { applyPointwise, type PointwiseFunction } from './pointwise.js';
import { type Tensor, tensor } from './tensor.js';

/** What {@link definePointwise} is given. */
export interface PointwiseDefinition<Operands extends readonly Expression[]> {
  /** Names the function in messages. */
  readonly name: string;
  /**
   * From one element of each operand to that of the result, with `add`, `mul`, `tanh` and the other functions of
   * `expressions`.
   */
  readonly element: (...operands: Operands) => Expression;
}

/**
 * An elementwise function of tensors from its equation. Derivative and kernel follow: one pass forward and one
 * backward, however many functions the equation combines, on every backend.
 *
 * Shapes: operands broadcast as in NumPy, and the result has the shape they broadcast to. Numbers may stand for tensors
 * of one value. Where the equation holds `rowSum` or `rowMax`, rows run along the last axis.
 *
 * @throws USAGE where `element` names no operand or gives no expression, or where a call has another number of
 *   operands; SHAPE_MISMATCH where operands cannot be broadcast together
 *
 * @example
 * // Misra 2019, "Mish: a self regularized non-monotonic activation function", eq. 1.
 * const { mul, softplus, tanh } = expressions;
 * const mish = definePointwise({ name: 'mish', element: (x) => mul(x, tanh(softplus(x))) });
 * const y = mish(tensor([[-1, 0, 1]]));
 */
export function definePointwise<const Operands extends readonly Expression[] = readonly [Expression]>(
  definition: PointwiseDefinition<Operands>,
): (...operands: { readonly [Index in keyof Operands]: TensorLike }) => Tensor {
  requireDefinition('definePointwise', definition, ['element']);
  const { name, element } = definition;
  const numOperands = element.length;
  if (numOperands === 0) {
    throw new RondoError('USAGE', {
      where: name,
      what: '`element` names no operands.',
      expected: 'a parameter for each operand, none of them with a default or `...`',
      fix: 'name the operands, as in (x, y) => mul(x, y).',
    });
  }
  const build = (operands: readonly Expression[]): Expression =>
    expressionOf(element(...(operands as unknown as Operands)));
  const sample = build(Array.from({ length: numOperands }, (_, i) => leaf(`x${i}`)));
  const alongRows = topologicalOrder([sample]).some(({ kind }) => kind === 'reduction');
  const fn: PointwiseFunction = { name, build, alongRows };
  return (...operands) => {
    if (operands.length !== numOperands) {
      throw new RondoError('USAGE', {
        where: name,
        what: 'the number of operands is not that of the equation.',
        expected: String(numOperands),
        received: String(operands.length),
        fix: 'give a tensor, or a number, for each operand.',
      });
    }
    return applyPointwise(
      fn,
      (operands as readonly TensorLike[]).map((operand) => (typeof operand === 'number' ? tensor(operand) : operand)),
    );
  };
}

import { RondoError } from '../../errors.js';
import { leaf, mul, select } from '../../expression/build.js';
import { pointwiseProgram } from '../../expression/program.js';
import { currentBackend } from '../../kernels/select.js';
import { describeShape } from '../../shape.js';
import { numbersOf } from '../../tensor/row-gradient.js';
import { emptyTensor, type Tensor } from '../../tensor/tensor.js';
import type { Variable } from '../../tensor/variable.js';
import { maskOf } from './weight-masks.js';

const squareSum = pointwiseProgram('squareSum', [
  { name: 'sum', expression: mul(leaf('x'), leaf('x')), reduce: 'all' },
]);
const keptSquareSum = pointwiseProgram('keptSquareSum', [
  { name: 'sum', expression: select(leaf('mask'), mul(leaf('x'), leaf('x')), 0), reduce: 'all' },
]);
const total = pointwiseProgram('total', [{ name: 'sum', expression: leaf('x'), reduce: 'all' }]);

/** Sums of squares that stay where they are computed: of each gradient `[n]`, and of all `[1]`. */
export interface SquaredNorms {
  readonly each: Tensor;
  readonly all: Tensor;
}

/**
 * One pass over each gradient. Runs in the open scope.
 *
 * @param variables whose gradients they are: what is pruned of them counts nothing.
 */
export function squaredNorms(gradients: readonly Tensor[], variables: readonly Variable[] = []): SquaredNorms {
  const backend = currentBackend();
  const each = emptyTensor([gradients.length]);
  const all = emptyTensor([1]);
  const { buffer, offset } = each.viewOn(backend);
  gradients.forEach((gradient, i) => {
    const numbers = numbersOf(gradient);
    if (numbers.size === 0) return backend.fill({ buffer, offset: offset + i }, 1, 0);
    const flat = (values: Tensor) => ({ ...values.viewOn(backend), rowStride: numbers.size });
    const mask = variables[i] && maskOf(variables[i]);
    backend.pointwise({
      program: mask ? keptSquareSum : squareSum,
      rows: 1,
      columns: numbers.size,
      inputs: { x: flat(numbers), ...(mask && { mask: flat(mask) }) },
      outputs: { sum: { buffer, offset: offset + i, rowStride: 0 } },
    });
  });
  const x = { buffer, offset, rowStride: gradients.length };
  backend.pointwise({
    program: total,
    rows: 1,
    columns: gradients.length,
    inputs: { x },
    outputs: { sum: { ...all.viewOn(backend), rowStride: 0 } },
  });
  return { each, all };
}

/**
 * The norms, read back and checked. @param step the number of the batch, from 1. @throws NOT_FINITE naming the weights
 * whose gradients are not
 */
export function finiteNorms(
  where: string,
  gradients: readonly Tensor[],
  variables: readonly Variable[],
  step: number,
): SquaredNorms {
  const norms = squaredNorms(gradients, variables);
  const square = norms.all.item();
  if (Number.isFinite(square)) return norms;
  const each = norms.each.dataSync();
  const names = variables.filter((_, i) => !Number.isFinite(each[i])).map(({ name }) => `\`${name}\``);
  throw new RondoError('NOT_FINITE', {
    where: `${where}.applyGradients`,
    what:
      `the gradient of ${names.join(', ') || 'all weights together'} is not finite at step ${step}; no weight was ` +
      'changed.',
    expected: 'finite numbers',
    received: `a norm of ${Math.sqrt(square)}`,
    fix: 'lower the learning rate, set `globalClipNorm: 1`, or look for NaN and huge values in the data.',
  });
}

/** @throws SHAPE_MISMATCH unless there is one gradient of equal size for each variable */
export function requireFit(where: string, gradients: readonly Tensor[], variables: readonly Variable[]): void {
  const wrong = variables.findIndex((variable, i) => gradients[i]?.size !== variable.size);
  if (wrong < 0 && gradients.length === variables.length) return;
  const gradient = gradients[wrong];
  throw new RondoError('SHAPE_MISMATCH', {
    where: `${where}.applyGradients`,
    what: 'gradients and variables do not belong together.',
    expected:
      wrong < 0
        ? `${variables.length} gradients`
        : `a gradient of shape ${describeShape(variables[wrong].shape)} for \`${variables[wrong].name}\``,
    received:
      wrong < 0 ? `${gradients.length} gradients` : gradient === undefined ? 'none' : describeShape(gradient.shape),
    fix: 'give one gradient for each variable, in the same order.',
  });
}

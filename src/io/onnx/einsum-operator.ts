import { describeShape, sizeOf } from '../../shape.js';
import * as ops from '../../tensor/index.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import type { OnnxValue } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';
import { requirePossible } from './value-movement.js';

/** Products and sums over named axes, `ij,jk->ik`: pair after pair of operands is one batch of matrix products. */
export const einsumOperators: Readonly<Record<string, Operator>> = {
  Einsum: {
    attributes: ['equation'],
    inputs: [1, Infinity],
    check: (node) => void equationOf(node),
    // At most every place of all axes, for each operand.
    work: (call) => call.inputs.length * sizeOf([...namedOperands(call).sizes.values()]),
    run: (call) => [einsum(call)],
  },
};

/** A tensor and the names of its axes, one character each. */
interface Named {
  readonly value: Tensor;
  readonly axes: readonly string[];
}

interface Equation {
  readonly operands: readonly string[];
  readonly result: string | undefined;
}

/** @throws FILE_FORMAT where it is none that is run: letters that stand twice in an operand are not */
function equationOf(node: OnnxNode): Equation {
  const equation = (node.attribute('equation', 'STRING') ?? '').replaceAll(' ', '');
  const [left, result, ...more] = equation.split('->');
  const operands = left.split(',');
  const isKnown = [...operands, result ?? ''].every((axes) => {
    const letters = axes.replace('...', '');
    return /^[a-zA-Z]*$/.test(letters) && new Set(letters).size === letters.length;
  });
  if (isKnown && more.length === 0 && operands.length === node.inputs.length) return { operands, result };
  const expected = 'letters of axes, each once in an operand, as in `bij,bjk->bik`';
  throw node.fault('the equation is not run.', expected, equation.slice(0, 100));
}

function namedOperands(call: OperatorCall): { named: Named[]; sizes: Map<string, number> } {
  const { operands } = equationOf(call.node);
  const sizes = new Map<string, number>();
  const named = operands.map((letters, at) => {
    const value = call.tensor(at);
    const axes = axesOf(letters, value.shape.length);
    const fits = axes?.every((axis, i) => {
      if (!sizes.has(axis)) sizes.set(axis, value.shape[i]);
      return sizes.get(axis) === value.shape[i];
    });
    if (axes !== undefined && fits) return { value, axes };
    throw call.node.fault('an input does not fit the equation.', letters, describeShape(value.shape), 'SHAPE_MISMATCH');
  });
  return { named, sizes };
}

function einsum(call: OperatorCall): OnnxValue {
  const { named, sizes } = namedOperands(call);
  const wanted = resultAxes(named, equationOf(call.node).result);
  if (wanted.some((axis) => !sizes.has(axis))) throw call.node.fault('the result has an axis that no input has.');
  let whole: Named = named[0];
  for (let at = 1; at < named.length; at++) {
    const later = new Set([...wanted, ...named.slice(at + 1).flatMap(({ axes }) => axes)]);
    whole = product(
      call,
      summed(whole, [...later, ...named[at].axes]),
      summed(named[at], [...later, ...whole.axes]),
      later,
    );
  }
  const left = summed(whole, wanted);
  return ops.transpose(
    left.value,
    wanted.map((axis) => left.axes.indexOf(axis)),
  );
}

/** Letters, and for the axes of an ellipsis, counted from the last, digits. */
function axesOf(letters: string, rank: number): string[] | undefined {
  const [before, after] = letters.split('...');
  const count = rank - before.length - (after?.length ?? 0);
  if (after === undefined ? count !== 0 : count < 0) return undefined;
  return [...before, ...Array.from({ length: count }, (_, i) => `${count - i}`), ...(after ?? '')];
}

/** Without a right side: the ellipsis, then letters that stand in one operand alone, in their order. */
function resultAxes(named: readonly Named[], result: string | undefined): string[] {
  const all = named.flatMap(({ axes }) => axes);
  const isEllipsis = (axis: string): boolean => axis >= '0' && axis <= '9';
  const ellipsis = [...new Set(all.filter(isEllipsis))].sort((a, b) => Number(b) - Number(a));
  if (result === undefined)
    return [
      ...ellipsis,
      ...all.filter((axis) => !isEllipsis(axis) && all.indexOf(axis) === all.lastIndexOf(axis)).sort(),
    ];
  const [before, after] = result.split('...');
  return after === undefined ? [...before] : [...before, ...ellipsis, ...after];
}

/** Without the axes that are not kept. */
function summed({ value, axes }: Named, kept: readonly string[]): Named {
  let left = value;
  for (let i = axes.length - 1; i >= 0; i--) if (!kept.includes(axes[i])) left = ops.sum(left, i);
  return { value: left, axes: axes.filter((axis) => kept.includes(axis)) };
}

/** Of two operands: axes of both that are needed later are the batch, others of both are summed. */
function product(call: OperatorCall, a: Named, b: Named, later: ReadonlySet<string>): Named {
  const both = a.axes.filter((axis) => b.axes.includes(axis));
  const batch = both.filter((axis) => later.has(axis));
  const inner = both.filter((axis) => !later.has(axis));
  const rows = a.axes.filter((axis) => !both.includes(axis));
  const columns = b.axes.filter((axis) => !both.includes(axis));
  const sizes = (of: Named, axes: readonly string[]): number[] =>
    axes.map((axis) => of.value.shape[of.axes.indexOf(axis)]);
  const matrices = (of: Named, first: readonly string[], second: readonly string[]): Tensor => {
    const order = [...batch, ...first, ...second].map((axis) => of.axes.indexOf(axis));
    const shape = [batch, first, second].map((axes) => sizeOf(sizes(of, axes)));
    return ops.reshape(ops.transpose(of.value, order), shape);
  };
  const shape = [...sizes(a, batch), ...sizes(a, rows), ...sizes(b, columns)];
  requirePossible(call, shape);
  const result = ops.matmul(matrices(a, rows, inner), matrices(b, inner, columns));
  return { value: ops.reshape(result, shape), axes: [...batch, ...rows, ...columns] };
}

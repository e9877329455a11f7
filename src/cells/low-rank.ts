import type { Expression } from '../expression/build.js';
import { Simplifier } from '../expression/simplify.js';
import type { Cell, StepKernel } from './cell.js';
import { kernelWeight } from './define-cell.js';
import { roleLeaf } from './leaf-role.js';
import { requireUntaken } from './untaken-names.js';

/** The width between both factors of a recurrent kernel. */
export const rankWidth = 'recurrentRank';

/** What gates whose recurrent products multiply the same value share of a low rank. */
export interface SharedFactor {
  /** The cell's own kernel that the value goes through first. */
  readonly kernel: string;
  readonly gates: readonly string[];
}

/** One factor for each value that recurrent products multiply: two for a GRU whose reset gate acts before the product. */
export function sharedFactors(cell: Cell): SharedFactor[] {
  const simplifier = new Simplifier();
  const { operands } = cell.equations();
  const gatesOf = new Map<Expression, string[]>();
  for (const gate of cell.gates) {
    const operand = operands.get(gate) && simplifier.simplify(operands.get(gate)!);
    if (operand === undefined) continue;
    gatesOf.set(operand, [...(gatesOf.get(operand) ?? []), gate]);
  }
  return [...gatesOf.values()].map((gates, i) => ({ kernel: `recurrentProjection${i === 0 ? '' : i + 1}`, gates }));
}

/**
 * Any cell with recurrent products of a low rank: its recurrent kernel `[U, G * U]` is the product of two, `P [U, rank]`
 * and `[rank, G * U]`. What gates multiply goes through `P` first, a kernel of the cell's own, and the recurrent kernel
 * multiplies that; gates that multiply another value have a `P` of their own. Prabhavalkar et al. 2016, "On the
 * compression of recurrent neural networks", section 3.
 *
 * @throws USAGE where the cell uses one of the names itself
 */
export function lowRank(cell: Cell): Cell {
  const factors = sharedFactors(cell);
  const kernels = Object.fromEntries(
    factors.map(({ kernel }): [string, StepKernel] => [kernel, { from: cell.recurrentWidth, to: rankWidth }]),
  );
  const names = Object.keys(kernels);
  requireUntaken(`cell ${cell.name}, with a low rank`, [
    ['kernel', Object.keys(cell.kernels), names],
    ['vector', Object.keys(cell.vectors), names.map(kernelWeight)],
    ['width', Object.keys(cell.widths), [rankWidth]],
  ]);
  return {
    ...cell,
    widths: { ...cell.widths, [rankWidth]: (units) => units },
    kernels: { ...cell.kernels, ...kernels },
    recurrentWidth: rankWidth,
    equations(options) {
      const equations = cell.equations(options);
      const operands = new Map<string, Expression>();
      const kernelOperands = new Map(equations.kernelOperands);
      for (const { kernel, gates } of factors) {
        kernelOperands.set(kernel, equations.operands.get(gates[0])!);
        const projected = roleLeaf({ role: 'product', kernel });
        for (const gate of gates) operands.set(gate, projected);
      }
      return { ...equations, operands, kernelOperands };
    },
  };
}

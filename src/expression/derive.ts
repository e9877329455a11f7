import { add, constant, type Expression, isRowValued, rowSum, select, topologicalOrder } from './build.js';
import { operations, reductions } from './operations.js';

/** An output of a computation with the derivative of the loss by it. */
export interface Cotangent {
  readonly output: Expression;
  readonly by: Expression;
}

/**
 * Reverse-mode derivative: for each output `y` with cotangent `dL/dy`, the expression `dL/dx` of every node in
 * `wanted`. The result refers to nodes of the forward graph, which the caller may store or recompute.
 *
 * A node that is one value per row receives the sum over the columns that use it; a `column` leaf receives the
 * derivative at each element, which the caller sums (see `reduce` of a pointwise program).
 *
 * Source: Griewank and Walther, 2008, "Evaluating derivatives", chapter 3 (incremental reverse mode).
 */
export function derive(cotangents: readonly Cotangent[], wanted: readonly Expression[]): Map<Expression, Expression> {
  const order = topologicalOrder(cotangents.map(({ output }) => output));
  const adjoints = new Map<Expression, Expression>();
  const memo = new Map<Expression, boolean>();
  const accumulate = (node: Expression, term: Expression, usedPerElement: boolean): void => {
    const matched = usedPerElement && isRowValued(node, memo) ? rowSum(term) : term;
    const before = adjoints.get(node);
    adjoints.set(node, before === undefined ? matched : add(before, matched));
  };
  for (const { output, by } of cotangents) accumulate(output, by, !isRowValued(by, memo));
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    const adjoint = adjoints.get(node);
    if (adjoint === undefined) continue;
    const usedPerElement = node.kind === 'reduction' || !isRowValued(node, memo);
    propagate(node, adjoint, (child, term) => accumulate(child, term, usedPerElement));
  }
  return new Map(wanted.map((node) => [node, adjoints.get(node) ?? constant(0)]));
}

function propagate(
  node: Expression,
  adjoint: Expression,
  accumulate: (node: Expression, term: Expression) => void,
): void {
  switch (node.kind) {
    case 'constant':
    case 'leaf':
      return;
    case 'unary': {
      const term = operations[node.operation].derivative(adjoint, node, node.a);
      if (term !== undefined) accumulate(node.a, term);
      return;
    }
    case 'binary': {
      const terms = operations[node.operation].derivative(adjoint, node, node.a, node.b);
      if (terms === undefined) return;
      accumulate(node.a, terms[0]);
      accumulate(node.b, terms[1]);
      return;
    }
    case 'select':
      accumulate(node.a, select(node.condition, adjoint, 0));
      accumulate(node.b, select(node.condition, 0, adjoint));
      return;
    case 'reduction':
      accumulate(node.a, reductions[node.operation].derivative(adjoint, node, node.a));
  }
}

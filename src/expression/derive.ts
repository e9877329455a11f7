import {
  add,
  constant,
  div,
  type Expression,
  equal,
  exp,
  greater,
  isRowValued,
  mul,
  neg,
  rowSum,
  select,
  sigmoid,
  sign,
  sub,
  topologicalOrder,
  type Unary,
} from './build.js';

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
      const term = unaryTerm(node, adjoint);
      if (term !== undefined) accumulate(node.a, term);
      return;
    }
    case 'select':
      accumulate(node.a, select(node.condition, adjoint, 0));
      accumulate(node.b, select(node.condition, 0, adjoint));
      return;
    case 'reduction': {
      if (node.operation === 'rowSum') {
        accumulate(node.a, adjoint);
        return;
      }
      const isLargest = equal(node.a, node);
      accumulate(node.a, div(mul(adjoint, isLargest), rowSum(isLargest)));
      return;
    }
    case 'binary':
      break;
  }
  const { a, b } = node;
  switch (node.operation) {
    case 'add':
      accumulate(a, adjoint);
      accumulate(b, adjoint);
      return;
    case 'sub':
      accumulate(a, adjoint);
      accumulate(b, neg(adjoint));
      return;
    case 'mul':
      accumulate(a, mul(adjoint, b));
      accumulate(b, mul(adjoint, a));
      return;
    case 'div':
      accumulate(a, div(adjoint, b));
      accumulate(b, neg(div(mul(adjoint, node), b)));
      return;
    case 'max':
      accumulate(a, select(greater(b, a), 0, adjoint));
      accumulate(b, select(greater(b, a), adjoint, 0));
      return;
    case 'min':
      accumulate(a, select(greater(a, b), 0, adjoint));
      accumulate(b, select(greater(a, b), adjoint, 0));
      return;
    case 'greater':
    case 'equal':
      return;
  }
}

/** `adjoint * f'(a)`, written with the node's own value where that saves a transcendental. */
function unaryTerm(node: Unary, adjoint: Expression): Expression | undefined {
  switch (node.operation) {
    case 'neg':
      return neg(adjoint);
    case 'abs':
      return mul(adjoint, sign(node.a));
    case 'sqrt':
      return div(mul(adjoint, 0.5), node);
    case 'exp':
      return mul(adjoint, node);
    case 'log':
      return div(adjoint, node.a);
    case 'sigmoid':
      return mul(adjoint, mul(node, sub(1, node)));
    case 'tanh':
      return mul(adjoint, sub(1, mul(node, node)));
    case 'relu':
      return select(greater(node, 0), adjoint, 0);
    case 'softplus':
      return mul(adjoint, sigmoid(node.a));
    case 'erf':
      return mul(adjoint, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(node.a, node.a)))));
    case 'sign':
    case 'detach':
      return undefined;
  }
}

import { RondoError } from '../errors.js';

/**
 * Symbolic scalar expressions over the elements of a `[rows, columns]` block. They are the one language in which
 * cells, activations, losses and optimizer updates are written; everything that runs is made from them.
 *
 * An expression is a directed acyclic graph of plain immutable nodes. Sharing a node means computing it once.
 */
export type Expression = Constant | Leaf | Unary | Binary | Select | RowReduction;

/**
 * How a leaf varies over the block: `element` differs at every place, `column` is one value per column (a bias),
 * `row` one value per row (a sample weight), `scalar` one number for the whole call (a learning rate).
 */
export type Access = 'element' | 'column' | 'row' | 'scalar';

export type UnaryOperation =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'round'
  | 'sqrt'
  | 'exp'
  | 'log'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'softplus'
  | 'erf'
  | 'detach';

export type BinaryOperation = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min' | 'greater' | 'equal';

export type ReductionOperation = 'rowSum' | 'rowMax';

export interface Constant {
  readonly kind: 'constant';
  readonly value: number;
}
export interface Leaf {
  readonly kind: 'leaf';
  readonly name: string;
  readonly access: Access;
}
export interface Unary {
  readonly kind: 'unary';
  readonly operation: UnaryOperation;
  readonly a: Expression;
}
export interface Binary {
  readonly kind: 'binary';
  readonly operation: BinaryOperation;
  readonly a: Expression;
  readonly b: Expression;
}
/** `a` where `condition` is not zero, else `b`. */
export interface Select {
  readonly kind: 'select';
  readonly condition: Expression;
  readonly a: Expression;
  readonly b: Expression;
}
/** One value per row, from all its columns. */
export interface RowReduction {
  readonly kind: 'reduction';
  readonly operation: ReductionOperation;
  readonly a: Expression;
}

/** What the building functions take: numbers stand for constants. */
export type Operand = Expression | number;

/** JavaScript's operators would make NaN of symbols, and training would go on with it. */
const symbolic = {
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return 'an expression';
    throw new RondoError('USAGE', {
      where: 'expression',
      what: 'a symbol of an equation was used as a number.',
      expected:
        'the functions for expressions: add, sub, mul, div, max, min, tanh, sigmoid, exp, log, sqrt, abs, ' +
        'greater, select ...',
      received: 'an operator such as `gate * 2`, or a function such as `Math.tanh(gate)`',
      fix:
        'take them from `expressions`: mul(gate, 2) for `gate * 2`, add(a, b) for `a + b`, tanh(gate) for ' +
        '`Math.tanh(gate)`.',
    });
  },
};

function node<Node extends Expression>(fields: Node): Node {
  return Object.assign(Object.create(symbolic) as object, fields) as Node;
}

export function constant(value: number): Constant {
  return node({ kind: 'constant', value });
}

export function leaf(name: string, access: Access = 'element'): Leaf {
  return node({ kind: 'leaf', name, access });
}

/** The expression an operand stands for. @throws USAGE when it is neither an expression nor a number */
export function expressionOf(operand: Operand): Expression {
  if (typeof operand === 'number') return constant(operand);
  if (operand === null || typeof operand !== 'object' || !('kind' in operand)) {
    throw new RondoError('USAGE', {
      where: 'expression',
      what: 'an operand is neither an expression nor a number.',
      received: String(operand),
      fix: 'combine gates, states and parameters with add, mul, sigmoid and the other `expressions`.',
    });
  }
  return operand;
}

function unary(operation: UnaryOperation): (a: Operand) => Expression {
  return (a) => node({ kind: 'unary', operation, a: expressionOf(a) });
}

function binary(operation: BinaryOperation): (a: Operand, b: Operand) => Expression {
  return (a, b) => node({ kind: 'binary', operation, a: expressionOf(a), b: expressionOf(b) });
}

export const neg = unary('neg');
export const abs = unary('abs');
/** -1, 0 or 1; its derivative is 0. */
export const sign = unary('sign');
/**
 * The nearest whole number, ties to even. Its derivative is 1, straight through, as if it were not there: that of the
 * steps is 0 and would let nothing learn (Bengio, Leonard and Courville 2013, "Estimating or propagating gradients through
 * stochastic neurons for conditional computation", section 4).
 */
export const round = unary('round');
export const sqrt = unary('sqrt');
export const exp = unary('exp');
/** Natural logarithm. */
export const log = unary('log');
/** `1 / (1 + exp(-a))`, without overflow at any finite `a`. */
export const sigmoid = unary('sigmoid');
export const tanh = unary('tanh');
export const relu = unary('relu');
/** `log(1 + exp(a))`, without overflow at any finite `a`. */
export const softplus = unary('softplus');
/** The error function. */
export const erf = unary('erf');
/** The same value, seen as a constant by {@link derive}. */
export const detach = unary('detach');

export const sub = binary('sub');
export const div = binary('div');
export const max = binary('max');
export const min = binary('min');
/** 1 where `a > b`, else 0; its derivative is 0. */
export const greater = binary('greater');
/** 1 where `a = b`, else 0; its derivative is 0. */
export const equal = binary('equal');

/** The sum of its operands, added from the left. */
export function add(first: Operand, ...others: Operand[]): Expression {
  return others.reduce<Expression>(
    (sum, b) => node({ kind: 'binary', operation: 'add', a: sum, b: expressionOf(b) }),
    expressionOf(first),
  );
}

/** The product of its operands, multiplied from the left. */
export function mul(first: Operand, ...others: Operand[]): Expression {
  return others.reduce<Expression>(
    (product, b) => node({ kind: 'binary', operation: 'mul', a: product, b: expressionOf(b) }),
    expressionOf(first),
  );
}

export function square(a: Operand): Expression {
  return mul(a, a);
}

/** `a` where `condition` is not zero, else `b`; the condition is seen as a constant by {@link derive}. */
export function select(condition: Operand, a: Operand, b: Operand): Expression {
  return node({ kind: 'select', condition: expressionOf(condition), a: expressionOf(a), b: expressionOf(b) });
}

/** The sum over the row's columns. */
export function rowSum(a: Operand): Expression {
  return node({ kind: 'reduction', operation: 'rowSum', a: expressionOf(a) });
}

/** The largest value of the row; where several are equal they share its derivative. */
export function rowMax(a: Operand): Expression {
  return node({ kind: 'reduction', operation: 'rowMax', a: expressionOf(a) });
}

/** The nodes an expression is computed from directly. */
export function childrenOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'constant':
    case 'leaf':
      return [];
    case 'unary':
    case 'reduction':
      return [node.a];
    case 'binary':
      return [node.a, node.b];
    case 'select':
      return [node.condition, node.a, node.b];
  }
}

/** All nodes below the roots, each once, children before parents. */
export function topologicalOrder(roots: Iterable<Expression>): Expression[] {
  const order: Expression[] = [];
  const seen = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const child of childrenOf(node)) visit(child);
    order.push(node);
  };
  for (const root of roots) visit(root);
  return order;
}

/** True where the value is the same for every column of a row. */
export function isRowValued(node: Expression, memo = new Map<Expression, boolean>()): boolean {
  const known = memo.get(node);
  if (known !== undefined) return known;
  const result =
    node.kind === 'leaf'
      ? node.access === 'row' || node.access === 'scalar'
      : node.kind === 'reduction' || childrenOf(node).every((child) => isRowValued(child, memo));
  memo.set(node, result);
  return result;
}

/** The distinct leaves below the roots, in first-use order. */
export function leavesOf(roots: Iterable<Expression>): Leaf[] {
  const byName = new Map<string, Leaf>();
  for (const node of topologicalOrder(roots)) {
    if (node.kind !== 'leaf') continue;
    const other = byName.get(node.name);
    if (other !== undefined && other.access !== node.access) {
      throw new RondoError('USAGE', {
        where: 'expression',
        what: `the leaf \`${node.name}\` is used both per ${other.access} and per ${node.access}.`,
        fix: 'give the two uses different names.',
      });
    }
    if (other === undefined) byName.set(node.name, node);
  }
  return [...byName.values()];
}

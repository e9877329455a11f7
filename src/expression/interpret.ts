import { type BinaryOperation, childrenOf, type Expression, type UnaryOperation } from './build.js';

/** The value of one operation in double precision; the definition every kernel is held against. */
export function unaryValue(operation: UnaryOperation, a: number): number {
  switch (operation) {
    case 'neg':
      return -a;
    case 'abs':
      return Math.abs(a);
    case 'sign':
      return Math.sign(a);
    case 'sqrt':
      return Math.sqrt(a);
    case 'exp':
      return Math.exp(a);
    case 'log':
      return Math.log(a);
    case 'sigmoid':
      return a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a));
    case 'tanh':
      return Math.tanh(a);
    case 'relu':
      return a > 0 ? a : Number.isNaN(a) ? a : 0;
    case 'softplus':
      return Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
    case 'erf':
      return errorFunction(a);
    case 'detach':
      return a;
  }
}

export function binaryValue(operation: BinaryOperation, a: number, b: number): number {
  switch (operation) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return a / b;
    case 'max':
      return Math.max(a, b);
    case 'min':
      return Math.min(a, b);
    case 'greater':
      return a > b ? 1 : 0;
    case 'equal':
      return a === b ? 1 : 0;
  }
}

/**
 * erf by its Maclaurin series for |x| < 3, and by the continued fraction of erfc beyond
 * (Abramowitz and Stegun 1964, 7.1.5 and 7.1.14).
 */
function errorFunction(x: number): number {
  if (Number.isNaN(x)) return x;
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction)));
}

/** Reads the value of a leaf at one place of the block. */
export type LeafReader = (name: string, row: number, column: number) => number;

/**
 * Evaluates expressions in double precision at one place of a block, one node at a time: the slow and obvious
 * reference. Values of a row (reductions) are remembered until another row is asked for.
 */
export class Interpreter {
  #row = -1;
  readonly #rowValues = new Map<Expression, number>();
  readonly #read: LeafReader;
  readonly #columns: number;

  constructor(read: LeafReader, columns: number) {
    this.#read = read;
    this.#columns = columns;
  }

  at(root: Expression, row: number, column: number): number {
    if (row !== this.#row) {
      this.#row = row;
      this.#rowValues.clear();
    }
    return this.#value(root, column, new Map());
  }

  #value(node: Expression, column: number, known: Map<Expression, number>): number {
    const before = known.get(node) ?? this.#rowValues.get(node);
    if (before !== undefined) return before;
    const result = this.#compute(node, column, known);
    if (node.kind === 'reduction') this.#rowValues.set(node, result);
    else known.set(node, result);
    return result;
  }

  #compute(node: Expression, column: number, known: Map<Expression, number>): number {
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'leaf':
        return this.#read(node.name, this.#row, column);
      case 'unary':
        return unaryValue(node.operation, this.#value(node.a, column, known));
      case 'binary':
        return binaryValue(node.operation, this.#value(node.a, column, known), this.#value(node.b, column, known));
      case 'select':
        return this.#value(node.condition, column, known) !== 0
          ? this.#value(node.a, column, known)
          : this.#value(node.b, column, known);
      case 'reduction': {
        let result = node.operation === 'rowSum' ? 0 : -Infinity;
        for (let j = 0; j < this.#columns; j++) {
          const value = this.#value(node.a, j, new Map());
          result = node.operation === 'rowSum' ? result + value : Math.max(result, value);
        }
        return result;
      }
    }
  }
}

/** The expression as text, for error messages and tests. */
export function formatExpression(node: Expression): string {
  switch (node.kind) {
    case 'constant':
      return String(node.value);
    case 'leaf':
      return node.name;
    default: {
      const name = node.kind === 'select' ? 'select' : node.operation;
      return `${name}(${childrenOf(node).map(formatExpression).join(', ')})`;
    }
  }
}

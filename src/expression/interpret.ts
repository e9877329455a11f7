import { childrenOf, type Expression } from './build.js';
import { operations, reductions } from './operations.js';

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
        return operations[node.operation].value(this.#value(node.a, column, known));
      case 'binary':
        return operations[node.operation].value(this.#value(node.a, column, known), this.#value(node.b, column, known));
      case 'select':
        return this.#value(node.condition, column, known) !== 0
          ? this.#value(node.a, column, known)
          : this.#value(node.b, column, known);
      case 'reduction': {
        const { start, next } = reductions[node.operation];
        let result = start;
        for (let j = 0; j < this.#columns; j++) result = next(result, this.#value(node.a, j, new Map()));
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

import {
  type BinaryOperation,
  type Expression,
  isRowValued,
  leavesOf,
  type ReductionOperation,
  type UnaryOperation,
} from '../../../expression/build.js';
import type { GraphWriter } from './graph-writer.js';
import { elementNumbers } from './onnx-message.js';

/** ONNX's operators of the same meaning; what has none is made of others. */
const unaryOperators: Readonly<Record<Exclude<UnaryOperation, 'detach'>, string>> = {
  neg: 'Neg',
  abs: 'Abs',
  sign: 'Sign',
  round: 'Round',
  sqrt: 'Sqrt',
  exp: 'Exp',
  log: 'Log',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  relu: 'Relu',
  softplus: 'Softplus',
  erf: 'Erf',
};

const binaryOperators: Readonly<Record<BinaryOperation, string>> = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  max: 'Max',
  min: 'Min',
  greater: 'Greater',
  equal: 'Equal',
};

/** Writes expressions as nodes, a shared one once. Rows are the last axis. */
export class ExpressionWriter {
  readonly #graph: GraphWriter;
  readonly #valueOf: (leaf: string) => string;
  readonly #written = new Map<Expression, string>();

  /** @param valueOf the value in the graph that a leaf stands for, by the leaf's name. */
  constructor(graph: GraphWriter, valueOf: (leaf: string) => string) {
    this.#graph = graph;
    this.#valueOf = valueOf;
  }

  /** Lets a value that there is stand for an expression. */
  put(node: Expression, value: string): void {
    this.#written.set(node, value);
  }

  /**
   * @param width how many columns the rows have, which sums of what is the same in all of them count.
   * @returns the name of the expression's value.
   */
  write(node: Expression, width: number): string {
    const known = this.#written.get(node);
    if (known !== undefined) return known;
    const value = this.#add(node, width);
    // What is the same in all columns may be asked for in rows of another width.
    if (!isRowValued(node)) this.#written.set(node, value);
    return value;
  }

  #add(node: Expression, width: number): string {
    const graph = this.#graph;
    const write = (child: Expression): string => this.write(child, width);
    switch (node.kind) {
      case 'constant':
        return graph.number(node.value);
      case 'leaf':
        return this.#valueOf(node.name);
      case 'unary':
        return node.operation === 'detach' ? write(node.a) : graph.add(unaryOperators[node.operation], [write(node.a)]);
      case 'binary':
        return isComparison(node)
          ? graph.add('Cast', [this.#truth(node, width)], { attributes: { to: elementNumbers.float } })
          : graph.add(binaryOperators[node.operation], [write(node.a), write(node.b)]);
      case 'select':
        return graph.add('Where', [this.#truth(node.condition, width), write(node.a), write(node.b)]);
      case 'reduction':
        if (isRowValued(node.a))
          return node.operation === 'rowMax' ? write(node.a) : graph.add('Mul', [write(node.a), graph.number(width)]);
        return this.#reduce(node.operation, write(node.a));
    }
  }

  /** A condition as a truth value. */
  #truth(condition: Expression, width: number): string {
    const write = (child: Expression): string => this.write(child, width);
    if (condition.kind === 'binary' && isComparison(condition))
      return this.#graph.add(binaryOperators[condition.operation], [write(condition.a), write(condition.b)]);
    return this.#graph.add('Cast', [write(condition)], { attributes: { to: elementNumbers.bool } });
  }

  /** Axes of a sum are an input since version 13 of the operators, those of a maximum since 18. */
  #reduce(operation: ReductionOperation, value: string): string {
    return operation === 'rowSum'
      ? this.#graph.add('ReduceSum', [value, this.#graph.integers(-1)], { attributes: { keepdims: 1 } })
      : this.#graph.add('ReduceMax', [value], { attributes: { axes: [-1], keepdims: 1 } });
  }
}

function isComparison(node: { readonly operation: string }): boolean {
  return node.operation === 'greater' || node.operation === 'equal';
}

/** Whether a value has the rows of its block, and is not the same for all of them. */
export function hasRows(node: Expression): boolean {
  return leavesOf([node]).some(({ access }) => access === 'element' || access === 'row');
}

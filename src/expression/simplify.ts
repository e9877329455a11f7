import {
  type Binary,
  childrenOf,
  constant,
  type Expression,
  type Select,
  topologicalOrder,
  type Unary,
} from './build.js';
import { operations } from './operations.js';

/**
 * Rewrites expressions so that equal subexpressions become one node, constants are folded, and additions of 0 and
 * multiplications by 0 and 1 vanish. Several roots simplified together share nodes, and a node that is already simple
 * stays the same object. `replace` may put a leaf (which holds the stored value) in the place of a node.
 *
 * `x * 0` becomes 0 even though it would be NaN at an infinite x: derivatives are built from such terms, and the
 * factor 0 says that the path does not exist.
 */
export class Simplifier {
  readonly #byKey = new Map<string, Expression>();
  readonly #idOf = new Map<Expression, number>();
  readonly #done = new Map<Expression, Expression>();
  readonly #replace: ((node: Expression) => Expression | undefined) | undefined;

  constructor(replace?: (node: Expression) => Expression | undefined) {
    this.#replace = replace;
  }

  simplify(root: Expression): Expression {
    for (const node of topologicalOrder([root])) {
      if (this.#done.has(node)) continue;
      this.#done.set(node, this.#rewrite(node));
    }
    return this.#done.get(root)!;
  }

  #rewrite(node: Expression): Expression {
    return this.#intern(this.#replace?.(node) ?? this.#reduced(node));
  }

  /** The node over its simplified children, with the algebraic rules applied once. */
  #reduced(node: Expression): Expression {
    switch (node.kind) {
      case 'constant':
      case 'leaf':
        return node;
      case 'unary':
        return reducedUnary(this.#overSimple(node) as Unary);
      case 'binary':
        return reducedBinary(this.#overSimple(node) as Binary);
      case 'reduction':
        return this.#overSimple(node);
      case 'select': {
        const simple = this.#overSimple(node) as Select;
        if (simple.condition.kind === 'constant') return simple.condition.value !== 0 ? simple.a : simple.b;
        return simple.a === simple.b ? simple.a : simple;
      }
    }
  }

  /** The node over its simplified children; the node itself where they are simple already. */
  #overSimple(node: Expression): Expression {
    const changed = childrenOf(node).some((child) => this.#done.get(child) !== child);
    if (!changed) return node;
    switch (node.kind) {
      case 'unary':
      case 'reduction':
        return { ...node, a: this.#done.get(node.a)! };
      case 'binary':
        return { ...node, a: this.#done.get(node.a)!, b: this.#done.get(node.b)! };
      case 'select':
        return {
          ...node,
          condition: this.#done.get(node.condition)!,
          a: this.#done.get(node.a)!,
          b: this.#done.get(node.b)!,
        };
      default:
        return node;
    }
  }

  #intern(node: Expression): Expression {
    const key = this.#keyOf(node);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#byKey.set(key, node);
    this.#idOf.set(node, this.#idOf.size);
    return node;
  }

  #keyOf(node: Expression): string {
    const ids = childrenOf(node).map((child) => this.#idOf.get(child) ?? this.#idOf.get(this.#intern(child)));
    switch (node.kind) {
      case 'constant':
        return `constant ${Object.is(node.value, -0) ? '-0' : node.value}`;
      case 'leaf':
        return `leaf ${node.access} ${node.name}`;
      case 'select':
        return `select ${ids.join(' ')}`;
      case 'binary':
        if (operations[node.operation].isCommutative) ids.sort((x, y) => x! - y!);
        return `${node.operation} ${ids.join(' ')}`;
      default:
        return `${node.operation} ${ids.join(' ')}`;
    }
  }
}

function isConstant(node: Expression, value: number): boolean {
  return node.kind === 'constant' && node.value === value;
}

function reducedUnary(node: Unary): Expression {
  const { operation, a } = node;
  if (a.kind === 'constant') return constant(operations[operation].value(a.value));
  if (operation === 'neg' && a.kind === 'unary' && a.operation === 'neg') return a.a;
  return node;
}

function reducedBinary(node: Binary): Expression {
  const { operation, a, b } = node;
  if (a.kind === 'constant' && b.kind === 'constant') return constant(operations[operation].value(a.value, b.value));
  switch (operation) {
    case 'add':
      if (isConstant(a, 0)) return b;
      if (isConstant(b, 0)) return a;
      if (b.kind === 'unary' && b.operation === 'neg') return { kind: 'binary', operation: 'sub', a, b: b.a };
      return node;
    case 'sub':
      if (isConstant(b, 0)) return a;
      if (isConstant(a, 0)) return { kind: 'unary', operation: 'neg', a: b };
      return node;
    case 'mul':
      if (isConstant(a, 0) || isConstant(b, 0)) return constant(0);
      if (isConstant(a, 1)) return b;
      if (isConstant(b, 1)) return a;
      if (isConstant(a, -1)) return { kind: 'unary', operation: 'neg', a: b };
      if (isConstant(b, -1)) return { kind: 'unary', operation: 'neg', a };
      return node;
    case 'div':
      if (isConstant(a, 0)) return constant(0);
      if (isConstant(b, 1)) return a;
      return node;
    default:
      return node;
  }
}

/** Simplifies several roots together, so that what they share is one node. */
export function simplifyAll(
  roots: readonly Expression[],
  replace?: (node: Expression) => Expression | undefined,
): Expression[] {
  const simplifier = new Simplifier(replace);
  return roots.map((root) => simplifier.simplify(root));
}

import type { Binary, BinaryOperation, Expression, Select } from '../../expression/build.js';
import { unaryCode } from './numerics.js';
import { isNaNIn, type VectorCode } from './vector-code.js';

/** Operations whose result is a mask. */
type Comparison = 'greater' | 'equal';

/** Writes the nodes of expressions, children before parents, and remembers where their values are. */
export class ExpressionCode<V, M> {
  readonly #values = new Map<Expression, V>();
  /** Comparisons are kept as masks; they become 1 and 0 only where something other than a selection uses them. */
  readonly #masks = new Map<Expression, M>();

  readonly #code: VectorCode<V, M>;
  readonly #known: (node: Expression) => V;
  readonly #fusedProducts: ReadonlySet<Expression>;

  /**
   * @param known values from outside: what is the same for a whole row
   * @param fusedProducts products that are computed together with the sum they are part of
   */
  constructor(code: VectorCode<V, M>, known: (node: Expression) => V, fusedProducts: ReadonlySet<Expression>) {
    this.#code = code;
    this.#known = known;
    this.#fusedProducts = fusedProducts;
  }

  set(node: Expression, value: V): void {
    this.#values.set(node, value);
  }

  valueOf(node: Expression): V {
    const own = this.#values.get(node);
    if (own !== undefined) return own;
    const mask = this.#masks.get(node);
    const value = mask !== undefined ? this.#code.keepWhere(mask, this.#code.float(1)) : this.#known(node);
    this.#values.set(node, value);
    return value;
  }

  /** Writes a node that is neither a leaf nor a reduction. */
  compute(node: Expression): void {
    switch (node.kind) {
      case 'constant':
        this.#values.set(node, this.#code.float(node.value));
        return;
      case 'unary':
        this.#values.set(node, unaryCode[node.operation](this.#code, this.valueOf(node.a)));
        return;
      case 'select':
        this.#values.set(node, this.#select(node));
        return;
      case 'binary':
        if (this.#fusedProducts.has(node)) return;
        if (isComparison(node.operation)) {
          this.#masks.set(node, this.#code[node.operation](this.valueOf(node.a), this.valueOf(node.b)));
        } else this.#values.set(node, this.#arithmetic[node.operation](node.a, node.b));
    }
  }

  readonly #arithmetic: Record<Exclude<BinaryOperation, Comparison>, (a: Expression, b: Expression) => V> = {
    add: (a, b) => this.#fusedSum(a, b) ?? this.#fusedSum(b, a) ?? this.#code.add(this.valueOf(a), this.valueOf(b)),
    sub: (a, b) =>
      isProductOf(this.#fusedProducts, b)
        ? this.#code.nmadd(this.valueOf(b.a), this.valueOf(b.b), this.valueOf(a))
        : this.#code.sub(this.valueOf(a), this.valueOf(b)),
    mul: (a, b) => this.#code.mul(this.valueOf(a), this.valueOf(b)),
    div: (a, b) => this.#code.div(this.valueOf(a), this.valueOf(b)),
    max: (a, b) => this.#extreme('larger', a, b),
    min: (a, b) => this.#extreme('smaller', a, b),
  };

  /** `a + product` where the product is computed together with the sum. */
  #fusedSum(a: Expression, product: Expression): V | undefined {
    if (!isProductOf(this.#fusedProducts, product)) return undefined;
    return this.#code.madd(this.valueOf(product.a), this.valueOf(product.b), this.valueOf(a));
  }

  /** `larger` and `smaller` are one instruction, but keep only a NaN of their first operand: one of the second is put back. */
  #extreme(operation: 'larger' | 'smaller', a: Expression, b: Expression): V {
    if (isNumber(a)) return this.#code[operation](this.valueOf(b), this.valueOf(a));
    const second = this.valueOf(b);
    const extreme = this.#code[operation](this.valueOf(a), second);
    return isNumber(b) ? extreme : this.#code.nanWhere(isNaNIn(this.#code, second), extreme);
  }

  #select({ condition, a, b }: Select): V {
    const mask = this.#masks.get(condition) ?? this.#code.notEqual(this.valueOf(condition), this.#code.float(0));
    if (isZero(b)) return this.#code.keepWhere(mask, this.valueOf(a));
    if (isZero(a)) return this.#code.dropWhere(mask, this.valueOf(b));
    return this.#code.choose(mask, this.valueOf(a), this.valueOf(b));
  }
}

function isComparison(operation: BinaryOperation): operation is Comparison {
  return operation === 'greater' || operation === 'equal';
}

function isProductOf(fusedProducts: ReadonlySet<Expression>, node: Expression): node is Binary {
  return fusedProducts.has(node);
}

function isNumber(node: Expression): boolean {
  return node.kind === 'constant' && !Number.isNaN(node.value);
}

function isZero(node: Expression): boolean {
  return node.kind === 'constant' && Object.is(node.value, 0);
}

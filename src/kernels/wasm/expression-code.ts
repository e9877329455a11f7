import type { Binary, BinaryOperation, Expression, Select } from '../../expression/build.js';
import { f32x4, type Value, v128 } from './assembler.js';
import { unaryCode } from './numerics.js';
import type { Bundle, VectorCode } from './vector-code.js';

/** Operations whose result is a mask. */
const comparisons = { greater: f32x4.gt, equal: f32x4.eq };
type Comparison = keyof typeof comparisons;

/** Writes the nodes of expressions, children before parents, and remembers where their values are. */
export class ExpressionCode {
  readonly #values = new Map<Expression, Bundle>();
  /** Comparisons are kept as bit masks; they become 1 and 0 only where something other than a selection uses them. */
  readonly #masks = new Map<Expression, Bundle>();

  readonly #code: VectorCode;
  readonly #known: ReadonlyMap<Expression, Value<'v128'>>;
  readonly #fusedProducts: ReadonlySet<Expression>;

  /**
   * @param known values from outside: what is the same for a whole row
   * @param fusedProducts products that are computed together with the sum they are part of
   */
  constructor(code: VectorCode, known: ReadonlyMap<Expression, Value<'v128'>>, fusedProducts: ReadonlySet<Expression>) {
    this.#code = code;
    this.#known = known;
    this.#fusedProducts = fusedProducts;
  }

  set(node: Expression, value: Bundle): void {
    this.#values.set(node, value);
  }

  valueOf(node: Expression): Bundle {
    const own = this.#values.get(node);
    if (own !== undefined) return own;
    const mask = this.#masks.get(node);
    const value =
      mask !== undefined
        ? this.#code.binary(v128.and, mask, this.#code.float(1))
        : this.#code.repeat(this.#known.get(node)!);
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
          const mask = this.#code.binary(comparisons[node.operation], this.valueOf(node.a), this.valueOf(node.b));
          this.#masks.set(node, mask);
        } else this.#values.set(node, this.#arithmetic[node.operation](node.a, node.b));
    }
  }

  readonly #arithmetic: Record<Exclude<BinaryOperation, Comparison>, (a: Expression, b: Expression) => Bundle> = {
    add: (a, b) => this.#fusedSum(a, b) ?? this.#fusedSum(b, a) ?? this.#code.add(this.valueOf(a), this.valueOf(b)),
    sub: (a, b) =>
      isProductOf(this.#fusedProducts, b)
        ? this.#code.nmadd(this.valueOf(b.a), this.valueOf(b.b), this.valueOf(a))
        : this.#code.sub(this.valueOf(a), this.valueOf(b)),
    mul: (a, b) => this.#code.mul(this.valueOf(a), this.valueOf(b)),
    div: (a, b) => this.#code.div(this.valueOf(a), this.valueOf(b)),
    max: (a, b) => this.#extreme(f32x4.pmax, a, b),
    min: (a, b) => this.#extreme(f32x4.pmin, a, b),
  };

  /** `a + product` where the product is computed together with the sum. */
  #fusedSum(a: Expression, product: Expression): Bundle | undefined {
    if (!isProductOf(this.#fusedProducts, product)) return undefined;
    return this.#code.madd(this.valueOf(product.a), this.valueOf(product.b), this.valueOf(a));
  }

  /**
   * `pmax` and `pmin` are one instruction, but keep only a NaN of their first operand: one of the second is put back.
   */
  #extreme(pseudo: typeof f32x4.pmax, a: Expression, b: Expression): Bundle {
    if (isNumber(a)) return this.#code.binary(pseudo, this.valueOf(b), this.valueOf(a));
    const second = this.valueOf(b);
    const extreme = this.#code.binary(pseudo, this.valueOf(a), second);
    if (isNumber(b)) return extreme;
    return this.#code.binary(v128.or, extreme, this.#code.binary(f32x4.ne, second, second));
  }

  #select({ condition, a, b }: Select): Bundle {
    const mask =
      this.#masks.get(condition) ?? this.#code.binary(f32x4.ne, this.valueOf(condition), this.#code.float(0));
    if (isZero(b)) return this.#code.binary(v128.and, this.valueOf(a), mask);
    if (isZero(a)) return this.#code.binary(v128.andnot, this.valueOf(b), mask);
    return this.#code.choose(mask, this.valueOf(a), this.valueOf(b));
  }
}

function isComparison(operation: BinaryOperation): operation is Comparison {
  return Object.hasOwn(comparisons, operation);
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

import type { Binary, Expression, Select } from '../../expression/build.js';
import { f32x4, type Value, v128 } from './assembler.js';
import { unaryCode } from './numerics.js';
import type { Bundle, VectorCode } from './vector-code.js';

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
        this.#values.set(node, unaryCode(this.#code, node.operation, this.valueOf(node.a)));
        return;
      case 'select':
        this.#values.set(node, this.#select(node));
        return;
      case 'binary':
        if (node.operation === 'greater' || node.operation === 'equal') {
          this.#masks.set(
            node,
            this.#code.binary(
              node.operation === 'greater' ? f32x4.gt : f32x4.eq,
              this.valueOf(node.a),
              this.valueOf(node.b),
            ),
          );
        } else if (!this.#fusedProducts.has(node)) {
          this.#values.set(node, this.#binary(node));
        }
    }
  }

  #binary({ operation, a, b }: Binary): Bundle {
    const code = this.#code;
    switch (operation) {
      case 'add':
        if (isProductOf(this.#fusedProducts, b))
          return code.madd(this.valueOf(b.a), this.valueOf(b.b), this.valueOf(a));
        if (isProductOf(this.#fusedProducts, a))
          return code.madd(this.valueOf(a.a), this.valueOf(a.b), this.valueOf(b));
        return code.add(this.valueOf(a), this.valueOf(b));
      case 'sub':
        if (isProductOf(this.#fusedProducts, b))
          return code.nmadd(this.valueOf(b.a), this.valueOf(b.b), this.valueOf(a));
        return code.sub(this.valueOf(a), this.valueOf(b));
      case 'mul':
        return code.mul(this.valueOf(a), this.valueOf(b));
      case 'max':
        return this.#extreme(f32x4.pmax, a, b);
      case 'min':
        return this.#extreme(f32x4.pmin, a, b);
      default:
        return code.div(this.valueOf(a), this.valueOf(b));
    }
  }

  /** `pmax` and `pmin` are one instruction, but keep only a NaN of their first operand: one of the second is put back. */
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

function isProductOf(fusedProducts: ReadonlySet<Expression>, node: Expression): node is Binary {
  return fusedProducts.has(node);
}

function isNumber(node: Expression): boolean {
  return node.kind === 'constant' && !Number.isNaN(node.value);
}

function isZero(node: Expression): boolean {
  return node.kind === 'constant' && Object.is(node.value, 0);
}

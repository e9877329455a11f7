/**
 * How computations on vectors of single-precision numbers are written, whatever the instructions. `V` stands for the
 * vectors that are computed side by side, and `M` for a condition of each of their lanes; only the emitter knows what
 * they are. Lanes are also whole numbers of 32 bits where an operation says so.
 */
export interface VectorCode<V, M> {
  /** A number in all lanes. */
  float(value: number): V;
  /** A whole number in all lanes. */
  bits(value: number): V;

  neg(a: V): V;
  abs(a: V): V;
  sqrt(a: V): V;
  /** To the nearest whole number, ties to even. */
  round(a: V): V;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  div(a: V, b: V): V;
  /** `a b + c`, rounded once or twice. */
  madd(a: V, b: V, c: V): V;
  /** `c - a b`, rounded once or twice. */
  nmadd(a: V, b: V, c: V): V;
  /** `b > a ? b : a`: a NaN of `a` stays. */
  larger(a: V, b: V): V;
  /** `b < a ? b : a`: a NaN of `a` stays. */
  smaller(a: V, b: V): V;

  // Conditions; those of a NaN are false unless they say so.

  greater(a: V, b: V): M;
  less(a: V, b: V): M;
  equal(a: V, b: V): M;
  /** True of a NaN. */
  notEqual(a: V, b: V): M;
  /** `!(a >= b)`: true of a NaN. */
  notAtLeast(a: V, b: V): M;
  /** `a` where the condition holds, else `b`. */
  choose(mask: M, a: V, b: V): V;
  /** `a` where the condition holds, else 0. */
  keepWhere(mask: M, a: V): V;
  /** 0 where the condition holds, else `a`. */
  dropWhere(mask: M, a: V): V;
  /** NaN where the condition holds, else `a`. */
  nanWhere(mask: M, a: V): V;

  // Lanes as whole numbers and as bits.

  and(a: V, b: V): V;
  or(a: V, b: V): V;
  addWhole(a: V, b: V): V;
  subWhole(a: V, b: V): V;
  shiftLeft(a: V, bits: number): V;
  /** Zeros move in. */
  shiftRight(a: V, bits: number): V;
  /** The sign moves in. */
  shiftRightSigned(a: V, bits: number): V;
  /** The number of a whole number. */
  fromWhole(a: V): V;
}

/** NaN is the one number that does not equal itself. */
export function isNaNIn<V, M>(code: VectorCode<V, M>, a: V): M {
  return code.notEqual(a, a);
}

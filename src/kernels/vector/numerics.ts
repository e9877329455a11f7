import type { UnaryOperation } from '../../expression/build.js';
import { isNaNIn, type VectorCode } from './vector-code.js';

/**
 * The unary operations in single precision, lane by lane, without branches or tables. All of them give NaN for
 * NaN and the limit for an infinite argument; results below the normal numbers may be flushed to 0. Largest relative
 * errors: exp 1.4e-7, log 1e-7, sigmoid 3e-7, tanh 7e-7, softplus 4.3e-7, erf 9e-7; absolute: sigmoid 1e-7, tanh
 * 3.6e-7, erf 4.3e-7. The coefficients are minimax fits of the relative error, made with Lawson's iteration (Rice and
 * Usow 1968, "The Lawson algorithm and extensions") in double precision.
 */

/** How each operation is written. */
export const unaryCode: Record<UnaryOperation, <V, M>(code: VectorCode<V, M>, x: V) => V> = {
  neg: (code, x) => code.neg(x),
  abs: (code, x) => code.abs(x),
  round: (code, x) => code.round(x),
  sqrt: (code, x) => code.sqrt(x),
  sign: signCode,
  relu: (code, x) => code.larger(x, code.float(0)),
  exp: expCode,
  log: logCode,
  sigmoid: sigmoidCode,
  tanh: tanhCode,
  softplus: softplusCode,
  erf: erfCode,
  detach: (_, x) => x,
};

/** `coefficients[0] + coefficients[1] x + ...`, by Horner's rule. */
function polynomial<V, M>(code: VectorCode<V, M>, x: V, coefficients: readonly number[]): V {
  let sum = code.float(coefficients[coefficients.length - 1]);
  for (let i = coefficients.length - 2; i >= 0; i--) sum = code.madd(sum, x, code.float(coefficients[i]));
  return sum;
}

/** `x` kept between two finite bounds; NaN stays NaN. */
function clamp<V, M>(code: VectorCode<V, M>, x: V, low: number, high: number): V {
  return code.smaller(code.larger(x, code.float(low)), code.float(high));
}

/** -1, 0 or 1. */
function signCode<V, M>(code: VectorCode<V, M>, x: V): V {
  const zero = code.float(0);
  const positive = code.keepWhere(code.greater(x, zero), code.float(1));
  const negative = code.keepWhere(code.less(x, zero), code.float(-1));
  const isNaN = isNaNIn(code, x);
  return code.nanWhere(isNaN, code.or(positive, negative));
}

const LOG2_E = 1.4426950408889634;
/** ln 2 in two parts; the first has few bits, so that n times it is exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.12194440054690583e-4;
/** exp is flushed to 0 here: 2^-126, the smallest normal number. */
const EXP_LOWEST = -87.33654;
/** Beyond the largest argument whose exp is finite (88.7228). */
const EXP_HIGHEST = 88.8;
/** Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits; the bias of 2^(n - 1) rides along. */
const ROUND_AND_BIAS = 1.5 * 2 ** 23 + 126;
/** (exp(r) - 1 - r) / r^2 on [-ln(2) / 2, ln(2) / 2]. */
const EXP_TAIL = [
  0.49999993443308166, 0.16666520577765992, 0.041668388830759025, 0.008368723304105971, 0.0013814577837861735,
];

/**
 * `exp(sign * x)` as `[2 exp(r), 2^(n - 1)]` with `sign * x = n ln 2 + r`: their product overflows to infinity and
 * underflows to 0 as exp does, although 2^n alone would not fit.
 */
function expParts<V, M>(code: VectorCode<V, M>, x: V, sign: 1 | -1): [mantissa: V, power: V] {
  const kept = sign === 1 ? clamp(code, x, EXP_LOWEST, EXP_HIGHEST) : clamp(code, x, -EXP_HIGHEST, -EXP_LOWEST);
  const shifted = code.madd(kept, code.float(sign * LOG2_E), code.float(ROUND_AND_BIAS));
  const n = code.sub(shifted, code.float(ROUND_AND_BIAS));
  // `sign * r`, so that a negated argument costs nothing.
  let r = code.nmadd(n, code.float(sign * LN2_HIGH), kept);
  r = code.nmadd(n, code.float(sign * LN2_LOW), r);
  const coefficients = [2, 2, ...EXP_TAIL.map((c) => 2 * c)].map((c, k) => (k % 2 === 1 ? sign * c : c));
  const mantissa = polynomial(code, r, coefficients);
  const power = code.shiftLeft(shifted, 23);
  return [mantissa, power];
}

/** Range reduction and polynomial as in Cephes' expf (Moshier 1989). */
function expCode<V, M>(code: VectorCode<V, M>, x: V): V {
  const [mantissa, power] = expParts(code, x, 1);
  return code.mul(mantissa, power);
}

/** `1 / (1 + exp(-x))`: accurate relative to itself also where it is tiny, and never outside of [0, 1]. */
function sigmoidCode<V, M>(code: VectorCode<V, M>, x: V): V {
  const one = code.float(1);
  const [mantissa, power] = expParts(code, x, -1);
  return code.div(one, code.madd(mantissa, power, one));
}

/**
 * tanh(x) / x as a rational function of x^2. The bound and the coefficients' last digits are chosen so that tanh is
 * exactly 1 at the bound, with and without fused multiply-add, and nowhere above 1.
 */
const TANH_SATURATES = 8.08701801;
const TANH_NUMERATOR = [1, 0.1344558, 0.00357284304, 2.19135436e-5, 1.52532262e-8];
const TANH_DENOMINATOR = [1, 0.467789143, 0.0261692777, 0.000341326057, 8.53251606e-7];

function tanhCode<V, M>(code: VectorCode<V, M>, x: V): V {
  const kept = clamp(code, x, -TANH_SATURATES, TANH_SATURATES);
  const square = code.mul(kept, kept);
  const numerator = code.mul(kept, polynomial(code, square, TANH_NUMERATOR));
  return code.div(numerator, polynomial(code, square, TANH_DENOMINATOR));
}

/** (atanh(s) / s - 1) / s^2 as a polynomial in s^2 on [0, 1/9]. */
const ATANH_TAIL = [0.3333320805557879, 0.2001076879645877, 0.14000817987502218, 0.14006403787710583];

/** `max(x, 0) + log1p(exp(-|x|))`, with `log1p(e) = 2 atanh(e / (e + 2))`. */
function softplusCode<V, M>(code: VectorCode<V, M>, x: V): V {
  const e = expCode(code, code.neg(code.abs(x)));
  const s = code.div(e, code.add(e, code.float(2)));
  const square = code.mul(s, s);
  const log = code.mul(s, polynomial(code, square, [2, ...ATANH_TAIL.map((c) => 2 * c)]));
  return code.add(code.larger(x, code.float(0)), log);
}

/** erf(x) / x as a rational function of x^2, chosen like that of tanh. */
const ERF_SATURATES = 3.65808606;
const ERF_NUMERATOR = [1.12837911, 0.190783814, 0.0527902767, 0.00377960992, 0.000284808775, 2.04197158e-6];
const ERF_DENOMINATOR = [1, 0.502410293, 0.114257522, 0.0149974404, 0.00116521306, 3.80040947e-5];

function erfCode<V, M>(code: VectorCode<V, M>, x: V): V {
  const kept = clamp(code, x, -ERF_SATURATES, ERF_SATURATES);
  const square = code.mul(kept, kept);
  const numerator = code.mul(kept, polynomial(code, square, ERF_NUMERATOR));
  return code.div(numerator, polynomial(code, square, ERF_DENOMINATOR));
}

const SMALLEST_NORMAL = 2 ** -126;
const SQRT_HALF_BITS = 0x3f3504f3;
/** (log(1 + f) - f + f^2 / 2) / f^3 on [sqrt(1/2) - 1, sqrt(2) - 1]. */
const LOG_TAIL = [
  0.3333331260756128, -0.25000009620815855, 0.20002118501816527, -0.16667994993295512, 0.14219554360251763,
  -0.12405601032118413, 0.11888158863407586, -0.11675592087262697, 0.06746585614457631,
];

/** `x = 2^n (1 + f)` with f near 0, then `n ln 2 + log(1 + f)`, as in Cephes' logf (Moshier 1989). */
function logCode<V, M>(code: VectorCode<V, M>, x: V): V {
  const isSubnormal = code.less(x, code.float(SMALLEST_NORMAL));
  const normal = code.choose(isSubnormal, code.mul(x, code.float(2 ** 23)), x);
  const exponent = code.shiftRightSigned(code.subWhole(normal, code.bits(SQRT_HALF_BITS)), 23);
  const f = code.sub(code.subWhole(normal, code.shiftLeft(exponent, 23)), code.float(1));
  const correction = code.keepWhere(isSubnormal, code.float(-23));
  const n = code.add(code.fromWhole(exponent), correction);
  const square = code.mul(f, f);
  const tail = code.mul(code.mul(f, square), polynomial(code, f, LOG_TAIL));
  const low = code.nmadd(square, code.float(0.5), code.madd(n, code.float(LN2_LOW), tail));
  const finite = code.madd(n, code.float(LN2_HIGH), code.add(f, low));
  const isInfinite = code.equal(x, code.float(Infinity));
  const isZero = code.equal(x, code.float(0));
  const limit = code.choose(isZero, code.float(-Infinity), code.choose(isInfinite, x, finite));
  return code.nanWhere(code.notAtLeast(x, code.float(0)), limit);
}

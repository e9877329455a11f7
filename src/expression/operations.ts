import { nearestWhole } from '../rounding.js';
import {
  type BinaryOperation,
  div,
  type Expression,
  equal,
  exp,
  greater,
  mul,
  neg,
  type ReductionOperation,
  rowSum,
  select,
  sigmoid,
  sign,
  sub,
  type UnaryOperation,
} from './build.js';

/** What every part of the library needs to know of an operation. */
interface OperationRule {
  readonly arity: 1 | 2;
  /** About how many instructions a kernel takes for it. */
  readonly cost: number;
  /** Dear enough that a backward pass saves its result rather than compute it again. */
  readonly isTranscendental?: boolean;
  /** Whether the operands may be exchanged. */
  readonly isCommutative?: boolean;
}

interface UnaryRule extends OperationRule {
  readonly arity: 1;
  /** In double precision; the definition every kernel is held against. */
  value(a: number): number;
  /** `dL/da` from `dL/dy`, written with the result `y` where that saves a transcendental; undefined stands for zero. */
  derivative(dy: Expression, y: Expression, a: Expression): Expression | undefined;
}

interface BinaryRule extends OperationRule {
  readonly arity: 2;
  value(a: number, b: number): number;
  /** `dL/da` and `dL/db`. */
  derivative(
    dy: Expression,
    y: Expression,
    a: Expression,
    b: Expression,
  ): readonly [Expression, Expression] | undefined;
}

const cheap = { arity: 1, cost: 1 } as const;
const transcendental = { arity: 1, cost: 15, isTranscendental: true } as const;
const pair = { arity: 2, cost: 1 } as const;
const none = (): undefined => undefined;

/** The elementwise operations of expressions. A kernel for each is in the tables of the backends. */
export const operations: Record<UnaryOperation, UnaryRule> & Record<BinaryOperation, BinaryRule> = {
  neg: { ...cheap, value: (a) => -a, derivative: (dy) => neg(dy) },
  abs: { ...cheap, value: Math.abs, derivative: (dy, _, a) => mul(dy, sign(a)) },
  sign: { ...cheap, value: Math.sign, derivative: none },
  round: { ...cheap, value: nearestWhole, derivative: (dy) => dy },
  sqrt: { ...cheap, cost: 5, value: Math.sqrt, derivative: (dy, y) => div(mul(dy, 0.5), y) },
  exp: { ...transcendental, value: Math.exp, derivative: (dy, y) => mul(dy, y) },
  log: { ...transcendental, value: Math.log, derivative: (dy, _, a) => div(dy, a) },
  sigmoid: {
    ...transcendental,
    value: (a) => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a))),
    derivative: (dy, y) => mul(dy, mul(y, sub(1, y))),
  },
  tanh: { ...transcendental, value: Math.tanh, derivative: (dy, y) => mul(dy, sub(1, mul(y, y))) },
  relu: {
    ...cheap,
    value: (a) => (a > 0 || Number.isNaN(a) ? a : 0),
    derivative: (dy, y) => select(greater(y, 0), dy, 0),
  },
  softplus: {
    ...transcendental,
    value: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
    derivative: (dy, _, a) => mul(dy, sigmoid(a)),
  },
  erf: {
    ...transcendental,
    value: errorFunction,
    derivative: (dy, _, a) => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(a, a))))),
  },
  detach: { ...cheap, cost: 0, value: (a) => a, derivative: none },
  add: { ...pair, isCommutative: true, value: (a, b) => a + b, derivative: (dy) => [dy, dy] },
  sub: { ...pair, value: (a, b) => a - b, derivative: (dy) => [dy, neg(dy)] },
  mul: { ...pair, isCommutative: true, value: (a, b) => a * b, derivative: (dy, _, a, b) => [mul(dy, b), mul(dy, a)] },
  div: {
    ...pair,
    cost: 5,
    value: (a, b) => a / b,
    derivative: (dy, y, _, b) => [div(dy, b), neg(div(mul(dy, y), b))],
  },
  max: { ...pair, value: Math.max, derivative: (dy, _, a, b) => shared(greater(b, a), dy) },
  min: { ...pair, value: Math.min, derivative: (dy, _, a, b) => shared(greater(a, b), dy) },
  greater: { ...pair, value: (a, b) => (a > b ? 1 : 0), derivative: none },
  equal: { ...pair, isCommutative: true, value: (a, b) => (a === b ? 1 : 0), derivative: none },
};

/** All of the derivative to one operand: to the second where the condition holds. */
function shared(isSecond: Expression, dy: Expression): [Expression, Expression] {
  return [select(isSecond, 0, dy), select(isSecond, dy, 0)];
}

/** How the values of a row become one, from the left, and the derivative by each of them. */
interface ReductionRule {
  readonly start: number;
  next(sum: number, value: number): number;
  derivative(dy: Expression, y: Expression, a: Expression): Expression;
}

export const reductions: Record<ReductionOperation, ReductionRule> = {
  rowSum: { start: 0, next: (sum, value) => sum + value, derivative: (dy) => dy },
  rowMax: {
    start: -Infinity,
    next: Math.max,
    derivative: (dy, y, a) => {
      const isLargest = equal(a, y);
      return div(mul(dy, isLargest), rowSum(isLargest));
    },
  },
};

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

import { type BinaryOperation, childrenOf, type Expression, type UnaryOperation } from '../../src/expression/build.js';
import type { LeafReader } from '../../src/expression/interpret.js';
import { operations } from '../../src/expression/operations.js';

/** Half a unit in the last place of single precision, relative. */
export const HALF_ULP = 2 ** -24;
/** Results this small may be flushed to 0. */
const TINY = 1e-36;
/** Beyond this a later step may overflow in single precision. */
const HUGE = 1e30;

/** A value in double precision, and how far the same computation in single precision may be from it. */
export interface Bounded {
  readonly value: number;
  /** Infinity where nothing can be said: near a singularity, after an overflow, or where a comparison is too close. */
  readonly error: number;
}

/** What the kernels' transcendental functions add to the error, in half units in the last place. */
const ownHalfUlps: Partial<Record<UnaryOperation, number>> = {
  sqrt: 1,
  exp: 2.4,
  log: 1.7,
  sigmoid: 5.1,
  tanh: 12,
  softplus: 7.3,
  erf: 15.2,
};

/**
 * Evaluates an expression as the interpreter does, with a running bound of the rounding error (Higham 2002, "Accuracy
 * and stability of numerical algorithms", section 3.3): the tolerance that tests hold single-precision kernels to.
 */
export function boundedValue(
  root: Expression,
  read: LeafReader,
  columns: number,
  row: number,
  column: number,
): Bounded {
  const rowValues = new Map<Expression, Bounded>();
  const at = (node: Expression, place: number, known: Map<Expression, Bounded>): Bounded => {
    const before = known.get(node) ?? rowValues.get(node);
    if (before !== undefined) return before;
    if (node.kind !== 'reduction') {
      const operands = childrenOf(node).map((child) => at(child, place, known));
      const result = checked(combine(node, operands, () => read((node as { name: string }).name, row, place)));
      known.set(node, result);
      return result;
    }
    const values = Array.from({ length: columns }, (_, j) => at(node.a, j, new Map()));
    const result = checked(node.operation === 'rowSum' ? sum(values) : largest(values));
    rowValues.set(node, result);
    return result;
  };
  return at(root, column, new Map());
}

function checked({ value, error }: Bounded): Bounded {
  const isSure = Number.isFinite(value) && Math.abs(value) < HUGE && error < HUGE;
  return { value, error: isSure ? error : Infinity };
}

/** A sum in double precision, rounded once. */
export function sum(values: readonly Bounded[]): Bounded {
  let value = 0;
  let error = 0;
  let size = 0;
  for (const term of values) {
    value += term.value;
    error += term.error;
    size += Math.abs(term.value);
  }
  return { value, error: error + HALF_ULP * Math.abs(value) + values.length * 2 ** -52 * size + TINY };
}

function largest(values: readonly Bounded[]): Bounded {
  return {
    value: Math.max(-Infinity, ...values.map(({ value }) => value)),
    error: Math.max(0, ...values.map(({ error }) => error)),
  };
}

function combine(node: Expression, operands: readonly Bounded[], read: () => number): Bounded {
  switch (node.kind) {
    case 'constant':
      return { value: node.value, error: Math.abs(node.value - Math.fround(node.value)) };
    case 'leaf':
      return { value: read(), error: 0 };
    case 'unary': {
      const value = operations[node.operation].value(operands[0].value);
      const own =
        (ownHalfUlps[node.operation] ?? 0) * HALF_ULP * Math.abs(value) +
        (ownHalfUlps[node.operation] === undefined ? 0 : TINY);
      return { value, error: propagated(node.operation, operands[0], value) + own };
    }
    case 'binary': {
      const value = operations[node.operation].value(operands[0].value, operands[1].value);
      return { value, error: binaryError(node.operation, operands[0], operands[1], value) };
    }
    case 'select': {
      const [condition, a, b] = operands;
      const chosen = condition.value !== 0 ? a : b;
      if (condition.error === 0 || Math.abs(condition.value) > condition.error) return chosen;
      return { value: chosen.value, error: Math.abs(a.value - b.value) + a.error + b.error };
    }
    case 'reduction':
      throw new Error('reductions are not combined place by place.');
  }
}

/** How an error of the operand shows in the result. */
function propagated(operation: UnaryOperation, { value: a, error }: Bounded, value: number): number {
  switch (operation) {
    case 'sign':
      return error > 0 && Math.abs(a) <= error ? 2 : 0;
    case 'round':
      return error === 0 ? 0 : error + 1;
    case 'sqrt':
      return error === 0 ? 0 : a > error ? error / Math.sqrt(a - error) : Infinity;
    case 'exp':
      return value * Math.expm1(error);
    case 'log':
      return error === 0 ? 0 : a > error ? error / (a - error) : Infinity;
    case 'erf':
      return 1.13 * error;
    default:
      return error;
  }
}

function binaryError(operation: BinaryOperation, a: Bounded, b: Bounded, value: number): number {
  const rounding = HALF_ULP * Math.abs(value) + TINY;
  switch (operation) {
    case 'add':
    case 'sub':
      return a.error + b.error + HALF_ULP * (a.error + b.error) + rounding;
    case 'mul':
      return Math.abs(a.value) * b.error + Math.abs(b.value) * a.error + a.error * b.error + rounding * 2;
    case 'div': {
      const least = Math.abs(b.value) - b.error;
      return least <= 0 ? Infinity : (a.error + Math.abs(value) * b.error) / least + rounding * 2;
    }
    case 'max':
    case 'min':
      return Math.max(a.error, b.error);
    default: {
      const margin = a.error + b.error;
      return margin > 0 && Math.abs(a.value - b.value) <= margin ? 1 : 0;
    }
  }
}

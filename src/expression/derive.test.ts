import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activation, activationNames } from './activations.js';
import {
  abs,
  add,
  detach,
  div,
  type Expression,
  erf,
  exp,
  greater,
  leaf,
  log,
  max,
  min,
  mul,
  relu,
  round,
  rowMax,
  rowSum,
  select,
  sigmoid,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
} from './build.js';
import { derive } from './derive.js';
import { Interpreter } from './interpret.js';
import { simplifyAll } from './simplify.js';

const columns = 4;
const x = leaf('x');
const s = leaf('s', 'row');
const ones = leaf('dy');

/** Values of a `[1, columns]` block under given leaves. */
function evaluate(root: Expression, values: Record<string, number[]>): number[] {
  const interpreter = new Interpreter(
    (name, _, column) => values[name][values[name].length === 1 ? 0 : column],
    columns,
  );
  return Array.from({ length: columns }, (_, column) => interpreter.at(root, 0, column));
}

/** Compares the derivative of `sum(dy * y)` by every input with central differences. */
function checkDerivative(y: Expression, at: Record<string, number[]>): void {
  const cotangent = at.dy;
  const loss = (values: Record<string, number[]>): number =>
    evaluate(y, values).reduce((sum, value, i) => sum + cotangent[i] * value, 0);
  const gradients = derive([{ output: y, by: ones }], [x, s]);
  const [dx, ds] = simplifyAll([gradients.get(x)!, gradients.get(s)!]);
  const analytic: Record<string, number[]> = { x: evaluate(dx, at), s: [evaluate(ds, at)[0]] };
  for (const name of ['x', 's']) {
    at[name].forEach((value, i) => {
      const step = 1e-5 * (1 + Math.abs(value));
      const moved = (by: number): number => loss({ ...at, [name]: at[name].map((v, j) => (j === i ? v + by : v)) });
      const numeric = (moved(step) - moved(-step)) / (2 * step);
      expect(Math.abs(analytic[name][i] - numeric)).toBeLessThan(1e-6 * (1 + Math.abs(numeric)));
    });
  }
}

const place = { x: [0.7, -1.3, 0.2, 1.9], s: [0.6], dy: [0.3, -0.8, 1.1, 0.5] };

describe('derive', () => {
  const cases: Record<string, Expression> = {
    'a product': mul(x, s, x),
    'a quotient': div(add(x, 3), add(s, square(x))),
    'a difference of roots': sub(sqrt(add(square(x), 1)), abs(s)),
    'exponential and logarithm': log(add(exp(x), exp(s))),
    gates: add(mul(sigmoid(x), s), mul(sub(1, sigmoid(x)), tanh(x))),
    rectifiers: add(relu(x), softplus(mul(x, s))),
    'the error function': mul(x, erf(x)),
    'maximum and minimum': mul(max(x, s), min(x, mul(2, s))),
    'a choice': select(greater(x, 0), mul(x, s), exp(x)),
    'a sum over the row': mul(x, rowSum(mul(x, s))),
    'a sum of row values': add(x, rowSum(add(s, 1))),
    'the largest of the row': sub(x, rowMax(mul(x, s))),
    'a normalised row': div(
      sub(x, div(rowSum(x), columns)),
      sqrt(add(rowSum(square(sub(x, div(rowSum(x), columns)))), 0.1)),
    ),
    'a row value alone': mul(s, s),
  };
  it.each(Object.keys(cases))('agrees with central differences for %s', (name) => {
    checkDerivative(cases[name], place);
  });

  it.each(activationNames)('agrees with central differences for the activation %s', (name) => {
    checkDerivative(activation(name)(mul(x, s)), place);
  });

  it('sees a detached value as a constant', () => {
    const gradient = simplifyAll([derive([{ output: mul(detach(x), x), by: ones }], [x]).get(x)!])[0];
    expect(evaluate(gradient, place)).toEqual(place.x.map((v, i) => place.dy[i] * v));
  });

  it('goes straight through rounding', () => {
    const [dx] = simplifyAll([derive([{ output: mul(round(mul(x, 8)), s), by: ones }], [x, s]).get(x)!]);
    expect(evaluate(dx, { x: [0.3, -2, 0.0625, 9], s: [5], dy: [1, 2, 3, 4] })).toEqual([40, 80, 120, 160]);
  });

  it('agrees with central differences for random smooth expressions', () => {
    const tree: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<Expression>(x, s),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => add(a, b)),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => mul(tanh(a), b)),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => div(a, add(1.5, square(b)))),
        tie('node').map((a) => sigmoid(a)),
        tie('node').map((a) => rowSum(tanh(a))),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (y) => checkDerivative(y, place)),
      { numRuns: 200, seed: 11 },
    );
  });
});

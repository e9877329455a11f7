import { describe, expect, it } from 'vitest';
import {
  add,
  constant,
  detach,
  type Expression,
  leaf,
  log,
  mul,
  neg,
  rowMax,
  rowSum,
  select,
  sigmoid,
  tanh,
} from './build.js';
import { formatExpression, Interpreter } from './interpret.js';
import { operations } from './operations.js';

describe('unaryValue', () => {
  it('of erf agrees with the C library to 15 digits, on both sides of where the formula changes', () => {
    const known: [number, number][] = [
      [0, 0],
      [0.1, 0.1124629160182849],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [2.9, 0.9999589021219005],
      [2.99999, 0.9999779081104291],
      [3, 0.9999779095030014],
      [3.1, 0.9999883513426328],
      [4, 0.9999999845827421],
      [5.9, 0.9999999999999999],
      [7, 1],
      [Infinity, 1],
    ];
    for (const [x, expected] of known) {
      expect(Math.abs(operations.erf.value(x) - expected)).toBeLessThan(1e-13);
      expect(operations.erf.value(-x)).toBe(-operations.erf.value(x));
    }
    expect(operations.erf.value(NaN)).toBeNaN();
  });

  it('of sigmoid and softplus neither overflows nor loses small values', () => {
    expect([-800, -745, -40, 0, 40, 800].map((x) => operations.sigmoid.value(x))).toEqual([
      0,
      Math.exp(-745),
      Math.exp(-40),
      0.5,
      1,
      1,
    ]);
    expect([-800, -40, 0, 40, 800].map((x) => operations.softplus.value(x))).toEqual([
      0,
      Math.exp(-40),
      Math.LN2,
      40,
      800,
    ]);
    expect([-Infinity, Infinity].map((x) => [operations.sigmoid.value(x), operations.softplus.value(x)])).toEqual([
      [0, 0],
      [1, Infinity],
    ]);
  });

  it('lets no NaN disappear', () => {
    for (const operation of [
      'neg',
      'abs',
      'sign',
      'round',
      'sqrt',
      'exp',
      'log',
      'sigmoid',
      'tanh',
      'relu',
      'softplus',
      'erf',
      'detach',
    ] as const)
      expect(operations[operation].value(NaN), operation).toBeNaN();
    for (const operation of ['add', 'sub', 'mul', 'div', 'max', 'min'] as const)
      expect([operations[operation].value(NaN, 1), operations[operation].value(1, NaN)], operation).toEqual([NaN, NaN]);
  });

  it('of round is the nearest whole number, ties to even', () => {
    const x = [-3.5, -2.5, -1.2, -0.5, -0, 0.49999999999999994, 0.5, 1.5, 2.5, 2 ** 52 + 1, -(2 ** 60), -Infinity];
    expect(x.map(operations.round.value)).toEqual([-4, -2, -1, -0, -0, 0, 0, 2, 2, 2 ** 52 + 1, -(2 ** 60), -Infinity]);
  });

  it('of the rest is what the name says', () => {
    expect(
      (['neg', 'abs', 'sign', 'relu', 'detach'] as const).map((operation) => operations[operation].value(-2.5)),
    ).toEqual([2.5, 2.5, -1, 0, -2.5]);
    expect(
      (['sqrt', 'exp', 'log', 'tanh', 'relu'] as const).map((operation) => operations[operation].value(2.25)),
    ).toEqual([1.5, Math.exp(2.25), Math.log(2.25), Math.tanh(2.25), 2.25]);
  });
});

describe('binaryValue', () => {
  it('is what the name says', () => {
    expect(
      (['add', 'sub', 'mul', 'div', 'max', 'min', 'greater', 'equal'] as const).map((operation) =>
        operations[operation].value(6, -1.5),
      ),
    ).toEqual([4.5, 7.5, -9, -4, 6, -1.5, 1, 0]);
    expect([operations.greater.value(2, 2), operations.greater.value(1, 2), operations.equal.value(2, 2)]).toEqual([
      0, 0, 1,
    ]);
  });
});

describe('Interpreter', () => {
  const x = leaf('x');
  const block = [
    [1, 2, 4],
    [-3, 0, 5],
  ];
  const evaluate = (root: Expression): number[][] => {
    const interpreter = new Interpreter((_, row, column) => block[row][column], 3);
    return block.map((row, i) => row.map((_, j) => interpreter.at(root, i, j)));
  };

  it('reads leaves at their place', () => expect(evaluate(x)).toEqual(block));

  it('reduces over the row it is asked for, and not over the one before', () => {
    expect(evaluate(rowSum(x))).toEqual([
      [7, 7, 7],
      [2, 2, 2],
    ]);
    expect(evaluate(rowMax(neg(x)))).toEqual([
      [-1, -1, -1],
      [3, 3, 3],
    ]);
    expect(evaluate(rowSum(constant(1)))).toEqual([
      [3, 3, 3],
      [3, 3, 3],
    ]);
    expect(evaluate(add(x, rowSum(mul(x, rowMax(x)))))).toEqual([
      [29, 30, 32],
      [7, 10, 15],
    ]);
  });

  it('goes back to a row', () => {
    const interpreter = new Interpreter((_, row, column) => block[row][column], 3);
    expect([0, 1, 0].map((row) => interpreter.at(rowSum(x), row, 2))).toEqual([7, 2, 7]);
  });

  it('evaluates only the side of a choice that is taken', () => {
    const guarded = select(leaf('x'), x, log(neg(constant(1))));
    expect(evaluate(guarded)).toEqual([
      [1, 2, 4],
      [-3, NaN, 5],
    ]);
  });

  it('reads a shared value once at each place', () => {
    let reads = 0;
    const interpreter = new Interpreter(() => ++reads, 3);
    const shared = tanh(sigmoid(x));
    const root = add(mul(shared, shared), shared, detach(shared));
    expect(interpreter.at(root, 0, 0)).toBeGreaterThan(0);
    expect(reads).toBe(1);
  });
});

describe('formatExpression', () => {
  it('writes an expression as calls', () => {
    expect(formatExpression(select(leaf('m'), add(leaf('x'), 1), rowSum(tanh(leaf('y')))))).toBe(
      'select(m, add(x, 1), rowSum(tanh(y)))',
    );
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { activationNames } from '../expression/activations.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { activate } from './arithmetic.js';
import * as ops from './index.js';
import { type Tensor, tensor } from './tensor.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const a = tensor([
  [0.7, -1.3, 2.1],
  [-0.4, 1.9, 0.6],
]);
const b = tensor([
  [1.1, -1.3, 0.3],
  [0.9, -0.2, 2.5],
]);
const [valuesA, valuesB] = [a.dataSync(), b.dataSync()];

const binary: Record<
  string,
  [op: (a: Tensor | number, b: Tensor | number) => Tensor, plain: (a: number, b: number) => number]
> = {
  add: [ops.add, (x, y) => x + y],
  sub: [ops.sub, (x, y) => x - y],
  mul: [ops.mul, (x, y) => x * y],
  div: [ops.div, (x, y) => x / y],
  maximum: [ops.maximum, Math.max],
  minimum: [ops.minimum, Math.min],
  greater: [ops.greater, (x, y) => Number(x > y)],
  equal: [ops.equal, (x, y) => Number(x === y)],
};

const unary: Record<string, [op: (x: Tensor) => Tensor, plain: (x: number) => number]> = {
  neg: [ops.neg, (x) => -x],
  abs: [ops.abs, Math.abs],
  sign: [ops.sign, Math.sign],
  square: [ops.square, (x) => x * x],
  exp: [ops.exp, Math.exp],
  sigmoid: [ops.sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  tanh: [ops.tanh, Math.tanh],
  relu: [ops.relu, (x) => Math.max(x, 0)],
  softplus: [ops.softplus, (x) => Math.log(1 + Math.exp(x))],
};

describe('arithmetic', () => {
  it.each(Object.keys(binary))('%s of tensors and numbers, in both orders', (name) => {
    const [op, plain] = binary[name];
    expectClose(
      op(a, b).dataSync(),
      valuesA.map((x, i) => plain(x, valuesB[i])),
      1e-15,
      'tensors',
    );
    expectClose(
      op(a, -1.3).dataSync(),
      valuesA.map((x) => plain(x, -1.3)),
      1e-15,
      'a number at the right',
    );
    expectClose(
      op(-1.3, a).dataSync(),
      valuesA.map((x) => plain(-1.3, x)),
      1e-15,
      'a number at the left',
    );
    expect(op(2, 3).item()).toBe(plain(2, 3));
    expect(op(2, 3).shape).toEqual([]);
  });

  it.each(['add', 'sub', 'mul', 'div'])('%s has the derivative by either side', (name) => {
    const [op] = binary[name];
    expectDerivative(([p, q]) => op(p, q), [a, b], 'tensors');
    expectDerivative(([p]) => op(p, 1.7), [a], 'a number at the right');
    expectDerivative(([p]) => op(1.7, p), [a], 'a number at the left');
  });

  it.each(['maximum', 'minimum'])('%s has the derivative of the operand it takes', (name) => {
    const [op] = binary[name];
    const other = tensor([
      [1.1, -1.2, 0.3],
      [0.9, -0.2, 2.5],
    ]);
    expectDerivative(([p, q]) => op(p, q), [a, other]);
  });

  it.each(Object.keys(unary))('%s', (name) => {
    const [op, plain] = unary[name];
    expectClose(op(a).dataSync(), valuesA.map(plain), 1e-15, name);
    expectDerivative(([x]) => op(x), [a]);
  });

  it('sqrt and log of positive numbers', () => {
    const positive = tensor([
      [0.3, 4, 9.5],
      [1, 1e-3, 700],
    ]);
    expectClose(ops.sqrt(positive).dataSync(), positive.dataSync().map(Math.sqrt), 1e-15, 'sqrt');
    expectClose(ops.log(positive).dataSync(), positive.dataSync().map(Math.log), 1e-15, 'log');
    const tame = tensor([0.3, 4, 9.5]);
    expectDerivative(([x]) => ops.sqrt(x), [tame]);
    expectDerivative(([x]) => ops.log(x), [tame]);
  });

  it.each(backendNames)('activations stay finite where their value is, up to +-500 on %s', (backend) => {
    useBackend(backend);
    const wide = tensor([-500, -100, -1, 0, 1, 80, 100, 500]);
    expectClose(
      ops.sigmoid(wide).dataSync(),
      [0, 0, 1 / (1 + Math.E), 0.5, Math.E / (1 + Math.E), 1, 1, 1],
      1e-6,
      'sigmoid',
    );
    expectClose(ops.tanh(wide).dataSync(), [-1, -1, Math.tanh(-1), 0, Math.tanh(1), 1, 1, 1], 1e-6, 'tanh');
    expectClose(
      ops.softplus(wide).dataSync(),
      [0, 0, Math.log1p(Math.exp(-1)), Math.LN2, 1 + Math.log1p(Math.exp(-1)), 80, 100, 500],
      1e-6,
      'softplus',
    );
    expectClose(ops.softmax(wide).dataSync(), [0, 0, 0, 0, 0, 0, 0, 1], 1e-6, 'softmax');
  });
});

describe('activate', () => {
  it('knows every activation by its name', () => {
    for (const name of activationNames) expect(activate(name, a).shape).toEqual(a.shape);
    expect(activate('linear', a)).toBe(a);
    expectClose(
      activate('softsign', a).dataSync(),
      valuesA.map((x) => x / (1 + Math.abs(x))),
      1e-15,
      'softsign',
    );
  });

  it('suggests the nearest name', () => {
    expect(messageOf(() => activate('sigmoyd' as 'sigmoid', a, 'Dense dense'))).toMatch(
      /^\[UNKNOWN_NAME\] Dense dense: unknown activation `sigmoyd`; did you mean `sigmoid`/,
    );
  });
});

describe('softmax', () => {
  it('runs along the last axis', () => {
    const rows = ops
      .softmax(
        tensor([
          [
            [1, 2, 3],
            [0, 0, 0],
          ],
        ]),
      )
      .array() as number[][][];
    const total = Math.exp(1) + Math.exp(2) + Math.exp(3);
    expectClose(rows[0][0], [Math.exp(1) / total, Math.exp(2) / total, Math.exp(3) / total], 1e-15, 'row');
    expectClose(rows[0][1], [1 / 3, 1 / 3, 1 / 3], 1e-15, 'even row');
    expectDerivative(([x]) => ops.softmax(x), [a]);
  });
});

import { type ActivationFunction, type ActivationName, activation } from '../expression/activations.js';
import * as e from '../expression/build.js';
import { applyPointwise, type PointwiseFunction } from './pointwise.js';
import { type Tensor, tensor } from './tensor.js';

/** What elementwise operations take: numbers stand for tensors of one value. */
export type TensorLike = Tensor | number;

function unary(name: string, build: ActivationFunction): (x: Tensor) => Tensor {
  const fn: PointwiseFunction = { name, build: ([x]) => build(x) };
  return (x) => applyPointwise(fn, [x]);
}

function binary(
  name: string,
  build: (a: e.Expression, b: e.Expression) => e.Expression,
): (a: TensorLike, b: TensorLike) => Tensor {
  const both: PointwiseFunction = { name, build: ([a, b]) => build(a, b) };
  const left: PointwiseFunction = { name, build: ([a], { b }) => build(a, b), scalars: ['b'] };
  const right: PointwiseFunction = { name, build: ([b], { a }) => build(a, b), scalars: ['a'] };
  return (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return applyPointwise(left, [tensor(a)], { b });
    if (typeof b === 'number') return applyPointwise(left, [a as Tensor], { b });
    if (typeof a === 'number') return applyPointwise(right, [b], { a });
    return applyPointwise(both, [a, b]);
  };
}

export const add = binary('add', (a, b) => e.add(a, b));
export const sub = binary('sub', e.sub);
export const mul = binary('mul', (a, b) => e.mul(a, b));
export const div = binary('div', e.div);
export const maximum = binary('maximum', e.max);
export const minimum = binary('minimum', e.min);
export const greater = binary('greater', e.greater);
export const equal = binary('equal', e.equal);

export const neg = unary('neg', e.neg);
export const abs = unary('abs', e.abs);
export const sign = unary('sign', e.sign);
export const sqrt = unary('sqrt', e.sqrt);
export const square = unary('square', e.square);
export const exp = unary('exp', e.exp);
/** Natural logarithm. */
export const log = unary('log', e.log);
export const sigmoid = unary('sigmoid', e.sigmoid);
export const tanh = unary('tanh', e.tanh);
export const relu = unary('relu', e.relu);
export const softplus = unary('softplus', e.softplus);

const activationFunctions = new Map<string, PointwiseFunction>();

/** Applies a named activation; softmax runs along the last axis. @throws UNKNOWN_NAME */
export function activate(name: ActivationName, x: Tensor, where = 'activation'): Tensor {
  if (name === 'linear') return x;
  let fn = activationFunctions.get(name);
  if (fn === undefined) {
    const build = activation(name, where);
    fn = { name, build: ([operand]) => build(operand), alongRows: name === 'softmax' };
    activationFunctions.set(name, fn);
  }
  return applyPointwise(fn, [x]);
}

const logSoftmaxFunction: PointwiseFunction = {
  name: 'logSoftmax',
  build: ([x]) => {
    const shifted = e.sub(x, e.detach(e.rowMax(x)));
    return e.sub(shifted, e.log(e.rowSum(e.exp(shifted))));
  },
  alongRows: true,
};

/** The logarithm of {@link softmax}, without overflow and without the rounding of probabilities to 0. */
export function logSoftmax(x: Tensor): Tensor {
  return applyPointwise(logSoftmaxFunction, [x]);
}

/** Normalised exponentials along the last axis. */
export function softmax(x: Tensor): Tensor {
  return activate('softmax', x);
}

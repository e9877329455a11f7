import { type ActivationName, activation } from '../../expression/activations.js';
import * as e from '../../expression/build.js';
import * as ops from '../../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import { Tensor } from '../../tensor/tensor.js';
import { asTensor, numberOfType, WholeNumbers } from './onnx-values.js';
import type { Operator } from './operator.js';

/** Operators that compute each number of a result from one in the same place. */
export const functionOperators: Readonly<Record<string, Operator>> = {
  Neg: unary(ops.neg, (x) => -x),
  Abs: unary(ops.abs, Math.abs),
  Sign: unary(ops.sign, Math.sign),
  Sqrt: unary(ops.sqrt),
  Exp: unary(ops.exp),
  Log: unary(ops.log),
  Reciprocal: unary((x) => ops.div(1, x)),
  Sigmoid: unary(ops.sigmoid),
  Tanh: unary(ops.tanh),
  Relu: unary(ops.relu, (x) => Math.max(0, x)),
  Softplus: unary(ops.softplus),
  Softsign: named('softsign'),
  Mish: named('mish'),
  Erf: pointwise('onnx.Erf', {}, (x) => e.erf(x)),
  Elu: pointwise('onnx.Elu', { alpha: 1 }, (x, { alpha }) =>
    e.select(e.greater(x, 0), x, e.mul(alpha, e.sub(e.exp(e.min(x, 0)), 1))),
  ),
  LeakyRelu: pointwise('onnx.LeakyRelu', { alpha: 0.01 }, (x, { alpha }) =>
    e.select(e.greater(x, 0), x, e.mul(alpha, x)),
  ),
  HardSigmoid: pointwise('onnx.HardSigmoid', { alpha: 0.2, beta: 0.5 }, (x, { alpha, beta }) =>
    e.max(0, e.min(1, e.add(e.mul(alpha, x), beta))),
  ),
  Selu: pointwise('onnx.Selu', { alpha: 1.6732632423543772, gamma: 1.0507009873554805 }, (x, { alpha, gamma }) =>
    e.mul(gamma, e.select(e.greater(x, 0), x, e.mul(alpha, e.sub(e.exp(e.min(x, 0)), 1)))),
  ),
  Celu: pointwise('onnx.Celu', { alpha: 1 }, (x, { alpha }) =>
    e.add(e.max(x, 0), e.min(0, e.mul(alpha, e.sub(e.exp(e.min(e.div(x, alpha), 0)), 1)))),
  ),
  ThresholdedRelu: pointwise('onnx.ThresholdedRelu', { alpha: 1 }, (x, { alpha }) =>
    e.select(e.greater(x, alpha), x, 0),
  ),
  HardSwish: pointwise('onnx.HardSwish', {}, (x) => e.mul(x, e.max(0, e.min(1, e.add(e.mul(1 / 6, x), 0.5))))),
  Swish: pointwise('onnx.Swish', { alpha: 1 }, (x, { alpha }) => e.mul(x, e.sigmoid(e.mul(alpha, x)))),
  Gelu: {
    attributes: ['approximate'],
    inputs: [1, 1],
    check(node) {
      const form = node.attribute('approximate', 'STRING') ?? 'none';
      if (!Object.hasOwn(gelus, form))
        throw node.fault('`approximate` is none that there is.', Object.keys(gelus).join(', '), form);
    },
    run: (call) => [applyPointwise(gelus[call.node.attribute('approximate', 'STRING') ?? 'none'], [call.tensor(0)])],
  },
  Round: pointwise(
    'onnx.Round',
    {},
    (x) => e.detach(e.round(x)),
    (x) => x,
  ),
  Floor: pointwise(
    'onnx.Floor',
    {},
    (x) => e.detach(floor(x)),
    (x) => x,
  ),
  Ceil: pointwise(
    'onnx.Ceil',
    {},
    (x) => e.detach(e.neg(floor(e.neg(x)))),
    (x) => x,
  ),
  Sin: pointwise('onnx.Sin', {}, (x) => sine(x)),
  Cos: pointwise('onnx.Cos', {}, (x) => cosine(x)),
  IsNaN: ofFloats(Number.isNaN),
  IsInf: {
    attributes: ['detect_negative', 'detect_positive'],
    inputs: [1, 1],
    run(call) {
      const [below, above] = ['negative', 'positive'].map((sign) => call.node.integer(`detect_${sign}`, 1) !== 0);
      return [flagsOf(call.tensor(0), (x) => (x === Infinity && above) || (x === -Infinity && below))];
    },
  },
};

/** Hendrycks and Gimpel 2016, "Gaussian error linear units", the exact form and that by a tanh. */
const gelus: Readonly<Record<string, PointwiseFunction>> = {
  none: { name: 'onnx.Gelu', build: ([x]) => activation('gelu')(x) },
  tanh: {
    name: 'onnx.Gelu.tanh',
    build: ([x]) => {
      const inner = e.mul(Math.sqrt(2 / Math.PI), e.add(x, e.mul(0.044715, x, x, x)));
      return e.mul(0.5, x, e.add(1, e.tanh(inner)));
    },
  },
};

/** The largest whole number that is not above. */
export function floor(x: e.Expression): e.Expression {
  const nearest = e.round(x);
  return e.sub(nearest, e.greater(nearest, x));
}

/** Pi as a sum of numbers of few digits, so that whole multiples of the first ones are exact in float32. */
const partsOfPi = [3.140625, 0.0009670257568359375, 6.2771141529083251953125e-7, 1.21542e-10] as const;

/** `sin(x) = (-1)^k sin(x - k pi)`, the latter by its Taylor series up to pi / 2; to 1e-6 for |x| below 1000. */
function sine(x: e.Expression): e.Expression {
  const k = e.detach(e.round(e.mul(1 / Math.PI, x)));
  return e.mul(alternating(k), nearZero(x, k));
}

/** `cos(x) = -(-1)^k sin(x - (k + 1/2) pi)`. */
function cosine(x: e.Expression): e.Expression {
  const k = e.detach(e.round(e.sub(e.mul(1 / Math.PI, x), 0.5)));
  return e.mul(-1, alternating(k), nearZero(x, e.add(k, 0.5)));
}

/** 1 for even numbers, -1 for odd ones. */
function alternating(k: e.Expression): e.Expression {
  return e.sub(1, e.mul(2, e.abs(e.sub(k, e.mul(2, e.round(e.mul(0.5, k)))))));
}

function nearZero(x: e.Expression, multiple: e.Expression): e.Expression {
  const rest = partsOfPi.reduce((left: e.Expression, part) => e.sub(left, e.mul(multiple, part)), x);
  const square = e.mul(rest, rest);
  let series: e.Expression = e.constant(1);
  for (let n = 12; n >= 2; n -= 2) series = e.sub(1, e.mul(e.mul(1 / (n * (n + 1)), square), series));
  return e.mul(rest, series);
}

/** Truth values stay on the host, so floats are read from their device. */
function flagsOf(x: Tensor, holds: (x: number) => boolean): WholeNumbers {
  return new WholeNumbers(
    'bool',
    x.shape,
    Float64Array.from(x.dataSync(), (value) => Number(holds(value))),
  );
}

function ofFloats(holds: (x: number) => boolean): Operator {
  return { inputs: [1, 1], run: (call) => [flagsOf(call.tensor(0), holds)] };
}

export function mapped(value: WholeNumbers, map: (x: number) => number): WholeNumbers {
  const held = numberOfType(value.type);
  return new WholeNumbers(
    value.type,
    value.shape,
    value.data.map((x) => held(map(x))),
  );
}

function unary(run: (x: Tensor) => Tensor, ofWholes?: (x: number) => number): Operator {
  return {
    inputs: [1, 1],
    run(call) {
      const value = call.value(0);
      if (value instanceof Tensor) return [run(value)];
      if (ofWholes === undefined) throw call.node.fault('it takes floats.', 'floats', value.type);
      return [mapped(value, ofWholes)];
    },
  };
}

function named(name: ActivationName): Operator {
  const fn: PointwiseFunction = { name: `onnx.${name}`, build: ([x]) => activation(name)(x) };
  return unary((x) => applyPointwise(fn, [x]));
}

/** A function of one tensor, with numbers that attributes give. @param ofWholes where whole numbers stay such. */
function pointwise<Name extends string>(
  name: string,
  numbers: Readonly<Record<Name, number>>,
  build: (x: e.Expression, numbers: Readonly<Record<Name, e.Expression>>) => e.Expression,
  ofWholes?: (x: number) => number,
): Operator {
  const names = Object.keys(numbers) as Name[];
  const fn: PointwiseFunction = {
    name,
    build: ([x], scalars) => build(x, scalars as Record<Name, e.Expression>),
    scalars: names,
  };
  return {
    attributes: names,
    inputs: [1, 1],
    run(call) {
      const value = call.value(0);
      if (value instanceof WholeNumbers && ofWholes !== undefined) return [mapped(value, ofWholes)];
      const given = names.map((key) => [key, call.node.attribute(key, 'FLOAT') ?? numbers[key]]);
      return [applyPointwise(fn, [asTensor(value)], Object.fromEntries(given) as Record<Name, number>)];
    },
  };
}

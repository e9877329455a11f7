import { unknownName } from '../errors.js';
import {
  abs,
  add,
  detach,
  div,
  type Expression,
  erf,
  exp,
  greater,
  max,
  min,
  mul,
  relu,
  rowMax,
  rowSum,
  select,
  sigmoid,
  softplus,
  sub,
  tanh,
} from './build.js';

/** Builds the expression of an activation from the expression it is applied to. */
export type ActivationFunction = (x: Expression) => Expression;

/** Normalised exponentials of a row; the largest value is subtracted first, so no finite row overflows. */
export function softmax(x: Expression): Expression {
  const exponentials = exp(sub(x, detach(rowMax(x))));
  return div(exponentials, rowSum(exponentials));
}

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

function elu(x: Expression): Expression {
  return select(greater(x, 0), x, sub(exp(min(x, 0)), 1));
}

/** Keras 3's activations and their constants, as equations. */
const activationTable = {
  linear: (x) => x,
  relu: (x) => relu(x),
  sigmoid: (x) => sigmoid(x),
  tanh: (x) => tanh(x),
  softmax,
  softplus: (x) => softplus(x),
  softsign: (x) => div(x, add(1, abs(x))),
  elu,
  /** Klambauer et al. 2017, "Self-normalizing neural networks", eq. 2. */
  selu: (x) => mul(SELU_SCALE, select(greater(x, 0), x, mul(SELU_ALPHA, sub(exp(min(x, 0)), 1)))),
  /** Hendrycks and Gimpel 2016, "Gaussian error linear units", the exact form. */
  gelu: (x) => mul(0.5, x, add(1, erf(mul(x, Math.SQRT1_2)))),
  silu: (x) => mul(x, sigmoid(x)),
  swish: (x) => mul(x, sigmoid(x)),
  mish: (x) => mul(x, tanh(softplus(x))),
  exponential: (x) => exp(x),
  /** Keras 3: `relu6(x + 3) / 6`. */
  hardSigmoid: (x) => div(min(max(add(x, 3), 0), 6), 6),
  /** Theano's, Keras 2's and ONNX's: `clip(0.2 x + 0.5, 0, 1)`. */
  hardSigmoidTheano: (x) => min(max(add(mul(0.2, x), 0.5), 0), 1),
  leakyRelu: (x) => select(greater(x, 0), x, mul(0.2, x)),
  relu6: (x) => min(relu(x), 6),
} satisfies Record<string, ActivationFunction>;

export type ActivationName = keyof typeof activationTable;

export const activationNames = Object.keys(activationTable) as ActivationName[];

/** A name that is any text, as the name of an activation. @throws UNKNOWN_NAME with the nearest names. */
export function activationNamed(name: string, where = 'activation'): ActivationName {
  activation(name, where);
  return name as ActivationName;
}

/** The equation of a named activation. @throws UNKNOWN_NAME with the nearest names. */
export function activation(name: string, where = 'activation'): ActivationFunction {
  if (activationNames.includes(name as ActivationName)) return activationTable[name as ActivationName];
  const own = 'An equation of your own goes into a cell (defineCell) or a layer of your own.';
  throw unknownName(where, 'activation', String(name), activationNames, own);
}

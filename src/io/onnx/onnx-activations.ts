import type { ActivationFunction, ActivationName } from '../../expression/activations.js';
import { activation } from '../../expression/activations.js';
import { add, exp, greater, max, min, mul, select, sub, tanh } from '../../expression/build.js';

/** What an activation of a recurrent node needs beside its name, where the node gives none. */
interface OnnxActivation {
  /** Numbers by default; those that there are can be given. */
  readonly alpha?: number;
  readonly beta?: number;
  /** Its name here, where the numbers are these. */
  readonly named?: { readonly name: ActivationName; readonly alpha?: number; readonly beta?: number };
  readonly build: (alpha: number, beta: number) => ActivationFunction;
}

/** ONNX's activations of RNN, GRU and LSTM, by their names in lower case; defaults as in the operators of these names. */
const onnxActivations: Readonly<Record<string, OnnxActivation>> = {
  relu: plain('relu'),
  tanh: plain('tanh'),
  sigmoid: plain('sigmoid'),
  softsign: plain('softsign'),
  softplus: plain('softplus'),
  affine: {
    alpha: 1,
    beta: 0,
    named: { name: 'linear', alpha: 1, beta: 0 },
    build: (alpha, beta) => (x) => add(mul(alpha, x), beta),
  },
  leakyrelu: { alpha: 0.01, build: (alpha) => (x) => select(greater(x, 0), x, mul(alpha, x)) },
  thresholdedrelu: { alpha: 1, build: (alpha) => (x) => select(greater(x, alpha), x, 0) },
  scaledtanh: { alpha: 1, beta: 1, build: (alpha, beta) => (x) => mul(alpha, tanh(mul(beta, x))) },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    build: (alpha, beta) => (x) => max(0, min(1, add(mul(alpha, x), beta))),
  },
  elu: {
    alpha: 1,
    named: { name: 'elu', alpha: 1 },
    build: (alpha) => (x) => select(greater(x, 0), x, mul(alpha, sub(exp(min(x, 0)), 1))),
  },
};

function plain(name: ActivationName): OnnxActivation {
  return { named: { name }, build: () => activation(name) };
}

/** An activation of a recurrent node. */
export interface ChosenActivation {
  /** Its name in this library, where it has one. */
  readonly name: ActivationName | undefined;
  readonly build: ActivationFunction;
}

/**
 * Activations by their names in ONNX; numbers are taken from the lists in order, by those that have such a number.
 *
 * @returns undefined in the place of a name that is not known
 */
export function onnxActivationsOf(
  names: readonly string[],
  alphas: readonly number[],
  betas: readonly number[],
): (ChosenActivation | undefined)[] {
  const [restOfAlphas, restOfBetas] = [[...alphas], [...betas]];
  return names.map((name) => {
    const key = name.toLowerCase();
    if (!Object.hasOwn(onnxActivations, key)) return undefined;
    const known = onnxActivations[key];
    const alpha = known.alpha === undefined ? undefined : (restOfAlphas.shift() ?? known.alpha);
    const beta = known.beta === undefined ? undefined : (restOfBetas.shift() ?? known.beta);
    const { named } = known;
    return {
      name: named !== undefined && named.alpha === alpha && named.beta === beta ? named.name : undefined,
      build: known.build(alpha ?? 0, beta ?? 0),
    };
  });
}

import { add, constant, div, type Expression, mul, rowSum, sqrt, square, sub } from './build.js';

/** Added to the variance: PyTorch's default for layer normalisation. */
const defaultEpsilon = 1e-5;

/**
 * A value of every unit, with mean 0 and variance 1 over the units of a row: `(x - mean) / sqrt(variance + epsilon)`.
 */
export function normalized(x: Expression, epsilon = defaultEpsilon): Expression {
  return normalizedTogether([x], epsilon)[0];
}

/**
 * The same with one mean and one variance over all units of all parts, such as the gates of a product. Ba, Kiros and
 * Hinton 2016, "Layer normalization", eq. 4.
 */
export function normalizedTogether(parts: readonly Expression[], epsilon = defaultEpsilon): Expression[] {
  const mean = meanOf(parts);
  const centred = parts.map((part) => sub(part, mean));
  const deviation = sqrt(add(meanOf(centred.map(square)), epsilon));
  return centred.map((part) => div(part, deviation));
}

function meanOf([first, ...others]: readonly Expression[]): Expression {
  return div(rowSum(add(first, ...others)), mul(1 + others.length, rowSum(constant(1))));
}

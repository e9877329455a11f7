import { add, div, type Expression, mul, rowSum, sqrt, square, sub } from '../expression/build.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor } from '../tensor/tensor.js';
import { requireFeatures } from './input-axes.js';
import { knownAxis, type OpenShape, singleInput } from './layer.js';
import { NormalizationLayer, type NormalizationOptions } from './normalization-layer.js';

/** Keras 3's options, but for `axis`: the last axis is normalised. */
export type LayerNormalizationOptions = NormalizationOptions;

/**
 * `(x - mean) / sqrt(variance + epsilon) * gamma + beta` with mean and variance of each row of the last axis. Ba, Kiros
 * and Hinton 2016, "Layer normalization". Input and output `[batch, ..., features]`; a mask goes on with the output.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE
 */
export class LayerNormalization extends NormalizationLayer {
  readonly className = 'LayerNormalization';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime = true;
  readonly #fn: PointwiseFunction;

  constructor(options: LayerNormalizationOptions = {}) {
    super('LayerNormalization', options);
    const { scale = true, center = true } = options;
    this.#fn = normalizations[`${scale} ${center}`];
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireFeatures(this, inputShape, this.buildShape?.at(-1) ?? null);
    return inputShape;
  }

  override build(inputShape: OpenShape): void {
    this.addScale(knownAxis('LayerNormalization', inputShape, -1, 'features'));
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const operands = [input, this.gamma, this.beta].filter((operand) => operand !== undefined);
    return applyPointwise(this.#fn, operands, { share: 1 / input.shape.at(-1)!, epsilon: this.epsilon });
  }
}

/** @param share one over the number of features. */
function normalized(x: Expression, share: Expression, epsilon: Expression): Expression {
  const centred = sub(x, mul(rowSum(x), share));
  const variance = mul(rowSum(square(centred)), share);
  return div(centred, sqrt(add(variance, epsilon)));
}

const scalars = ['share', 'epsilon'];

/** Rows of mean 0 and variance 1. */
export const normalizedRows: PointwiseFunction = {
  name: 'normalize',
  build: ([x], { share, epsilon }) => normalized(x, share, epsilon),
  scalars,
  alongRows: true,
};

/** By `scale center`. */
const normalizations: Readonly<Record<string, PointwiseFunction>> = {
  'true true': {
    name: 'normalize, scale, center',
    build: ([x, gamma, beta], { share, epsilon }) => add(mul(normalized(x, share, epsilon), gamma), beta),
    scalars,
    alongRows: true,
  },
  'true false': {
    name: 'normalize, scale',
    build: ([x, gamma], { share, epsilon }) => mul(normalized(x, share, epsilon), gamma),
    scalars,
    alongRows: true,
  },
  'false true': {
    name: 'normalize, center',
    build: ([x, beta], { share, epsilon }) => add(normalized(x, share, epsilon), beta),
    scalars,
    alongRows: true,
  },
  'false false': normalizedRows,
};

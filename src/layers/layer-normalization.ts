import { requireNumber } from '../errors.js';
import { add, div, type Expression, mul, rowSum, sqrt, square, sub } from '../expression/build.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor, Variable } from '../tensor/tensor.js';
import type { ConstraintLike } from './constraints.js';
import type { InitializerLike } from './initializers.js';
import { requireFeatures } from './input-axes.js';
import {
  type Json,
  knownAxis,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
  type WeightOptions,
} from './layer.js';
import { plainOptions } from './plain-options.js';
import type { RegularizerLike } from './regularizers.js';
import { weightOptions } from './weight-options.js';

/** Keras 3's options, but for `axis`: the last axis is normalised. */
export interface LayerNormalizationOptions extends LayerOptions {
  /** Added to the variance. Default 1e-3. */
  epsilon?: number | undefined;
  /** Whether `beta` is added. Default true. */
  center?: boolean | undefined;
  /** Whether the result is multiplied by `gamma`. Default true. */
  scale?: boolean | undefined;
  /** Default zeros. */
  betaInitializer?: InitializerLike | undefined;
  /** Default ones. */
  gammaInitializer?: InitializerLike | undefined;
  betaRegularizer?: RegularizerLike | undefined;
  gammaRegularizer?: RegularizerLike | undefined;
  betaConstraint?: ConstraintLike | undefined;
  gammaConstraint?: ConstraintLike | undefined;
}

const optionNames: readonly string[] = [
  'epsilon',
  'center',
  'scale',
  'betaInitializer',
  'gammaInitializer',
  'betaRegularizer',
  'gammaRegularizer',
  'betaConstraint',
  'gammaConstraint',
];

/**
 * `(x - mean) / sqrt(variance + epsilon) * gamma + beta` with mean and variance of each row of the last axis. Ba, Kiros
 * and Hinton 2016, "Layer normalization". Input and output `[batch, ..., features]`; a mask goes on with the output.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE
 */
export class LayerNormalization extends Layer {
  readonly className = 'LayerNormalization';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime = true;
  readonly #epsilon: number;
  readonly #fn: PointwiseFunction;
  readonly #gammaOptions: WeightOptions | undefined;
  readonly #betaOptions: WeightOptions | undefined;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;

  readonly #options: LayerNormalizationOptions;

  constructor(options: LayerNormalizationOptions = {}) {
    super('LayerNormalization', options, optionNames);
    this.#options = options;
    this.#epsilon = options.epsilon ?? 1e-3;
    requireNumber('LayerNormalization', 'epsilon', this.#epsilon, 'a number of at least 0', (v) => v >= 0);
    const { scale = true, center = true } = options;
    this.#fn = normalizations[`${scale} ${center}`];
    if (scale) this.#gammaOptions = weightOptions('LayerNormalization', 'gamma', options, 'ones');
    if (center) this.#betaOptions = weightOptions('LayerNormalization', 'beta', options, 'zeros');
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireFeatures(this, inputShape, this.buildShape?.at(-1) ?? null);
    return inputShape;
  }

  override build(inputShape: OpenShape): void {
    const shape = [knownAxis('LayerNormalization', inputShape, -1, 'features')];
    if (this.#gammaOptions !== undefined) this.#gamma = this.addWeight('gamma', shape, this.#gammaOptions);
    if (this.#betaOptions !== undefined) this.#beta = this.addWeight('beta', shape, this.#betaOptions);
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const operands = [input, this.#gamma, this.#beta].filter((operand) => operand !== undefined);
    return applyPointwise(this.#fn, operands, { share: 1 / input.shape.at(-1)!, epsilon: this.#epsilon });
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...plainOptions(this.#options), ...this.baseConfig(), epsilon: this.#epsilon };
  }
}

/** @param share one over the number of features. */
function normalized(x: Expression, share: Expression, epsilon: Expression): Expression {
  const centred = sub(x, mul(rowSum(x), share));
  const variance = mul(rowSum(square(centred)), share);
  return div(centred, sqrt(add(variance, epsilon)));
}

const scalars = ['share', 'epsilon'];

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
  'false false': {
    name: 'normalize',
    build: ([x], { share, epsilon }) => normalized(x, share, epsilon),
    scalars,
    alongRows: true,
  },
};

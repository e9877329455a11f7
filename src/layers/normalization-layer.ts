import { requireBoolean, requireNumber } from '../errors.js';
import { add, mul } from '../expression/build.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import type { ConstraintLike } from './constraints.js';
import type { InitializerLike } from './initializers.js';
import { type Json, Layer, type LayerOptions, type WeightOptions } from './layer.js';
import { plainOptions } from './plain-options.js';
import type { RegularizerLike } from './regularizers.js';
import { weightOptions } from './weight-options.js';

/** Keras 3's options of layers that bring values to mean 0 and variance 1. */
export interface NormalizationOptions extends LayerOptions {
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

const normalizationOptionNames: readonly (keyof NormalizationOptions)[] = [
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

/** What layers that normalise have in common: `gamma` and `beta`, which give every feature another scale and mean. */
export abstract class NormalizationLayer extends Layer {
  protected gamma: Variable | undefined;
  protected beta: Variable | undefined;
  protected readonly epsilon: number;
  readonly #gammaOptions: WeightOptions;
  readonly #betaOptions: WeightOptions;

  constructor(
    className: string,
    protected readonly options: NormalizationOptions,
    known: readonly string[] = [],
  ) {
    super(className, options, [...normalizationOptionNames, ...known]);
    this.epsilon = options.epsilon ?? 1e-3;
    requireNumber(className, 'epsilon', this.epsilon, 'a number of at least 0', (v) => v >= 0);
    requireBoolean(className, 'center', options.center);
    requireBoolean(className, 'scale', options.scale);
    this.#gammaOptions = weightOptions(className, 'gamma', options, 'ones');
    this.#betaOptions = weightOptions(className, 'beta', options, 'zeros');
  }

  /** Makes gamma and beta. */
  protected addScale(width: number): void {
    const { scale = true, center = true } = this.options;
    if (scale) this.gamma = this.addWeight('gamma', [width], this.#gammaOptions);
    if (center) this.beta = this.addWeight('beta', [width], this.#betaOptions);
  }

  /** `x * gamma + beta`, without what there is not. @param x with the features last. */
  protected rescaled(x: Tensor): Tensor {
    const { gamma, beta } = this;
    if (gamma === undefined) return beta === undefined ? x : ops.add(x, beta);
    return beta === undefined ? ops.mul(x, gamma) : applyPointwise(scaledAndMoved, [x, gamma, beta]);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...plainOptions(this.options), ...this.baseConfig(), epsilon: this.epsilon };
  }
}

const scaledAndMoved: PointwiseFunction = {
  name: 'scaled, moved',
  build: ([x, gamma, beta]) => add(mul(x, gamma), beta),
};

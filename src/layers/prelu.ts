import { RondoError } from '../errors.js';
import { greater, mul, select } from '../expression/build.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import type { ConstraintLike } from './constraints.js';
import type { InitializerLike } from './initializers.js';
import { titleOf } from './input-axes.js';
import {
  describeOpenShape,
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

export interface PReLUOptions extends LayerOptions {
  /** Default zeros. */
  alphaInitializer?: InitializerLike | undefined;
  alphaRegularizer?: RegularizerLike | undefined;
  alphaConstraint?: ConstraintLike | undefined;
  /** Axes along which slopes are the same, such as 1 for time; they count from 1. Default none. */
  sharedAxes?: readonly number[] | undefined;
}

const slope: PointwiseFunction = {
  name: 'learned slope',
  build: ([x, alpha]) => select(greater(x, 0), x, mul(x, alpha)),
};

/**
 * `x` above 0, `alpha * x` below, with a learned alpha for each value of a sample. He et al. 2015, "Delving deep into
 * rectifiers". Input `[batch, ...]`; axes that are not shared must have a known size. A mask goes on with the output.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE
 */
export class PReLU extends Layer {
  readonly className = 'PReLU';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime: boolean;
  readonly #options: PReLUOptions;
  readonly #alphaOptions: WeightOptions;
  readonly #sharedAxes: readonly number[];
  #alpha!: Variable;

  constructor(options: PReLUOptions = {}) {
    super('PReLU', options, ['alphaInitializer', 'alphaRegularizer', 'alphaConstraint', 'sharedAxes']);
    this.#options = options;
    this.#alphaOptions = weightOptions('PReLU', 'alpha', options, 'zeros');
    this.#sharedAxes = options.sharedAxes ?? [];
    this.isPointwiseInTime = this.#sharedAxes.includes(1);
    if (Array.isArray(this.#sharedAxes) && this.#sharedAxes.every((axis) => Number.isInteger(axis) && axis >= 1))
      return;
    throw new RondoError('OUT_OF_RANGE', {
      where: 'PReLU',
      what: '`sharedAxes` is no list of axes.',
      expected: 'whole numbers of at least 1',
      received: JSON.stringify(options.sharedAxes),
      fix: 'write sharedAxes: [1] to share slopes along time.',
    });
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    const { buildShape } = this;
    const fits =
      buildShape === undefined
        ? this.#sharedAxes.every((axis) => axis < inputShape.length)
        : buildShape.length === inputShape.length &&
          buildShape.every((size, axis) => axis === 0 || this.#sharedAxes.includes(axis) || size === inputShape[axis]);
    if (fits) return inputShape;
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: 'the input has the wrong shape.',
      expected:
        buildShape === undefined ? `axes up to ${Math.max(...this.#sharedAxes)}` : describeOpenShape(buildShape),
      received: describeOpenShape(inputShape),
      fix: 'share the slopes along axes of any size with sharedAxes.',
    });
  }

  override build(inputShape: OpenShape): void {
    const shape = inputShape
      .map((_, axis) =>
        axis === 0 || this.#sharedAxes.includes(axis) ? 1 : knownAxis('PReLU', inputShape, axis, `${axis}`),
      )
      .slice(1);
    this.#alpha = this.addWeight('alpha', shape, this.#alphaOptions);
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    return applyPointwise(slope, [input, this.#alpha]);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...plainOptions(this.#options), ...this.baseConfig() };
  }
}

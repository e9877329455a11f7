import { requireNumber } from '../errors.js';
import { greater, mul, select } from '../expression/build.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';

export interface LeakyReLUOptions extends LayerOptions {
  /** What negative values are multiplied with, at least 0. Default 0.3. */
  negativeSlope?: number | undefined;
}

const leaky: PointwiseFunction = {
  name: 'leaky relu',
  build: ([x], { slope }) => select(greater(x, 0), x, mul(x, slope)),
  scalars: ['slope'],
};

/**
 * `x` above 0, `negativeSlope * x` below. Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network
 * acoustic models". A mask goes on with the output. (The activation `leakyRelu` has the slope 0.2, as in Keras.)
 */
export class LeakyReLU extends Layer {
  readonly className = 'LeakyReLU';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime = true;
  readonly negativeSlope: number;

  constructor(options: LeakyReLUOptions = {}) {
    super('LeakyReLU', options, ['negativeSlope']);
    this.negativeSlope = options.negativeSlope ?? 0.3;
    requireNumber('LeakyReLU', 'negativeSlope', this.negativeSlope, 'a number of at least 0', (slope) => slope >= 0);
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    return applyPointwise(leaky, [singleInput(this.name, inputs)], { slope: this.negativeSlope });
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), negativeSlope: this.negativeSlope };
  }
}

import { requireNumber } from '../errors.js';
import { currentRandom } from '../random.js';
import * as ops from '../tensor/index.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import type { Stepper } from './stepper.js';

export interface GaussianNoiseOptions extends LayerOptions {
  /** Standard deviation of the noise, at least 0. */
  stddev: number;
}

/**
 * Adds normal noise of mean 0 to every value in training; otherwise the identity. A mask goes on with the output. Draws
 * follow `setSeed`.
 */
export class GaussianNoise extends Layer {
  readonly className = 'GaussianNoise';
  protected override readonly passesMask = true;
  readonly stddev: number;

  constructor(options: GaussianNoiseOptions) {
    super('GaussianNoise', options, ['stddev']);
    requireNumber('GaussianNoise', 'stddev', options.stddev, 'a number of at least 0', (stddev) => stddev >= 0);
    this.stddev = options.stddev;
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[], { training = false }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    if (!training || this.stddev === 0) return input;
    const random = currentRandom();
    const noise = Float32Array.from({ length: input.size }, () => random.normal() * this.stddev);
    return ops.add(input, tensor(noise, input.shape));
  }

  /** Streams are not training. */
  override stepper(): Stepper {
    return { states: new Map(), step: (input) => input, isIdentity: true };
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), stddev: this.stddev };
  }
}

import { requireCount } from '../errors.js';
import * as ops from '../tensor/index.js';
import { softmaxCrossentropy } from '../tensor/softmax-crossentropy.js';
import type { Tensor } from '../tensor/tensor.js';
import type { FusedSoftmax } from './fused-softmax.js';
import { requireFeatures } from './input-axes.js';
import { KernelLayer, type KernelOptions } from './kernel-layer.js';
import {
  type CallOptions,
  type FinalActivation,
  finalActivationOf,
  knownAxis,
  type OpenShape,
  singleInput,
} from './layer.js';

export interface DenseOptions extends KernelOptions {
  /** Width of the output. */
  units: number;
}

/**
 * `activation(x kernel + bias)` along the last axis, with Keras 3's options and defaults. Input
 * `[batch, ..., features]`, output `[batch, ..., units]`; a mask goes on with the output.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE, UNKNOWN_NAME
 */
export class Dense extends KernelLayer {
  readonly className = 'Dense';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime = true;
  readonly units: number;

  constructor(options: DenseOptions) {
    super('Dense', options, ['units']);
    this.units = options.units;
    requireCount('Dense', 'units', this.units);
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireFeatures(this, inputShape, this.buildShape?.at(-1) ?? null);
    return [...inputShape.slice(0, -1), this.units];
  }

  override build(inputShape: OpenShape): void {
    this.addKernel([knownAxis('Dense', inputShape, -1, 'features'), this.units], this.units);
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    return this.activated(this.#product(inputs));
  }

  override get finalActivation(): FinalActivation | undefined {
    return finalActivationOf(this.activation);
  }

  override callLogits(inputs: Tensor | readonly Tensor[]): Tensor {
    return this.activated(this.#product(inputs), 'linear');
  }

  override get fusesSoftmax(): boolean {
    return this.units > 1 && (this.activation === 'softmax' || this.activation === 'linear');
  }

  override callFused(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): FusedSoftmax {
    const input = this.#checked(inputs);
    const hidden = ops.reshape(input, [-1, this.kernel.shape[0]]);
    const { kernel, bias, units } = this;
    return {
      shape: [...input.shape.slice(0, -1), units],
      mask,
      score: (labels, options) => softmaxCrossentropy(hidden, kernel, labels, { bias, ...options }),
    };
  }

  #product(inputs: Tensor | readonly Tensor[]): Tensor {
    return ops.matmul(this.#checked(inputs), this.kernel);
  }

  #checked(inputs: Tensor | readonly Tensor[]): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    return input;
  }
}

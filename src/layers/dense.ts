import { requireCount } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { requireFeatures } from './input-axes.js';
import { KernelLayer, type KernelOptions } from './kernel-layer.js';
import { type CallOptions, knownAxis, type OpenShape, singleInput } from './layer.js';
import type { OutputHead } from './output-head.js';
import { productHead } from './product-head.js';

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

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.callHead(inputs, options).values();
  }

  override callHead(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): OutputHead {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const { kernel, bias, activation } = this;
    return productHead({ input, kernel, bias, activation, mask });
  }
}

import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { requireSequence } from './input-axes.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import type { Mask } from './mask.js';

export interface GlobalPooling1DOptions extends LayerOptions {
  /** Whether the time axis stays, with size 1. Default false. */
  keepdims?: boolean | undefined;
}

/** Makes one vector of a sequence; the mask ends here. @throws SHAPE_MISMATCH */
export abstract class GlobalPooling1D extends Layer {
  readonly #keepdims: boolean;

  constructor(defaultName: string, options: GlobalPooling1DOptions) {
    super(defaultName, options, ['keepdims']);
    this.#keepdims = options.keepdims ?? false;
  }

  /** `[batch, time, features]` to `[batch, features]`. */
  protected abstract pool(input: Tensor, mask: Mask | undefined): Tensor;

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(this, inputShape, null);
    const [batch, , features] = inputShape;
    return this.#keepdims ? [batch, 1, features] : [batch, features];
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    const shape = this.computeOutputShape(input.shape);
    return ops.reshape(this.pool(input, mask), shape as readonly number[]);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), keepdims: this.#keepdims };
  }
}

import type { ActivationName } from '../expression/activations.js';
import { activation } from '../expression/activations.js';
import { activate } from '../tensor/arithmetic.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import { finalActivationOf, lazyHead, type OutputHead } from './output-head.js';

export interface ActivationOptions extends LayerOptions {
  activation: ActivationName;
}

/** Applies a named activation to every value; softmax runs along the last axis. @throws UNKNOWN_NAME */
export class Activation extends Layer {
  readonly className = 'Activation';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime = true;
  readonly activation: ActivationName;

  constructor(options: ActivationOptions) {
    super('Activation', options, ['activation']);
    activation(options.activation, 'Activation');
    this.activation = options.activation;
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.callHead(inputs, options).values();
  }

  override callHead(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): OutputHead {
    const input = singleInput(this.name, inputs);
    return lazyHead({
      shape: input.shape,
      mask,
      activation: finalActivationOf(this.activation),
      values: () => activate(this.activation, input),
      logits: () => input,
    });
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), activation: this.activation };
  }
}

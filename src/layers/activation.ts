import { activation } from '../expression/activations.js';
import { activate } from '../tensor/arithmetic.js';
import type { Tensor } from '../tensor/tensor.js';
import {
  type FinalActivation,
  finalActivationOf,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
} from './layer.js';

export interface ActivationOptions extends LayerOptions {
  activation: string;
}

/** Applies a named activation to every value; softmax runs along the last axis. @throws UNKNOWN_NAME */
export class Activation extends Layer {
  readonly className = 'Activation';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime = true;
  readonly activation: string;

  constructor(options: ActivationOptions) {
    super('Activation', options, ['activation']);
    activation(options.activation, 'Activation');
    this.activation = options.activation;
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    return activate(this.activation, singleInput(this.name, inputs));
  }

  override get finalActivation(): FinalActivation | undefined {
    return finalActivationOf(this.activation);
  }

  override callLogits(inputs: Tensor | readonly Tensor[]): Tensor {
    return singleInput(this.name, inputs);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), activation: this.activation };
  }
}

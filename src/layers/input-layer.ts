import type { Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import { type Json, Layer, type LayerOptions, type OpenShape, requireOpenAxes, singleInput } from './layer.js';
import type { Stepper } from './stepper.js';

export interface InputOptions extends Pick<LayerOptions, 'name'> {
  /** Shape of one sample, without the batch axis; null for an axis of any size. */
  shape: readonly (number | null)[];
}

/** States the input shape at the head of a model and passes its input on. */
export class InputLayer extends Layer {
  readonly className = 'InputLayer';
  protected override readonly passesMask = true;

  constructor({ shape, ...options }: InputOptions) {
    super('InputLayer', { ...options, inputShape: shape }, []);
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    const axes = this.givenInputShape!.map((size, i): [string, number | null] => [
      i === 0 ? 'batch' : `axis ${i}`,
      size,
    ]);
    requireOpenAxes(titleOf(this), inputShape, axes, 'give the model samples of the shape that its InputLayer states.');
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    return input;
  }

  /** The stated number of steps is that of whole sequences. */
  override stepper(): Stepper {
    return { states: new Map(), step: (input) => input, isIdentity: true };
  }

  override getConfig(): Record<string, Json | undefined> {
    return { name: this.name, shape: this.givenInputShape?.slice(1) };
  }
}

/** The input of a model: `new Sequential([Input({ shape: [null, 7] }), ...])`. */
export function Input(options: InputOptions): InputLayer {
  return new InputLayer(options);
}

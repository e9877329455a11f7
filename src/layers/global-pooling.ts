import { sizeOf } from '../shape.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { requirePlaces } from './input-axes.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import { type Mask, resampledMask } from './mask.js';

export interface GlobalPoolingOptions extends LayerOptions {
  /** Whether the axes that are pooled stay, with size 1. Default false. */
  keepdims?: boolean | undefined;
}

/** How a sequence, or an image, becomes one vector. */
export interface GlobalPoolingKind {
  /** The names of the axes that are pooled. */
  readonly axes: readonly string[];
  /** From `[batch, places, features]` to `[batch, features]`; what is masked takes no part. */
  readonly pool: (input: Tensor, mask: Mask | undefined) => Tensor;
}

/** Makes one vector of `[batch, ...places, features]`; the mask ends here. @throws SHAPE_MISMATCH */
export abstract class GlobalPooling extends Layer {
  readonly className: string;
  readonly #keepdims: boolean;
  readonly #kind: GlobalPoolingKind;

  constructor(className: string, options: GlobalPoolingOptions, kind: GlobalPoolingKind) {
    super(className, options, ['keepdims']);
    this.className = className;
    this.#keepdims = options.keepdims ?? false;
    this.#kind = kind;
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    const { axes } = this.#kind;
    requirePlaces(this, inputShape, { axes, features: null });
    return [inputShape[0], ...(this.#keepdims ? axes.map(() => 1) : []), inputShape.at(-1)!];
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    const shape = this.computeOutputShape(input.shape) as readonly number[];
    const [batch, ...sizes] = input.shape;
    const features = sizes.pop()!;
    const numPlaces = sizeOf(sizes);
    const places = ops.reshape(input, [batch, numPlaces, features]);
    const counting = mask && resampledMask(mask, batch * numPlaces);
    return ops.reshape(this.#kind.pool(places, counting), shape);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), keepdims: this.#keepdims };
  }
}

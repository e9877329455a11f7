import { requireNumber } from '../errors.js';
import { sizeOf } from '../shape.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor } from '../tensor/tensor.js';
import { requireFeatures } from './input-axes.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import { bothMasks, type Mask, setMask, weighted } from './mask.js';

export interface MaskingOptions extends LayerOptions {
  /** A step whose features all have this value is padding. Default 0. */
  maskValue?: number | undefined;
}

/**
 * Marks the padding steps of `[batch, ..., features]` for the layers that follow, which then skip them, and sets their
 * features to 0. What was masked before stays masked (in Keras it may count again).
 */
export class Masking extends Layer {
  readonly className = 'Masking';
  readonly maskValue: number;

  constructor(options: MaskingOptions = {}) {
    super('Masking', options, ['maskValue']);
    this.maskValue = options.maskValue ?? 0;
    requireNumber('Masking', 'maskValue', this.maskValue, 'a finite number', () => true);
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireFeatures(this, inputShape, null);
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const mask = bothMasks(this.#maskFor(input), options.mask)!;
    const output = mask.includes(0) ? weighted(input, mask) : applyPointwise(copy, [input]);
    setMask(output, mask);
    return output;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), maskValue: this.maskValue };
  }

  #maskFor(input: Tensor): Mask {
    const values = input.hostNumbers();
    const features = input.shape.at(-1)!;
    // The numbers may have been rounded to float32 on their way; the value to compare with must be as well.
    const rounded = Math.fround(this.maskValue);
    const mask = new Uint8Array(sizeOf(input.shape.slice(0, -1)));
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== this.maskValue && values[i] !== rounded) mask[Math.floor(i / features)] = 1;
    }
    return mask;
  }
}

/** A tensor of its own for the mask to travel with. */
const copy: PointwiseFunction = { name: 'copy', build: ([x]) => x };

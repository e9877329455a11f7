import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import { clearMasked } from './mask.js';

/**
 * Joins all axes but the batch: `[batch, a, b, ...]` becomes `[batch, a * b * ...]`; `[batch]` becomes `[batch, 1]`. A
 * mask ends here: masked steps become zeros, where Keras drops the mask with a warning and keeps what padding held.
 */
export class Flatten extends Layer {
  readonly className = 'Flatten';

  constructor(options: LayerOptions = {}) {
    super('Flatten', options, []);
  }

  override build(): void {}

  override computeOutputShape([batch, ...axes]: OpenShape): OpenShape {
    const size = axes.reduce((product, axis) => (product === null || axis === null ? null : product * axis), 1);
    return [batch, size];
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    return ops.flatten(clearMasked(singleInput(this.name, inputs), mask));
  }

  override getConfig(): Record<string, Json | undefined> {
    return this.baseConfig();
  }
}

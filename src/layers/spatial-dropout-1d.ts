import type { Shape } from '../shape.js';
import { Dropout } from './dropout.js';
import { requireSequence } from './input-axes.js';
import type { Json, LayerOptions, OpenShape } from './layer.js';

export interface SpatialDropout1DOptions extends LayerOptions {
  /** Share of the features dropped in training, at least 0 and less than 1. */
  rate: number;
}

/**
 * Drops whole features of a sequence `[batch, time, features]` in training, the same ones at every step; otherwise the
 * identity. Tompson et al. 2015, "Efficient object localization using convolutional networks", section 3.2.
 */
export class SpatialDropout1D extends Dropout {
  override readonly className = 'SpatialDropout1D';

  constructor(options: SpatialDropout1DOptions) {
    super(options, 'SpatialDropout1D', ['rate']);
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(this, inputShape, null);
    return inputShape;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), rate: this.rate };
  }

  protected override noiseShape([batch, , features]: Shape): Shape {
    return [batch, 1, features];
  }
}

import { requireCount } from '../errors.js';
import type { Json, LayerOptions } from './layer.js';
import { ResampledSteps } from './resampled-steps.js';

export interface UpSampling1DOptions extends LayerOptions {
  /** How often each step is repeated. Default 2. */
  size?: number | undefined;
}

/** Repeats every step of sequences `[batch, time, features]`, with its mask. */
export class UpSampling1D extends ResampledSteps {
  readonly className = 'UpSampling1D';
  readonly size: number;

  constructor(options: UpSampling1DOptions = {}) {
    super('UpSampling1D', options, ['size']);
    this.size = options.size ?? 2;
    requireCount('UpSampling1D', 'size', this.size);
  }

  protected override numSteps(time: number): number {
    return time * this.size;
  }

  protected override sourceOf(step: number): number {
    return Math.floor(step / this.size);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), size: this.size };
  }
}

import type { Json, LayerOptions } from './layer.js';
import { type BothEnds, bothEnds, ResampledSteps } from './resampled-steps.js';

export interface Cropping1DOptions extends LayerOptions {
  /** Steps to take away at both ends. Default 1. */
  cropping?: BothEnds | undefined;
}

/** Takes steps away at the beginning and the end of sequences `[batch, time, features]`, with those of the mask. */
export class Cropping1D extends ResampledSteps {
  readonly className = 'Cropping1D';
  readonly cropping: readonly [beginning: number, end: number];

  constructor(options: Cropping1DOptions = {}) {
    super('Cropping1D', options, ['cropping']);
    this.cropping = bothEnds('Cropping1D', 'cropping', options.cropping ?? 1);
  }

  protected override numSteps(time: number): number {
    return time - this.cropping[0] - this.cropping[1];
  }

  protected override sourceOf(step: number): number {
    return step + this.cropping[0];
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), cropping: this.cropping };
  }
}

import type { Json, LayerOptions } from './layer.js';
import { type BothEnds, bothEnds, ResampledSteps } from './resampled-steps.js';

export interface ZeroPadding1DOptions extends LayerOptions {
  /** Steps to add at both ends. Default 1. */
  padding?: BothEnds | undefined;
}

/** Adds steps of zeros at the beginning and the end of sequences `[batch, time, features]`; a mask hides them. */
export class ZeroPadding1D extends ResampledSteps {
  readonly className = 'ZeroPadding1D';
  readonly padding: readonly [beginning: number, end: number];

  constructor(options: ZeroPadding1DOptions = {}) {
    super('ZeroPadding1D', options, ['padding']);
    this.padding = bothEnds('ZeroPadding1D', 'padding', options.padding ?? 1);
  }

  protected override numSteps(time: number): number {
    return time + this.padding[0] + this.padding[1];
  }

  protected override sourceOf(step: number): number {
    return step - this.padding[0];
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), padding: this.padding };
  }
}

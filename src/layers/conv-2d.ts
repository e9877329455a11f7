import { Convolution, type ConvolutionOptions } from './convolution.js';

/** One number for height and width, or one for each. */
type HeightAndWidth = number | readonly [height: number, width: number];

export interface Conv2DOptions extends ConvolutionOptions {
  kernelSize: HeightAndWidth;
  strides?: HeightAndWidth | undefined;
  padding?: 'valid' | 'same' | undefined;
  dilationRate?: HeightAndWidth | undefined;
}

/**
 * Convolution along height and width, with Keras 3's options and defaults. Input `[batch, height, width, features]`,
 * output `[batch, windows, windows, filters]`, kernel `[height, width, features / groups, filters]`. Masks are as
 * {@link Convolution} says.
 *
 * @throws SHAPE_MISMATCH also where no window fits; OUT_OF_RANGE, UNKNOWN_NAME, USAGE
 */
export class Conv2D extends Convolution {
  readonly className = 'Conv2D';

  constructor(options: Conv2DOptions) {
    super('Conv2D', options, ['height', 'width'], ['valid', 'same']);
  }
}

import { largestSeen } from './max-pooling-1d.js';
import { Pooling, type Pooling2DOptions } from './pooling.js';

/** The largest value of each feature in every window of height and width, see {@link Pooling}. */
export class MaxPooling2D extends Pooling {
  constructor(options: Pooling2DOptions = {}) {
    super('MaxPooling2D', options, { axes: ['height', 'width'], pool: largestSeen });
  }
}

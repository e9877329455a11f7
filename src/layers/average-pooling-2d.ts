import { meanSeen } from './average-pooling-1d.js';
import { Pooling, type Pooling2DOptions } from './pooling.js';

/** The mean of each feature in every window of height and width, see {@link Pooling}. */
export class AveragePooling2D extends Pooling {
  constructor(options: Pooling2DOptions = {}) {
    super('AveragePooling2D', options, { axes: ['height', 'width'], pool: meanSeen });
  }
}

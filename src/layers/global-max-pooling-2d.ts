import { maximumOverTime } from './global-max-pooling-1d.js';
import { GlobalPooling, type GlobalPoolingOptions } from './global-pooling.js';

/**
 * The largest value over height and width: `[batch, height, width, features]` becomes `[batch, features]`. Masked places do not
 * count; a sample without real places gives zeros.
 */
export class GlobalMaxPooling2D extends GlobalPooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalMaxPooling2D', options, { axes: ['height', 'width'], pool: maximumOverTime });
  }
}

import { meanOverTime } from './global-average-pooling-1d.js';
import { GlobalPooling, type GlobalPoolingOptions } from './global-pooling.js';

/**
 * The mean over height and width: `[batch, height, width, features]` becomes `[batch, features]`. Masked places do not
 * count; a sample without real places gives zeros.
 */
export class GlobalAveragePooling2D extends GlobalPooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalAveragePooling2D', options, { axes: ['height', 'width'], pool: meanOverTime });
  }
}

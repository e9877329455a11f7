import * as ops from '../tensor/index.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { numbersSeen, Pooling1D, type Pooling1DOptions } from './pooling-1d.js';

/** The mean of each feature in every window along time, over the steps that take part, see {@link Pooling1D}. */
export class AveragePooling1D extends Pooling1D {
  readonly className = 'AveragePooling1D';

  constructor(options?: Pooling1DOptions) {
    super('AveragePooling1D', options);
  }

  protected override pool(windows: Tensor, sees: Uint8Array): Tensor {
    const [rows, size] = windows.shape;
    const shares = Float64Array.from(numbersSeen(sees, size), (count) => (count === 0 ? 0 : 1 / count));
    return ops.mul(ops.sum(windows, 1), tensor(shares, [rows, 1]));
  }
}

import * as ops from '../tensor/index.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { numbersSeen, Pooling, type Pooling1DOptions } from './pooling.js';

/** The mean of each feature in every window along time, over the steps that take part, see {@link Pooling}. */
export class AveragePooling1D extends Pooling {
  constructor(options: Pooling1DOptions = {}) {
    super('AveragePooling1D', options, { axes: ['time'], pool: meanSeen });
  }
}

/** @internal The mean of each window, as {@link PoolingKind.pool} says. */
export function meanSeen(windows: Tensor, sees: Uint8Array): Tensor {
  const [rows, size] = windows.shape;
  const shares = Float64Array.from(numbersSeen(sees, size), (count) => (count === 0 ? 0 : 1 / count));
  return ops.mul(ops.sum(windows, 1), tensor(shares, [rows, 1]));
}

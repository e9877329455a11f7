import * as ops from '../tensor/index.js';
import { applyPointwise } from '../tensor/pointwise.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { hiddenAs } from './hidden-as.js';
import { weighted } from './mask.js';
import { numbersSeen, Pooling, type Pooling1DOptions } from './pooling.js';

/** The largest value of each feature in every window along time, see {@link Pooling}. */
export class MaxPooling1D extends Pooling {
  constructor(options: Pooling1DOptions = {}) {
    super('MaxPooling1D', options, { axes: ['time'], pool: largestSeen });
  }
}

/** @internal The largest value of each window, as {@link PoolingKind.pool} says. */
export function largestSeen(windows: Tensor, sees: Uint8Array): Tensor {
  const [, size] = windows.shape;
  if (!sees.includes(0)) return ops.max(windows, 1);
  const marked = tensor(sees, [sees.length / size, size, 1]);
  const largest = ops.max(applyPointwise(hiddenAs.lowest, [windows, marked]), 1);
  return weighted(
    largest,
    Uint8Array.from(numbersSeen(sees, size), (count) => Math.min(count, 1)),
  );
}

import { select } from '../expression/build.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { GlobalPooling, type GlobalPoolingOptions } from './global-pooling.js';
import type { Mask } from './mask.js';

/** Below every finite float32 that a layer computes. */
const LOWEST = -3.4028234663852886e38;

const lowered: PointwiseFunction = { name: 'lowered', build: ([x, counts]) => select(counts, x, LOWEST) };
const emptied: PointwiseFunction = { name: 'emptied', build: ([x, isFull]) => select(isFull, x, 0) };

/**
 * The largest value over time: `[batch, time, features]` becomes `[batch, features]`. Masked steps do not count, so
 * that padding changes no result (Keras drops the mask here); a sequence without real steps gives zeros.
 */
export class GlobalMaxPooling1D extends GlobalPooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalMaxPooling1D', options, { axes: ['time'], pool: maximumOverTime });
  }
}

/** The largest value over the steps that count, `[batch, features]`; zeros where none does. */
export function maximumOverTime(input: Tensor, mask: Mask | undefined): Tensor {
  if (mask === undefined) return ops.max(input, 1);
  const [batch, time] = input.shape;
  const counts = tensor(Float32Array.from(mask), [batch, time, 1]);
  const isFull = Float32Array.from({ length: batch }, (_, b) =>
    mask.subarray(b * time, (b + 1) * time).includes(1) ? 1 : 0,
  );
  const largest = ops.max(applyPointwise(lowered, [input, counts]), 1);
  return applyPointwise(emptied, [largest, tensor(isFull, [batch, 1])]);
}

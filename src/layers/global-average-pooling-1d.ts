import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { GlobalPooling, type GlobalPoolingOptions } from './global-pooling.js';
import type { Mask } from './mask.js';
import { weighted } from './mask.js';

/**
 * The mean over time: `[batch, time, features]` becomes `[batch, features]`. Masked steps do not count; a sequence
 * without real steps gives zeros (Keras: NaN).
 */
export class GlobalAveragePooling1D extends GlobalPooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalAveragePooling1D', options, { axes: ['time'], pool: meanOverTime });
  }
}

/** The mean over the steps that count, `[batch, features]`; zeros where none does. */
export function meanOverTime(input: Tensor, mask: Mask | undefined): Tensor {
  if (mask === undefined) return ops.mean(input, 1);
  const [batch, time] = input.shape;
  const weights = Float64Array.from(mask);
  for (let b = 0; b < batch; b++) {
    const row = weights.subarray(b * time, (b + 1) * time);
    const count = row.reduce((sum, step) => sum + step, 0);
    if (count > 0) row.forEach((step, t) => (row[t] = step / count));
  }
  return ops.sum(weighted(input, weights), 1);
}

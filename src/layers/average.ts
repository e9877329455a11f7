import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The mean of the inputs, value by value, see {@link Merge}. */
export class Average extends Merge {
  readonly className = 'Average';

  constructor(options?: LayerOptions) {
    super('Average', options);
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return ops.mul(
      inputs.reduce((sum, input) => ops.add(sum, input)),
      1 / inputs.length,
    );
  }
}

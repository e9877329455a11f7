import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { hiddenAs } from './hidden-as.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The largest value of the inputs at each place, see {@link Merge}. */
export class Maximum extends Merge {
  readonly className = 'Maximum';
  protected override readonly hidden = hiddenAs.lowest;

  constructor(options?: LayerOptions) {
    super('Maximum', options);
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((largest, input) => ops.maximum(largest, input));
  }
}

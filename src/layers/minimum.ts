import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { hiddenAs } from './hidden-as.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The smallest value of the inputs at each place, see {@link Merge}. */
export class Minimum extends Merge {
  readonly className = 'Minimum';
  protected override readonly hidden = hiddenAs.highest;

  constructor(options?: LayerOptions) {
    super('Minimum', options);
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((smallest, input) => ops.minimum(smallest, input));
  }
}

import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The sum of the inputs, see {@link Merge}: a residual connection, for one. */
export class Add extends Merge {
  readonly className = 'Add';

  constructor(options?: LayerOptions) {
    super('Add', options);
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((sum, input) => ops.add(sum, input));
  }
}

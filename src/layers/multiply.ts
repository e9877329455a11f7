import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { hiddenAs } from './hidden-as.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The product of the inputs, value by value, see {@link Merge}: a gate, for one. */
export class Multiply extends Merge {
  readonly className = 'Multiply';
  protected override readonly hidden = hiddenAs.one;

  constructor(options?: LayerOptions) {
    super('Multiply', options);
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((product, input) => ops.mul(product, input));
  }
}

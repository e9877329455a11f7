import { RondoError } from '../errors.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import type { LayerOptions, OpenShape } from './layer.js';
import { Merge } from './merge.js';

/** The first of two inputs less the second, see {@link Merge}. @throws SHAPE_MISMATCH for another number of inputs */
export class Subtract extends Merge {
  readonly className = 'Subtract';

  constructor(options?: LayerOptions) {
    super('Subtract', options);
  }

  override computeOutputShape(...inputShapes: OpenShape[]): OpenShape {
    if (inputShapes.length > 2) throw this.#notTwo(inputShapes.length);
    return super.computeOutputShape(...inputShapes);
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    if (inputs.length !== 2) throw this.#notTwo(inputs.length);
    return ops.sub(inputs[0], inputs[1]);
  }

  #notTwo(count: number): RondoError {
    return new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: 'a difference is one of two tensors.',
      expected: '2 inputs',
      received: String(count),
      fix: 'apply the layer to a list of two.',
    });
  }
}

import { RondoError } from '../errors.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import {
  type CallOptions,
  describeOpenShape,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
} from './layer.js';
import { clearMasked, type Mask } from './mask.js';

export interface PermuteOptions extends LayerOptions {
  /** For each axis of the output, without the batch axis, the axis of the input that comes there; they count from 1. */
  dims: readonly number[];
}

/**
 * Puts the axes of every sample into another order: with `dims: [2, 1]`, `[batch, time, features]` becomes `[batch,
 * features, time]`. A mask goes on where the time axis stays the first, else it ends, as in Keras; masked steps become
 * zeros.
 *
 * @throws OUT_OF_RANGE, SHAPE_MISMATCH
 */
export class Permute extends Layer {
  readonly className = 'Permute';
  readonly dims: readonly number[];

  constructor(options: PermuteOptions) {
    super('Permute', options, ['dims']);
    this.dims = options.dims;
    const isOrder = Array.isArray(this.dims) && [...this.dims].sort((a, b) => a - b).every((axis, i) => axis === i + 1);
    if (isOrder && this.dims.length > 0) return;
    throw new RondoError('OUT_OF_RANGE', {
      where: 'Permute',
      what: '`dims` is no order of axes.',
      expected: 'each axis of a sample once, counted from 1',
      received: JSON.stringify(options.dims),
      fix: 'write dims: [2, 1] to exchange time and features.',
    });
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    if (inputShape.length === this.dims.length + 1) return [0, ...this.dims].map((axis) => inputShape[axis]);
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: 'the input has another number of axes.',
      expected: `${this.dims.length} axes besides the batch`,
      received: describeOpenShape(inputShape),
      fix: 'correct `dims`.',
    });
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    return ops.transpose(clearMasked(input, mask), [0, ...this.dims]);
  }

  protected override maskAfter(mask: Mask): Mask | undefined {
    return this.dims[0] === 1 ? mask : undefined;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), dims: this.dims };
  }
}

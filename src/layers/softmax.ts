import { RondoError } from '../errors.js';
import { constant, select } from '../expression/build.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import {
  type CallOptions,
  describeOpenShape,
  type FinalActivation,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
} from './layer.js';
import { clearMasked } from './mask.js';

export interface SoftmaxOptions extends LayerOptions {
  /** The axis whose values become shares of 1; negative ones count from the end. Default -1. */
  axis?: number | undefined;
}

/** So far below all other scores that its share is 0; finite, so that steps which are all hidden give no NaN. */
const hiddenScore: PointwiseFunction = {
  name: 'hidden score',
  build: ([x, weight]) => select(weight, x, constant(-1e30)),
};

/**
 * Normalised exponentials along an axis. Along time, `axis: 1`, masked steps get the share 0, and the others share 1
 * among them: the weights of an attention. The mask goes on with the output.
 *
 * @throws OUT_OF_RANGE, SHAPE_MISMATCH
 */
export class Softmax extends Layer {
  readonly className = 'Softmax';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime: boolean;
  readonly axis: number;

  constructor(options: SoftmaxOptions = {}) {
    super('Softmax', options, ['axis']);
    this.axis = options.axis ?? -1;
    this.isPointwiseInTime = this.axis === -1 || this.axis > 1;
    if (Number.isInteger(this.axis) && this.axis !== 0) return;
    throw new RondoError('OUT_OF_RANGE', {
      where: 'Softmax',
      what: '`axis` is out of range.',
      expected: 'an axis other than the batch axis 0',
      received: String(this.axis),
      fix: 'use -1 for features, 1 for time.',
    });
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    this.#place(inputShape);
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const scores = this.#scores(singleInput(this.name, inputs), mask);
    const at = this.#place(scores.shape);
    const last = scores.shape.length - 1;
    if (at === last) return ops.softmax(scores);
    const order = scores.shape.map((_, i) => (i === at ? last : i === last ? at : i));
    const shares = ops.transpose(ops.softmax(ops.transpose(scores, order)), order);
    return clearMasked(shares, mask);
  }

  override get finalActivation(): FinalActivation | undefined {
    return this.axis === -1 ? 'softmax' : undefined;
  }

  override callLogits(inputs: Tensor | readonly Tensor[]): Tensor {
    return singleInput(this.name, inputs);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), axis: this.axis };
  }

  /** The input, with the lowest score at masked steps. */
  #scores(input: Tensor, mask: CallOptions['mask']): Tensor {
    if (mask === undefined || !mask.includes(0)) return input;
    const rows = ops.reshape(input, [mask.length, input.size / mask.length]);
    return ops.reshape(applyPointwise(hiddenScore, [rows, tensor(mask, [mask.length, 1])]), input.shape);
  }

  #place(shape: OpenShape): number {
    const at = this.axis < 0 ? shape.length + this.axis : this.axis;
    if (at >= 1 && at < shape.length) return at;
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: `the input has no axis ${this.axis} besides the batch.`,
      expected: 'more axes, or another axis',
      received: describeOpenShape(shape),
      fix: 'correct `axis`.',
    });
  }
}

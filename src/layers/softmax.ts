import { constant, select } from '../expression/build.js';
import { sizeOf } from '../shape.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { keepsStepsApart, movedLast, placeOfAxis, requireAxis } from './axis-option.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import { clearMasked, type Mask } from './mask.js';
import { lazyHead, type OutputHead } from './output-head.js';

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
 * Normalised exponentials along an axis. What is masked along it gets the share 0, and the others share 1 among them:
 * steps where the axis is that of time, `axis: 1`, the weights of an attention; single values where the mask has one
 * entry for each value, as Keras's. The mask goes on with the output.
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
    this.isPointwiseInTime = keepsStepsApart(this.axis);
    requireAxis('Softmax', this.axis);
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    placeOfAxis(this, inputShape);
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.callHead(inputs, options).values();
  }

  override callHead(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): OutputHead {
    const input = singleInput(this.name, inputs);
    const { shape } = input;
    const at = placeOfAxis(this, shape);
    // A mask of whole steps leaves the values of one step apart from each other.
    const hides = at < shape.length - 1 || (mask !== undefined && mask.length > sizeOf(shape.slice(0, -1)));
    const scores = (): Tensor => (hides ? hiddenScores(input, mask) : input);
    return lazyHead({
      shape,
      mask,
      activation: this.axis === -1 ? 'softmax' : undefined,
      values: () => {
        const { moved, back } = movedLast(scores(), at);
        const shares = back(ops.softmax(moved));
        return hides ? clearMasked(shares, mask) : shares;
      },
      logits: scores,
    });
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), axis: this.axis };
  }
}

/** The input, with the lowest score at what is masked. */
function hiddenScores(input: Tensor, mask: Mask | undefined): Tensor {
  if (mask === undefined || !mask.includes(0)) return input;
  const rows = ops.reshape(input, [mask.length, input.size / mask.length]);
  return ops.reshape(applyPointwise(hiddenScore, [rows, tensor(mask, [mask.length, 1])]), input.shape);
}

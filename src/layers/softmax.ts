import { RondoError } from '../errors.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import * as ops from '../tensor/index.js';
import { applyPointwise } from '../tensor/pointwise.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { keepsStepsApart, movedLast, placeOfAxis, requireAxis } from './axis-option.js';
import { hiddenAs } from './hidden-as.js';
import { titleOf } from './input-axes.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import { clearMasked, type Mask, resampledMask } from './mask.js';
import { lazyHead, type OutputHead } from './output-head.js';

export interface SoftmaxOptions extends LayerOptions {
  /** The axis whose values become shares of 1; negative ones count from the end. Default -1. */
  axis?: number | undefined;
}

/**
 * Normalised exponentials along an axis. What is masked along it gets the share 0, and the others share 1 among them:
 * steps where the axis is that of time, `axis: 1`, the weights of an attention; single values where the mask has one
 * entry for each value, as Keras's. A mask of steps goes on with the output. One of single values has done its work and
 * becomes one of steps, which later layers and losses understand: a step counts where any of its values does.
 *
 * @throws OUT_OF_RANGE, SHAPE_MISMATCH
 */
export class Softmax extends Layer {
  readonly className = 'Softmax';
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
    this.#requireMask(mask, shape);
    // A mask of whole steps does not tell the values of one step apart.
    const hides = at < shape.length - 1 || (mask !== undefined && mask.length > sizeOf(shape.slice(0, -1)));
    const scores = (): Tensor => (hides ? hiddenScores(input, mask) : input);
    return lazyHead({
      shape,
      mask: mask && this.maskAfter(mask, input),
      activation: this.axis === -1 ? 'softmax' : undefined,
      values: () => {
        const { moved, back } = movedLast(scores(), at);
        const shares = back(ops.softmax(moved));
        return hides ? clearMasked(shares, mask) : shares;
      },
      logits: scores,
    });
  }

  protected override maskAfter(mask: Mask, { shape }: Tensor): Mask {
    const numSteps = sizeOf(shape.slice(0, -1));
    return mask.length > numSteps ? resampledMask(mask, numSteps) : mask;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), axis: this.axis };
  }

  #requireMask(mask: Mask | undefined, shape: Shape): void {
    const sizes = shape.map((_, axis) => sizeOf(shape.slice(0, axis + 1)));
    if (mask === undefined || sizes.includes(mask.length)) return;
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: 'the mask has the wrong size.',
      expected: `${sizes.join(' or ')} entries, one for each place of the first axes of ${describeShape(shape)}`,
      received: `${mask.length} entries`,
      fix: 'give one 0 or 1 for every step, or for every value.',
    });
  }
}

/** The input, with the lowest score at what is masked. */
function hiddenScores(input: Tensor, mask: Mask | undefined): Tensor {
  if (mask === undefined || !mask.includes(0)) return input;
  const rows = ops.reshape(input, [mask.length, input.size / mask.length]);
  return ops.reshape(applyPointwise(hiddenAs.withoutShare, [rows, tensor(mask, [mask.length, 1])]), input.shape);
}

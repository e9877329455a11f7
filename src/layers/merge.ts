import { RondoError } from '../errors.js';
import { type Shape, sizeOf } from '../shape.js';
import { broadcastStrides, indicesByStrides } from '../tensor/broadcast.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { Tensor, tensor } from '../tensor/tensor.js';
import { hiddenAs } from './hidden-as.js';
import { titleOf } from './input-axes.js';
import { type CallOptions, describeOpenShape, type Json, Layer, type LayerOptions, type OpenShape } from './layer.js';
import { clearMasked, type Mask, maskOf, setMask } from './mask.js';

/**
 * Combines tensors value by value. Axes of size 1 are repeated, and a tensor with fewer axes gets them behind its batch
 * axis, as in Keras. As there, the result has a mask where every input has one, and a step counts where it counts in
 * any; what another input hides does not take part (in Keras it does in sums, differences and averages), and where all
 * hide it the result is 0.
 */
export abstract class Merge extends Layer {
  protected override readonly isPointwiseInTime = true;
  /** What stands in the place of what an input hides. */
  protected readonly hidden: PointwiseFunction = hiddenAs.zero;

  constructor(className: string, options: LayerOptions = {}) {
    super(className, options, []);
  }

  /** Combines inputs of equal rank. */
  protected abstract merge(inputs: readonly Tensor[]): Tensor;

  override get takesSeveral(): boolean {
    return true;
  }

  override build(): void {}

  /** @throws SHAPE_MISMATCH */
  override computeOutputShape(...inputShapes: OpenShape[]): OpenShape {
    const rank = Math.max(...inputShapes.map(({ length }) => length));
    return inputShapes
      .map((shape) => widened(shape, rank))
      .reduce((merged, shape) =>
        merged.map((size, axis) => {
          const other = shape[axis];
          if (size === other || other === 1) return size;
          if (size === 1 || size === null) return other;
          if (other === null) return size;
          throw new RondoError('SHAPE_MISMATCH', {
            where: titleOf(this),
            what: 'the inputs do not go together.',
            expected: 'inputs of equal shape, but for axes of size 1',
            received: inputShapes.map(describeOpenShape).join(', '),
            fix: 'give inputs of equal size, or make them equal with Dense, Reshape or RepeatVector.',
          });
        }),
      );
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    const shape = this.computeOutputShape(...list.map((input) => input.shape)) as Shape;
    const masks = list.map((input, i) => (i === 0 ? mask : maskOf(input)));
    const wide = list.map((input) => ops.reshape(input, widened(input.shape, shape.length) as Shape));
    const output = this.merge(wide.map((input, i) => this.#withoutHidden(input, masks[i])));
    const merged = anyMask(wide, masks, shape);
    const cleared = clearMasked(output, merged);
    setMask(cleared, merged);
    return cleared;
  }

  override getConfig(): Record<string, Json | undefined> {
    return this.baseConfig();
  }

  #withoutHidden(input: Tensor, mask: Mask | undefined): Tensor {
    if (mask === undefined || !mask.includes(0)) return input;
    const rows = ops.reshape(input, [mask.length, input.size / mask.length]);
    return ops.reshape(applyPointwise(this.hidden, [rows, tensor(mask, [mask.length, 1])]), input.shape);
  }
}

/** The shape with axes of size 1 behind the batch axis. */
function widened<Axis>([batch, ...axes]: readonly Axis[], rank: number): readonly (Axis | 1)[] {
  return [batch, ...new Array<1>(rank - 1 - axes.length).fill(1), ...axes];
}

/** Steps that count in any input; undefined unless every input has a mask over the same axes. */
function anyMask(inputs: readonly Tensor[], masks: readonly (Mask | undefined)[], shape: Shape): Mask | undefined {
  const numAxes = inputs.map(({ shape: own }, i) => {
    const length = masks[i]?.length;
    return own.findIndex((_, axis) => axis > 0 && sizeOf(own.slice(0, axis + 1)) === length) + 1;
  });
  const axes = Math.max(...numAxes);
  if (numAxes.some((count) => count === 0)) return undefined;
  const steps = shape.slice(0, axes);
  const merged = new Uint8Array(sizeOf(steps));
  inputs.forEach(({ shape: own }, i) => {
    const placed = own.slice(0, axes);
    if (sizeOf(placed) !== masks[i]!.length) return;
    const from = indicesByStrides(steps, broadcastStrides(axes, placed));
    for (let at = 0; at < merged.length; at++) merged[at] |= masks[i]![from[at]];
  });
  return merged;
}

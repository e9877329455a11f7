import { RondoError } from '../errors.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
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
import { clearMasked, type Mask, resampledMask } from './mask.js';

export interface ReshapeOptions extends LayerOptions {
  /** Shape of one sample, without the batch axis; one axis may be -1 and is worked out. */
  targetShape: readonly number[];
}

/**
 * Gives every sample another shape of the same size. A mask goes on where the new steps are the masked ones, parts of
 * them, or several of them together; a step made of several counts where any of them counts. Where it cannot go on it
 * ends. Masked steps become zeros. (Keras drops the mask with a warning.)
 *
 * @throws SHAPE_MISMATCH where the sizes differ.
 */
export class Reshape extends Layer {
  readonly className = 'Reshape';
  readonly targetShape: readonly number[];

  constructor(options: ReshapeOptions) {
    super('Reshape', options, ['targetShape']);
    this.targetShape = options.targetShape;
    const isShape =
      Array.isArray(this.targetShape) && this.targetShape.every((axis) => Number.isInteger(axis) && axis >= -1);
    if (!isShape || this.targetShape.filter((axis) => axis === -1).length > 1) {
      throw new RondoError('OUT_OF_RANGE', {
        where: 'Reshape',
        what: '`targetShape` is no shape.',
        expected: 'sizes of axes, at most one of them -1',
        received: JSON.stringify(this.targetShape),
        fix: 'give the shape of one sample, without the batch axis.',
      });
    }
  }

  override build(): void {}

  override computeOutputShape([batch, ...axes]: OpenShape): OpenShape {
    if (axes.includes(null)) return [batch, ...this.targetShape.map((axis) => (axis === -1 ? null : axis))];
    return [batch, ...this.#resolved(axes as Shape)];
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    return ops.reshape(clearMasked(input, mask), [input.shape[0], ...this.#resolved(input.shape.slice(1))]);
  }

  protected override maskAfter(mask: Mask, { shape: [batch, ...axes] }: Tensor): Mask | undefined {
    const steps = mask.length / batch;
    const target = this.#resolved(axes).slice(0, -1);
    if (target.some((_, i) => sizeOf(target.slice(0, i + 1)) === steps)) return mask;
    if (target.length === 0 || (target[0] % steps !== 0 && steps % target[0] !== 0)) return undefined;
    return resampledMask(mask, batch * target[0]);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), targetShape: this.targetShape };
  }

  #resolved(sample: Shape): Shape {
    const size = sizeOf(sample);
    const known = sizeOf(this.targetShape.filter((axis) => axis !== -1));
    const shape = this.targetShape.map((axis) => (axis === -1 ? size / known : axis));
    if (shape.every(Number.isInteger) && sizeOf(shape) === size) return shape;
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: 'a sample cannot take the target shape.',
      expected: `${describeShape(this.targetShape)}, of ${size} values`,
      received: describeOpenShape([null, ...sample]),
      fix: 'correct targetShape.',
    });
  }
}

import { RondoError } from '../errors.js';
import * as ops from '../tensor/index.js';
import { Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import { type CallOptions, describeOpenShape, type Json, Layer, type LayerOptions, type OpenShape } from './layer.js';
import { type Mask, maskOf, setMask } from './mask.js';

export interface ConcatenateOptions extends LayerOptions {
  /** The axis that grows; negative ones count from the end. Default -1. */
  axis?: number;
}

/**
 * Joins tensors along an axis; their other axes are equal. A step of the result counts where it counts in any input; along
 * time, masks are joined like the steps.
 *
 * @throws SHAPE_MISMATCH
 */
export class Concatenate extends Layer {
  readonly className = 'Concatenate';
  readonly axis: number;

  constructor(options: ConcatenateOptions = {}) {
    super('Concatenate', options, ['axis']);
    this.axis = options.axis ?? -1;
    if (!Number.isInteger(this.axis) || this.axis === 0) {
      throw new RondoError('OUT_OF_RANGE', { where: 'Concatenate', what: '`axis` is out of range.', expected: 'an axis other than the batch axis 0', received: String(this.axis), fix: 'use -1 for features, 1 for time.' });
    }
  }

  override build(): void {}

  /** @param inputShapes of all inputs; with only the first, the size of the joined axis is unknown. */
  override computeOutputShape(...inputShapes: OpenShape[]): OpenShape {
    const first = inputShapes[0];
    const at = this.#place(first);
    const sizes = inputShapes.map((shape) => shape[at]);
    const total = sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0);
    return first.map((size, i) => (i === at ? (inputShapes.length > 1 ? total : null) : size));
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    const at = this.#place(list[0].shape);
    const output = ops.concatenate(list, at);
    const masks = list.map((input, i) => (i === 0 ? mask : maskOf(input)));
    if (masks.some((each) => each !== undefined)) setMask(output, joinedMask(list, masks, at));
    return output;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), axis: this.axis };
  }

  #place(shape: OpenShape): number {
    const at = this.axis < 0 ? shape.length + this.axis : this.axis;
    if (at >= 1 && at < shape.length) return at;
    throw new RondoError('SHAPE_MISMATCH', { where: titleOf(this), what: `the inputs have no axis ${this.axis} besides the batch.`, expected: `more axes, or another axis`, received: describeOpenShape(shape), fix: 'correct `axis`.' });
  }
}

/** One entry a step of the result; an input without a mask counts everywhere. */
function joinedMask(inputs: readonly Tensor[], masks: readonly (Mask | undefined)[], axis: number): Mask {
  const [batch] = inputs[0].shape;
  const counts = (i: number, b: number, t: number): number => masks[i]?.[b * inputs[i].shape[1] + t] ?? 1;
  const steps = (b: number): number[] =>
    axis === 1
      ? inputs.flatMap(({ shape }, i) => Array.from({ length: shape[1] }, (_, t) => counts(i, b, t)))
      : Array.from({ length: inputs[0].shape[1] }, (_, t) => Math.max(...inputs.map((_, i) => counts(i, b, t))));
  return Uint8Array.from(Array.from({ length: batch }, (_, b) => steps(b)).flat());
}

import { RondoError } from '../errors.js';
import { sizeOf } from '../shape.js';
import * as ops from '../tensor/index.js';
import { Tensor } from '../tensor/tensor.js';
import { keepsStepsApart, placeOfAxis, requireAxis } from './axis-option.js';
import { titleOf } from './input-axes.js';
import { type CallOptions, describeOpenShape, type Json, Layer, type LayerOptions, type OpenShape } from './layer.js';
import { clearMasked, type Mask, maskOf, resampledMask, setMask } from './mask.js';

export interface ConcatenateOptions extends LayerOptions {
  /** The axis that grows; negative ones count from the end. Default -1. */
  axis?: number | undefined;
}

/**
 * Joins tensors along an axis; their other axes are equal. Along time, masks are joined like the steps. Along features,
 * a step of the result counts where it counts in any input (in Keras, in all), and the others give zeros there.
 *
 * @throws SHAPE_MISMATCH
 */
export class Concatenate extends Layer {
  readonly className = 'Concatenate';
  protected override readonly isPointwiseInTime: boolean;
  readonly axis: number;

  constructor(options: ConcatenateOptions = {}) {
    super('Concatenate', options, ['axis']);
    this.axis = options.axis ?? -1;
    this.isPointwiseInTime = keepsStepsApart(this.axis);
    requireAxis('Concatenate', this.axis);
  }

  override get takesSeveral(): boolean {
    return true;
  }

  override build(): void {}

  /** @param inputShapes of all inputs; with only the first, the size of the joined axis is unknown. */
  override computeOutputShape(...inputShapes: OpenShape[]): OpenShape {
    const first = inputShapes[0];
    const at = placeOfAxis(this, first);
    this.#requireEqual(inputShapes, at);
    const sizes = inputShapes.map((shape) => shape[at]);
    const total = sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0);
    return first.map((size, i) => (i === at ? (inputShapes.length > 1 ? total : null) : size));
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    const at = placeOfAxis(this, list[0].shape);
    const masks = list.map((input, i) => (i === 0 ? mask : maskOf(input)));
    if (masks.every((each) => each === undefined)) return ops.concatenate(list, at);
    const output = ops.concatenate(
      list.map((input, i) => clearMasked(input, masks[i])),
      at,
    );
    setMask(output, joinedMask(list, masks, at));
    return output;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), axis: this.axis };
  }

  #requireEqual([first, ...others]: readonly OpenShape[], at: number): void {
    const isEqual = (size: number | null, other: number | null): boolean =>
      size === other || size === null || other === null;
    const misfit = others.find(
      (shape) => shape.length !== first.length || !shape.every((size, i) => i === at || isEqual(size, first[i])),
    );
    if (misfit === undefined) return;
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: `inputs that are joined along axis ${this.axis} differ in another axis.`,
      expected: `the axes of ${describeOpenShape(first)} but for axis ${at}`,
      received: describeOpenShape(misfit),
      fix: 'give tensors of equal shape but for that axis, or correct `axis`.',
    });
  }
}

/** One entry for each of the result's vectors of features; an input without a mask counts everywhere. */
function joinedMask(inputs: readonly Tensor[], masks: readonly (Mask | undefined)[], axis: number): Mask {
  const whole = inputs.map(({ shape }, i) => {
    const numVectors = sizeOf(shape.slice(0, -1));
    const mask = masks[i];
    return mask === undefined ? new Uint8Array(numVectors).fill(1) : resampledMask(mask, numVectors);
  });
  const { shape } = inputs[0];
  if (axis === shape.length - 1) return whole[0].map((_, at) => (whole.some((mask) => mask[at] === 1) ? 1 : 0));
  const outer = sizeOf(shape.slice(0, axis));
  const joined = new Uint8Array(whole.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (let block = 0; block < outer; block++) {
    for (const mask of whole) {
      const width = mask.length / outer;
      joined.set(mask.subarray(block * width, (block + 1) * width), at);
      at += width;
    }
  }
  return joined;
}

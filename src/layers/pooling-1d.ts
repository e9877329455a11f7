import { RondoError, requireCount, unknownName } from '../errors.js';
import { gatherTensor } from '../tensor/gather.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { type ConvolutionSteps, countWindows, windowIndices } from './conv-windows.js';
import { requireSequence, titleOf } from './input-axes.js';
import {
  type CallOptions,
  describeOpenShape,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
} from './layer.js';
import type { Mask } from './mask.js';

const paddings = ['valid', 'same'] as const;

export interface Pooling1DOptions extends LayerOptions {
  /** Steps a window sees. Default 2, as Keras has it for the largest value. */
  poolSize?: number | undefined;
  /** Steps from one window to the next. Default `poolSize`. */
  strides?: number | undefined;
  /** `valid` reads only whole windows; `same` as many as there are strides. Default valid. */
  padding?: (typeof paddings)[number] | undefined;
}

/**
 * Makes one step of every window along time: `[batch, time, features]` to `[batch, windows, features]`. Steps that are
 * masked, or beyond the ends, take no part; a window without any other gives zeros, and counts nowhere. (Keras drops
 * the mask with a warning.)
 *
 * @throws SHAPE_MISMATCH also where no window fits; OUT_OF_RANGE, UNKNOWN_NAME
 */
export abstract class Pooling1D extends Layer {
  readonly #steps: ConvolutionSteps;

  constructor(className: string, options: Pooling1DOptions = {}) {
    super(className, options, ['poolSize', 'strides', 'padding']);
    const { poolSize = 2, strides = poolSize, padding = 'valid' } = options;
    for (const [name, value] of Object.entries({ poolSize, strides })) requireCount(className, name, value);
    if (!paddings.includes(padding)) throw unknownName(className, 'padding', padding, paddings);
    this.#steps = { kernelSize: poolSize, strides, padding, dilationRate: 1 };
  }

  /** @param windows `[rows, poolSize, features]`. @param sees `[rows * poolSize]`, 0 for what takes no part. */
  protected abstract pool(windows: Tensor, sees: Uint8Array): Tensor;

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(this, inputShape, null);
    const [batch, time, features] = inputShape;
    const windows = time === null ? null : countWindows(time, this.#steps);
    if (windows !== 0) return [batch, windows, features];
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: 'the sequences are shorter than one window.',
      expected: `at least ${this.#steps.kernelSize} steps`,
      received: describeOpenShape(inputShape),
      fix: "pad the sequences, use a smaller poolSize, or padding: 'same'.",
    });
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    const shape = this.computeOutputShape(input.shape) as readonly number[];
    const [batch, time, features] = input.shape;
    const indices = windowIndices(batch, time, this.#steps, mask);
    const windows = [batch * shape[1], this.#steps.kernelSize, features];
    return ops.reshape(this.pool(gatherTensor(input, windows, features, indices), seen(indices)), shape);
  }

  protected override maskAfter(mask: Mask, { shape: [batch, time] }: Tensor): Mask {
    const counts = numbersSeen(seen(windowIndices(batch, time, this.#steps, mask)), this.#steps.kernelSize);
    return Uint8Array.from(counts, (count) => Math.min(count, 1));
  }

  override getConfig(): Record<string, Json | undefined> {
    const { kernelSize: poolSize, strides, padding } = this.#steps;
    return { ...this.baseConfig(), poolSize, strides, padding };
  }
}

/** How many of each `size` entries are not 0. */
export function numbersSeen(sees: Uint8Array, size: number): Uint32Array {
  const counts = new Uint32Array(sees.length / size);
  sees.forEach((isSeen, i) => {
    counts[Math.floor(i / size)] += isSeen;
  });
  return counts;
}

function seen(indices: Int32Array): Uint8Array {
  return Uint8Array.from(indices, (row) => (row < 0 ? 0 : 1));
}

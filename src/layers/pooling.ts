import { gatherTensor } from '../tensor/gather.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { requirePlaces, titleOf } from './input-axes.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import type { Mask } from './mask.js';
import {
  noWindow,
  type PerAxis,
  perAxis,
  requirePadding,
  type WindowSteps,
  windowCounts,
  windowIndices,
} from './windows.js';

export interface PoolingOptions extends LayerOptions {
  /** Steps a window sees. Default 2, as Keras has it for the largest value. */
  poolSize?: PerAxis | undefined;
  /** Steps from one window to the next. Default `poolSize`. */
  strides?: PerAxis | undefined;
  /** `valid` reads only whole windows; `same` as many as there are strides. Default valid. */
  padding?: 'valid' | 'same' | undefined;
}

/** What {@link PoolingOptions} are along time. */
export interface Pooling1DOptions extends PoolingOptions {
  poolSize?: number | undefined;
  strides?: number | undefined;
}

/** What {@link PoolingOptions} are for height and width: one number for both, or one for each. */
export interface Pooling2DOptions extends PoolingOptions {
  poolSize?: number | readonly [height: number, width: number] | undefined;
  strides?: number | readonly [height: number, width: number] | undefined;
}

/** How places become one. */
export interface PoolingKind {
  /** The names of the axes along which windows move. */
  readonly axes: readonly string[];
  /** From `[rows, places, features]` to `[rows, features]`; of `[rows * places]`, 0 takes no part. */
  readonly pool: (windows: Tensor, sees: Uint8Array) => Tensor;
}

/**
 * Makes one place of every window along some axes: `[batch, time, features]` to `[batch, windows, features]`, or
 * `[batch, height, width, features]` to `[batch, windows, windows, features]`. Places that are masked, or beyond the
 * ends, take no part; a window without any other gives zeros, and counts nowhere. (Keras drops the mask with a warning.)
 *
 * @throws SHAPE_MISMATCH also where no window fits; OUT_OF_RANGE, UNKNOWN_NAME
 */
export abstract class Pooling extends Layer {
  readonly className: string;
  readonly #kind: PoolingKind;
  readonly #axes: readonly WindowSteps[];
  readonly #given: Required<Pick<PoolingOptions, 'poolSize' | 'strides' | 'padding'>>;

  constructor(className: string, options: PoolingOptions, kind: PoolingKind) {
    super(className, options, ['poolSize', 'strides', 'padding']);
    this.className = className;
    this.#kind = kind;
    const { poolSize = 2, strides = poolSize, padding = 'valid' } = options;
    const moves = perAxis(className, 'strides', strides, kind.axes.length);
    requirePadding(className, padding, ['valid', 'same']);
    this.#given = { poolSize, strides, padding };
    this.#axes = perAxis(className, 'poolSize', poolSize, kind.axes.length).map((kernelSize, axis) => ({
      kernelSize,
      strides: moves[axis],
      padding,
      dilationRate: 1,
    }));
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requirePlaces(this, inputShape, { axes: this.#kind.axes, features: null });
    const windows = windowCounts(inputShape.slice(1, -1), this.#axes);
    if (windows !== undefined) return [inputShape[0], ...windows, inputShape.at(-1)!];
    throw noWindow(titleOf(this), inputShape, this.#axes);
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    const shape = this.computeOutputShape(input.shape) as readonly number[];
    const indices = this.#indices(input, mask);
    const features = input.shape.at(-1)!;
    const size = this.#windowSize;
    const windows = gatherTensor(input, [indices.length / size, size, features], features, indices);
    return ops.reshape(this.#kind.pool(windows, seen(indices)), shape);
  }

  protected override maskAfter(mask: Mask, input: Tensor): Mask {
    const counts = numbersSeen(seen(this.#indices(input, mask)), this.#windowSize);
    return Uint8Array.from(counts, (count) => Math.min(count, 1));
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), ...this.#given };
  }

  get #windowSize(): number {
    return this.#axes.reduce((size, { kernelSize }) => size * kernelSize, 1);
  }

  #indices({ shape }: Tensor, mask: Mask | undefined): Int32Array {
    return windowIndices(shape[0], shape.slice(1, -1), this.#axes, mask);
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

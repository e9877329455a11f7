import { RondoError, requireCount, unknownName } from '../errors.js';
import { gatherTensor } from '../tensor/gather.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import {
  type ConvolutionPadding,
  type ConvolutionSteps,
  countWindows,
  windowIndices,
  windowMask,
} from './conv-windows.js';
import { requireSequence, titleOf } from './input-axes.js';
import { KernelLayer, type KernelOptions } from './kernel-layer.js';
import { type CallOptions, describeOpenShape, type Json, knownAxis, type OpenShape, singleInput } from './layer.js';
import type { Mask } from './mask.js';

const paddings: readonly ConvolutionPadding[] = ['valid', 'same', 'causal'];

export interface Conv1DOptions extends KernelOptions {
  /** Number of output features. */
  filters: number;
  /** Steps a window sees. */
  kernelSize: number;
  /** Steps from one window to the next. Default 1. */
  strides?: number | undefined;
  /** Default valid. See {@link ConvolutionPadding}. */
  padding?: ConvolutionPadding | undefined;
  /** Steps between the steps of a window. Default 1; more than 1 only with strides 1, as in Keras. */
  dilationRate?: number | undefined;
}

/**
 * Convolution along time: `y[t] = activation(sum over k of x[t * strides + k * dilationRate] kernel[k] + bias)`, with
 * Keras 3's options and defaults. Input `[batch, time, features]`, output `[batch, windows, filters]`. All windows are
 * one matrix product.
 *
 * Masked steps are read as zeros, and the mask goes on, see {@link windowMask} (Keras drops it with a warning and reads
 * what padding holds): padded sequences give what they give alone. With `valid`, none of a sequence shorter than a
 * window counts; with `same` and strides, windows stand where the padded length puts them.
 *
 * @throws SHAPE_MISMATCH also where no window fits; OUT_OF_RANGE, UNKNOWN_NAME, USAGE
 */
export class Conv1D extends KernelLayer {
  readonly className = 'Conv1D';
  readonly filters: number;
  readonly #steps: ConvolutionSteps;

  constructor(options: Conv1DOptions) {
    super('Conv1D', options, ['filters', 'kernelSize', 'strides', 'padding', 'dilationRate']);
    const { filters, kernelSize, strides = 1, padding = 'valid', dilationRate = 1 } = options;
    this.filters = filters;
    this.#steps = { kernelSize, strides, padding, dilationRate };
    for (const [name, value] of Object.entries({ filters, kernelSize, strides, dilationRate }))
      requireCount('Conv1D', name, value);
    if (!paddings.includes(padding)) throw unknownName('Conv1D', 'padding', padding, paddings);
    if (strides > 1 && dilationRate > 1) {
      throw new RondoError('USAGE', {
        where: 'Conv1D',
        what: 'strides and dilationRate cannot both be above 1.',
        received: `strides ${strides}, dilationRate ${dilationRate}`,
        fix: 'set one of them to 1.',
      });
    }
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(this, inputShape, this.buildShape?.at(2) ?? null);
    const [batch, time] = inputShape;
    const windows = time === null ? null : countWindows(time, this.#steps);
    if (windows === 0) {
      const reach = this.#steps.dilationRate * (this.#steps.kernelSize - 1) + 1;
      throw new RondoError('SHAPE_MISMATCH', {
        where: titleOf(this),
        what: 'the sequences are shorter than one window.',
        expected: `at least ${reach} steps`,
        received: describeOpenShape(inputShape),
        fix: "pad the sequences, use a smaller kernelSize, or padding: 'same'.",
      });
    }
    return [batch, windows, this.filters];
  }

  override build(inputShape: OpenShape): void {
    this.addKernel(
      [this.#steps.kernelSize, knownAxis('Conv1D', inputShape, 2, 'features'), this.filters],
      this.filters,
    );
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.activated(this.#product(inputs, options));
  }

  protected override maskAfter(mask: Mask, { shape: [batch, time] }: Tensor): Mask {
    const { padding, strides } = this.#steps;
    return padding === 'valid' || strides > 1 ? windowMask(batch, time, this.#steps, mask) : mask;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...super.getConfig(), filters: this.filters, ...this.#steps };
  }

  /** The windows laid out side by side, times the kernel. */
  #product(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    const windows = this.computeOutputShape(input.shape)[1]!;
    const [batch, time, features] = input.shape;
    const width = this.#steps.kernelSize * features;
    const seen = gatherTensor(input, [batch, windows, width], features, windowIndices(batch, time, this.#steps, mask));
    return ops.matmul(seen, ops.reshape(this.kernel, [width, this.filters]));
  }
}

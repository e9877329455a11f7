import { RondoError, requireCount } from '../errors.js';
import { type Shape, sizeOf } from '../shape.js';
import { gatherTensor } from '../tensor/gather.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { requirePlaces, titleOf } from './input-axes.js';
import { KernelLayer, type KernelOptions } from './kernel-layer.js';
import { type CallOptions, describeOpenShape, type Json, knownAxis, type OpenShape, singleInput } from './layer.js';
import type { Mask } from './mask.js';
import {
  noWindow,
  type PerAxis,
  perAxis,
  requirePadding,
  type WindowPadding,
  type WindowSteps,
  windowCounts,
  windowIndices,
  windowMask,
} from './windows.js';

/** Keras 3's options of convolutions; the features are the last axis. */
export interface ConvolutionOptions extends KernelOptions {
  /** Number of output features. */
  filters: number;
  /** Steps a window sees. */
  kernelSize: PerAxis;
  /** Steps from one window to the next. Default 1. */
  strides?: PerAxis | undefined;
  /** Default valid. See {@link WindowPadding}. */
  padding?: WindowPadding | undefined;
  /** Steps between the steps of a window. Default 1; more than 1 only with strides 1, as in Keras. */
  dilationRate?: PerAxis | undefined;
  /** Into how many parts features and filters are cut, each of which sees its own alone; divides both. Default 1. */
  groups?: number | undefined;
}

const optionNames: readonly string[] = ['filters', 'kernelSize', 'strides', 'padding', 'dilationRate', 'groups'];

/**
 * Convolution along some axes: `activation(sum over the places of a window of x kernel + bias)`. All windows are laid
 * out side by side and multiplied by the kernel at once (by group).
 *
 * Masked places are read as zeros, and the mask goes on, see {@link windowMask} (Keras drops it with a warning and reads
 * what padding holds).
 */
export abstract class Convolution extends KernelLayer {
  readonly filters: number;
  readonly groups: number;
  protected readonly axes: readonly WindowSteps[];
  readonly #axisNames: readonly string[];

  /** @param axisNames of the axes along which windows move. @throws OUT_OF_RANGE, UNKNOWN_NAME, USAGE */
  constructor(
    className: string,
    options: ConvolutionOptions,
    axisNames: readonly string[],
    paddings: readonly WindowPadding[],
  ) {
    super(className, options, optionNames);
    const { filters, kernelSize, strides = 1, padding = 'valid', dilationRate = 1, groups = 1 } = options;
    requireCount(className, 'filters', filters);
    requireCount(className, 'groups', groups);
    requirePadding(className, padding, paddings);
    const [sizes, moves, rates] = Object.entries({ kernelSize, strides, dilationRate }).map(([name, given]) =>
      perAxis(className, name, given, axisNames.length),
    );
    this.#axisNames = axisNames;
    this.filters = filters;
    this.groups = groups;
    this.axes = sizes.map((size, axis) => ({
      kernelSize: size,
      strides: moves[axis],
      dilationRate: rates[axis],
      padding,
    }));
    if (moves.some((one) => one > 1) && rates.some((one) => one > 1)) {
      throw new RondoError('USAGE', {
        where: className,
        what: 'strides and dilationRate cannot both be above 1.',
        received: `strides ${strides}, dilationRate ${dilationRate}`,
        fix: 'set one of them to 1.',
      });
    }
    if (filters % groups !== 0) {
      throw new RondoError('USAGE', {
        where: className,
        what: 'the groups do not divide the filters.',
        expected: `a multiple of ${groups} filters`,
        received: String(filters),
        fix: 'change `filters` or `groups`.',
      });
    }
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requirePlaces(this, inputShape, { axes: this.#axisNames, features: this.buildShape?.at(-1) ?? null });
    const [batch, ...sizes] = inputShape;
    const features = sizes.pop() ?? null;
    if (features !== null && features % this.groups !== 0) {
      throw new RondoError('SHAPE_MISMATCH', {
        where: titleOf(this),
        what: 'the groups do not divide the features.',
        expected: `a multiple of ${this.groups} features`,
        received: describeOpenShape(inputShape),
        fix: 'change `groups`.',
      });
    }
    const windows = windowCounts(sizes, this.axes);
    if (windows !== undefined) return [batch, ...windows, this.filters];
    throw noWindow(titleOf(this), inputShape, this.axes);
  }

  override build(inputShape: OpenShape): void {
    const features = knownAxis(this.className, inputShape, -1, 'features');
    const sizes = this.axes.map(({ kernelSize }) => kernelSize);
    // The columns of a group are not multiplied with those of others.
    this.addKernel([...sizes, features / this.groups, this.filters], this.filters, this.groups === 1);
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    return this.activated(this.product(singleInput(this.name, inputs), mask));
  }

  protected override maskAfter(mask: Mask, { shape: [batch, ...sizes] }: Tensor): Mask {
    const oneEach = this.axes.every(({ padding, strides }) => padding !== 'valid' && strides === 1);
    if (oneEach && this.axes.length === 1) return mask;
    return windowMask(batch, sizes.slice(0, -1), this.axes, mask);
  }

  override getConfig(): Record<string, Json | undefined> {
    const { strides = 1, padding = 'valid', dilationRate = 1 } = this.options as ConvolutionOptions;
    return { ...super.getConfig(), strides, padding, dilationRate, groups: this.groups };
  }

  /** The sums over the windows. @param axes how windows move, where not as the layer says. */
  protected product(input: Tensor, mask: Mask | undefined, axes = this.axes): Tensor {
    const { groups, filters } = this;
    const [batch, ...sizes] = input.shape;
    const features = sizes.pop()!;
    this.computeOutputShape(input.shape);
    const windows = windowCounts(sizes, axes) as Shape;
    const indices = windowIndices(batch, sizes, axes, mask);
    const shape = [batch, ...windows, filters];
    const numWindows = sizeOf(shape) / filters;
    const width = this.kernel.size / filters;
    if (groups === 1) {
      const seen = gatherTensor(input, [numWindows, width], features, indices);
      return ops.reshape(ops.matmul(seen, ops.reshape(this.kernel, [width, filters])), shape);
    }
    const parts = partedRows(indices, groups);
    const seen = gatherTensor(input, [groups, numWindows, width], features / groups, parts);
    const kernels = ops.transpose(ops.reshape(this.kernel, [width, groups, filters / groups]), [1, 0, 2]);
    return ops.reshape(ops.transpose(ops.matmul(seen, kernels), [1, 0, 2]), shape);
  }
}

/** Rows of features as rows of one group's features, group after group. */
function partedRows(rows: Int32Array, groups: number): Int32Array {
  const parts = new Int32Array(groups * rows.length);
  for (let group = 0; group < groups; group++)
    for (let i = 0; i < rows.length; i++) parts[group * rows.length + i] = rows[i] < 0 ? -1 : rows[i] * groups + group;
  return parts;
}

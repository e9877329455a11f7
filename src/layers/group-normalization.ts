import { RondoError, requireNumber } from '../errors.js';
import { add, div, mul, rowSum, sqrt, square, sub } from '../expression/build.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { movedLast, placeOfWidth, requireAxis, requireMaskBefore } from './axis-option.js';
import { titleOf } from './input-axes.js';
import { type CallOptions, describeOpenShape, type Json, knownAxis, type OpenShape, singleInput } from './layer.js';
import { normalizedRows } from './layer-normalization.js';
import { clearMasked, type Mask } from './mask.js';
import { NormalizationLayer, type NormalizationOptions } from './normalization-layer.js';

/** Keras 3's options. */
export interface GroupNormalizationOptions extends NormalizationOptions {
  /** Into how many groups the features are parted, a divisor of them; -1 for one each. Default 32. */
  groups?: number | undefined;
  /** The axis of the features; negative ones count from the end. Default -1. */
  axis?: number | undefined;
}

/**
 * `(x - mean) / sqrt(variance + epsilon) * gamma + beta` with mean and variance of each group of neighbouring features
 * of each sample, over all its steps. Wu and He 2018, "Group normalization". Input and output `[batch, ..., features]`;
 * a mask goes on with the output, and steps that are masked take no part (in Keras they do).
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE; USAGE for a mask that runs along `axis`
 */
export class GroupNormalization extends NormalizationLayer {
  readonly className = 'GroupNormalization';
  protected override readonly passesMask = true;
  readonly axis: number;
  readonly groups: number;

  constructor(options: GroupNormalizationOptions = {}) {
    super('GroupNormalization', options, ['groups', 'axis']);
    const { axis = -1, groups = 32 } = options;
    requireAxis('GroupNormalization', axis);
    const isCount = (value: number): boolean => Number.isInteger(value) && (value >= 1 || value === -1);
    requireNumber('GroupNormalization', 'groups', groups, 'a whole number of at least 1, or -1', isCount);
    this.axis = axis;
    this.groups = groups;
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    const width = inputShape[placeOfWidth(this, inputShape)];
    if (width === null || width % this.groups === 0) return inputShape;
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: `${width} features cannot be parted into ${this.groups} groups.`,
      expected: `a multiple of ${this.groups} features`,
      received: describeOpenShape(inputShape),
      fix: 'give `groups` that divide the features.',
    });
  }

  override build(inputShape: OpenShape): void {
    this.addScale(knownAxis('GroupNormalization', inputShape, this.axis, 'features'));
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const at = placeOfWidth(this, input.shape);
    requireMaskBefore(this, at, input.shape, mask);
    const { moved, back } = movedLast(clearMasked(input, mask), at);
    const [batch, width] = [input.shape[0], input.shape[at]];
    const groups = this.groups === -1 ? width : this.groups;
    const parted = ops.transpose(ops.reshape(moved, [batch, -1, groups, width / groups]), [0, 2, 1, 3]);
    const normalized = ops.transpose(ops.reshape(this.#rows(parted, mask), parted.shape), [0, 2, 1, 3]);
    return back(this.rescaled(ops.reshape(normalized, moved.shape)));
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...super.getConfig(), groups: this.groups, axis: this.axis };
  }

  /** `[batch, groups, steps, features of one group]`, each group of a sample as a row that is normalised. */
  #rows(parted: Tensor, mask: Mask | undefined): Tensor {
    const [batch, groups, steps, features] = parted.shape;
    const columns = steps * features;
    const rows = ops.reshape(parted, [batch * groups, columns]);
    const epsilon = { epsilon: this.epsilon };
    if (mask === undefined || !mask.includes(0))
      return applyPointwise(normalizedRows, [rows], { share: 1 / columns, ...epsilon });
    const length = mask.length / batch;
    const counted = ops.expand(tensor(mask, [batch, 1, length, 1]), [batch, groups, length, columns / length]);
    const shares = Float64Array.from({ length: batch * groups }, (_, row) => {
      const sample = Math.floor(row / groups);
      const count = mask.subarray(sample * length, (sample + 1) * length).reduce((sum, counts) => sum + counts, 0);
      return count === 0 ? 0 : length / (columns * count);
    });
    const operands = [rows, ops.reshape(counted, rows.shape), tensor(shares, [batch * groups, 1])];
    return applyPointwise(normalizedAmong, operands, epsilon);
  }
}

/** Rows of mean 0 and variance 1 among what counts; x is 0 elsewhere, and stays so. */
const normalizedAmong: PointwiseFunction = {
  name: 'normalize among',
  build: ([x, counts, share], { epsilon }) => {
    const centred = sub(x, mul(counts, mul(rowSum(x), share)));
    return div(centred, sqrt(add(mul(rowSum(square(centred)), share), epsilon)));
  },
  scalars: ['epsilon'],
  alongRows: true,
};

import { requireNumber } from '../errors.js';
import { add, mul, sub } from '../expression/build.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { withoutTape } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import { keepsStepsApart, movedLast, placeOfWidth, requireAxis, requireMaskBefore } from './axis-option.js';
import type { InitializerLike } from './initializers.js';
import { type CallOptions, type Json, knownAxis, type OpenShape, singleInput, type WeightOptions } from './layer.js';
import { clearMasked, type Mask, weighted } from './mask.js';
import { NormalizationLayer, type NormalizationOptions } from './normalization-layer.js';
import { weightOptions } from './weight-options.js';
import { isFrozen, latestValue, updateWeight } from './weight-updates.js';

/** Keras 3's options, but for `renorm` and `synchronized`. */
export interface BatchNormalizationOptions extends NormalizationOptions {
  /** The axis of the features, each of which is normalised by itself; negative ones count from the end. Default -1. */
  axis?: number | undefined;
  /** How much of the moving statistics stays at each training step, from 0 to 1. Default 0.99. */
  momentum?: number | undefined;
  /** Default zeros. */
  movingMeanInitializer?: InitializerLike | undefined;
  /** Default ones. */
  movingVarianceInitializer?: InitializerLike | undefined;
}

const optionNames: readonly string[] = ['axis', 'momentum', 'movingMeanInitializer', 'movingVarianceInitializer'];

/**
 * `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, feature by feature. In training mean and variance are those of
 * the batch, over all axes but `axis`; otherwise the moving ones, which training updates: `moving = momentum * moving +
 * (1 - momentum) * batch`. Ioffe and Szegedy 2015, "Batch normalization: accelerating deep network training by reducing
 * internal covariate shift". Input and output have one shape, such as `[batch, time, features]`; a mask goes on with the
 * output.
 *
 * Steps that are masked take no part, and a batch in which nothing counts is normalised by the moving statistics and
 * does not change them (Keras pulls them to 0). Moving statistics are weights that no optimizer changes: `movingMean`
 * and `movingVariance`, in files like all others. A layer that is not trainable, or is run by one that is not, such as a
 * frozen model, uses them in training too and leaves them as they are, as in Keras.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE; USAGE for a mask that runs along `axis`, and inside of `ops.checkpoint`
 */
export class BatchNormalization extends NormalizationLayer {
  readonly className = 'BatchNormalization';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime: boolean;
  readonly axis: number;
  readonly momentum: number;
  #movingMean!: Variable;
  #movingVariance!: Variable;
  readonly #meanOptions: WeightOptions;
  readonly #varianceOptions: WeightOptions;

  constructor(options: BatchNormalizationOptions = {}) {
    super('BatchNormalization', options, optionNames);
    const { axis = -1, momentum = 0.99 } = options;
    requireAxis('BatchNormalization', axis);
    requireNumber('BatchNormalization', 'momentum', momentum, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
    this.axis = axis;
    this.momentum = momentum;
    this.isPointwiseInTime = keepsStepsApart(axis);
    this.#meanOptions = { ...weightOptions('BatchNormalization', 'movingMean', options, 'zeros'), trainable: false };
    this.#varianceOptions = {
      ...weightOptions('BatchNormalization', 'movingVariance', options, 'ones'),
      trainable: false,
    };
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    placeOfWidth(this, inputShape);
    return inputShape;
  }

  override build(inputShape: OpenShape): void {
    const width = knownAxis('BatchNormalization', inputShape, this.axis, 'features');
    this.addScale(width);
    this.#movingMean = this.addWeight('movingMean', [width], this.#meanOptions);
    this.#movingVariance = this.addWeight('movingVariance', [width], this.#varianceOptions);
  }

  override call(inputs: Tensor | readonly Tensor[], { training = false, mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    const at = placeOfWidth(this, input.shape);
    requireMaskBefore(this, at, input.shape, mask);
    const { moved, back } = movedLast(clearMasked(input, mask), at);
    const rows = ops.reshape(moved, [-1, input.shape[at]]);
    const usesBatch = training && !isFrozen() && mask?.includes(1) !== false;
    const { mean, variance } = usesBatch
      ? this.#statisticsOf(rows, mask)
      : { mean: this.#movingMean, variance: this.#movingVariance };
    const factor = ops.div(this.gamma ?? 1, ops.sqrt(ops.add(variance, this.epsilon)));
    const normalized =
      this.beta === undefined
        ? applyPointwise(scaled, [rows, mean, factor])
        : applyPointwise(scaledAndCentred, [rows, mean, factor, this.beta]);
    return back(ops.reshape(normalized, moved.shape));
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...super.getConfig(), axis: this.axis, momentum: this.momentum };
  }

  /** Mean and variance of the rows that count, with which the moving ones go on. */
  #statisticsOf(rows: Tensor, mask: Mask | undefined): { mean: Tensor; variance: Tensor } {
    const average = averageOver(rows.shape[0], mask);
    const mean = average(rows);
    const variance = average(ops.square(ops.sub(rows, mean)));
    withoutTape(() => {
      for (const [moving, now] of [
        [this.#movingMean, mean],
        [this.#movingVariance, variance],
      ] as const)
        updateWeight(moving, applyPointwise(movedOn, [latestValue(moving), now], { momentum: this.momentum }));
    });
    return { mean, variance };
  }
}

/** The mean over those of `numRows` rows that count; each entry of a mask stands for equally many. */
function averageOver(numRows: number, mask: Mask | undefined): (rows: Tensor) => Tensor {
  if (mask === undefined || !mask.includes(0)) return (rows) => ops.mean(rows, 0);
  const each = numRows / mask.length;
  const share = 1 / (each * mask.reduce((sum, counts) => sum + counts, 0));
  const shares = Float64Array.from({ length: numRows }, (_, row) => share * mask[Math.floor(row / each)]);
  return (rows) => ops.sum(weighted(rows, shares), 0);
}

const scaled: PointwiseFunction = {
  name: 'centred, scaled',
  build: ([x, mean, factor]) => mul(sub(x, mean), factor),
};
const scaledAndCentred: PointwiseFunction = {
  name: 'centred, scaled, moved',
  build: ([x, mean, factor, beta]) => add(mul(sub(x, mean), factor), beta),
};
const movedOn: PointwiseFunction = {
  name: 'moving average',
  build: ([moving, now], { momentum }) => add(mul(moving, momentum), mul(now, sub(1, momentum))),
  scalars: ['momentum'],
};

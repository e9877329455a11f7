import { RondoError } from '../../errors.js';
import type { Configuration, Configured } from '../../layers/configured.js';
import type { Json } from '../../layers/layer.js';
import { describeShape, type Shape, sameShape, sizeOf } from '../../shape.js';
import type { Tensor } from '../../tensor/tensor.js';

/** Numbers on the host with their shape, row-major. */
export interface MetricArray {
  readonly data: ArrayLike<number>;
  readonly shape: Shape;
}

/** One batch as metrics see it. */
export interface MetricBatch {
  readonly yTrue: MetricArray;
  readonly yPred: MetricArray;
  /** One weight per sample, or per sample and step. */
  readonly sampleWeight?: MetricArray | undefined;
  /** 1 where a sample or step counts, 0 where it is padding. */
  readonly mask?: MetricArray | undefined;
  /** The numbers of what {@link Metric.alsoReads} named. */
  readonly alsoRead?: readonly ArrayLike<number>[] | undefined;
}

/** Labels whose losses are known while the distributions they come from were never stored. */
export interface ScoredBatch extends Omit<MetricBatch, 'yTrue' | 'yPred'> {
  /** The axes before that of the classes. */
  readonly shape: Shape;
  readonly labels: ArrayLike<number>;
  /** `-ln p` of each label. */
  readonly losses: ArrayLike<number>;
  /** The likeliest class of each row; undefined where no metric needs it. */
  readonly predicted: ArrayLike<number> | undefined;
}

/** How a metric is gathered from {@link ScoredBatch} instead of predictions. */
export interface ScoredReading {
  readonly needsPredicted: boolean;
  /** Whether the metric would take predictions for logits; undefined where that makes no difference. */
  readonly fromLogits?: boolean | undefined;
  readonly gather: (batch: ScoredBatch, add: (value: number, weight: number) => void) => void;
}

/**
 * A measure of predictions, gathered batch by batch on the host in double precision. What it says after several batches
 * is what it would say of all of them at once.
 */
export interface Metric extends Configured {
  /** Which of two results is better, for callbacks that watch it. */
  readonly better: 'higher' | 'lower';
  /** Forgets what was seen. */
  reset(): void;
  /** Tensors that the metric looks at besides predictions, such as weights that decode them; read along with those. */
  alsoReads?(): readonly Tensor[];
  /** @throws SHAPE_MISMATCH where targets, weights or mask do not fit the predictions */
  update(batch: MetricBatch): void;
  /**
   * Adds the batch up on a device that is read asynchronously only, so that one number is read in place of the
   * predictions; undefined where the metric wants those. The host takes the sum with {@link Metric.addSum}.
   */
  readonly sumOnDevice?: ((batch: DeviceBatch) => DeviceSum | undefined) | undefined;
  addSum?(total: number, weight: number): void;
  /** Given where scored labels are enough for the metric. */
  readonly scored?:
    | { readonly needsPredicted: boolean; readonly fromLogits?: boolean | undefined; update(batch: ScoredBatch): void }
    | undefined;
  /** NaN where nothing was seen that counts, so that it cannot be taken for a measurement (Keras says 0). */
  result(): number;
  /** What was seen so far, for training that is interrupted within an epoch. */
  getState(): Json;
  setState(state: Json): void;
}

/** Weighted values, to be averaged: what {@link MeanMetric} gathers from a batch. */
export type Gather = (batch: MetricBatch, add: (value: number, weight: number) => void) => void;

/** The weighted mean of values. */
export class MeanMetric implements Metric {
  scored: Metric['scored'];
  sumOnDevice: Metric['sumOnDevice'];
  #total = 0;
  #weight = 0;
  readonly #gather: Gather;
  readonly #config: Readonly<Record<string, unknown>>;

  readonly #finish: (mean: number) => number;

  /** @param finish what is made of the mean at the end. */
  constructor(
    readonly name: string,
    readonly better: Metric['better'],
    gather: Gather,
    config: Readonly<Record<string, unknown>> = {},
    finish: (mean: number) => number = (mean) => mean,
  ) {
    this.#finish = finish;
    this.#gather = gather;
    this.#config = config;
  }

  reset(): void {
    this.#total = 0;
    this.#weight = 0;
  }

  /** Lets scored labels stand for predictions. */
  alsoScored({ gather, ...needs }: ScoredReading): this {
    this.scored = { ...needs, update: (batch) => gather(batch, this.#add) };
    return this;
  }

  /** Adds batches up on a device, too. */
  alsoOnDevice(sum: NonNullable<Metric['sumOnDevice']>): this {
    this.sumOnDevice = sum;
    return this;
  }

  addSum(total: number, weight: number): void {
    this.#total += total;
    this.#weight += weight;
  }

  update(batch: MetricBatch): void {
    this.#gather(batch, this.#add);
  }

  readonly #add = (value: number, weight: number): void => {
    // Padding may hold anything, NaN included.
    if (weight === 0) return;
    this.#total += value * weight;
    this.#weight += weight;
  };

  result(): number {
    return this.#finish(this.#total / this.#weight);
  }

  getState(): Json {
    return [this.#total, this.#weight];
  }

  setState(state: Json): void {
    [this.#total, this.#weight] = state as [number, number];
  }

  getConfig(): Configuration {
    return { name: this.name, config: this.#config };
  }
}

/**
 * The weight of each value of a batch, from sample weights and mask, which belong to the leading axes of the values.
 *
 * @throws SHAPE_MISMATCH
 */
export function weightsOf(
  where: string,
  { sampleWeight, mask }: Pick<MetricBatch, 'sampleWeight' | 'mask'>,
  shape: Shape,
): (index: number) => number {
  const size = sizeOf(shape);
  const readers = (['sampleWeight', 'mask'] as const).flatMap((name) => {
    const given = name === 'mask' ? mask : sampleWeight;
    if (given === undefined) return [];
    const repeat = size / leadingSize(where, name, given.shape, shape);
    return [(index: number): number => given.data[Math.floor(index / repeat)]];
  });
  if (readers.length === 0) return () => 1;
  if (readers.length === 1) return readers[0];
  return (index) => readers[0](index) * readers[1](index);
}

function leadingSize(where: string, name: string, given: Shape, shape: Shape): number {
  let rank = given.length;
  const isLeading = (): boolean => rank <= shape.length && given.slice(0, rank).every((axis, i) => axis === shape[i]);
  while (!isLeading() && rank > 1 && given[rank - 1] === 1) rank--;
  if (isLeading()) return sizeOf(given.slice(0, rank));
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: `\`${name}\` does not fit the predictions.`,
    expected: `the leading axes of ${describeShape(shape)}`,
    received: describeShape(given),
    fix: 'give one number per sample, or one per sample and step.',
  });
}

/**
 * Targets and predictions element by element; a last axis of 1 may be missing in one of them. @throws SHAPE_MISMATCH
 */
export function requireEqualShapes(where: string, { yTrue, yPred }: MetricBatch): void {
  const [truth, predicted] = [yTrue.shape, yPred.shape];
  if (sameShape(truth, predicted) || sameShape([...truth, 1], predicted) || sameShape(truth, [...predicted, 1])) return;
  throw targetsDiffer(where, describeShape(yPred.shape), yTrue.shape);
}

/** Class indices `[...]` or `[..., 1]` for predictions `[..., classes]`. */
export function isSparse({ yTrue, yPred }: MetricBatch): boolean {
  return yTrue.shape.length < yPred.shape.length || (yTrue.shape.at(-1) === 1 && (yPred.shape.at(-1) ?? 1) > 1);
}

/** Reads the true class of each row of predictions, from class indices or from one-hot rows. @throws SHAPE_MISMATCH */
export function classOf(where: string, batch: MetricBatch): (row: number) => number {
  const { yTrue, yPred } = batch;
  const classes = yPred.shape.at(-1) ?? 1;
  const rows = sizeOf(yPred.shape) / classes;
  if (isSparse(batch)) {
    if (sizeOf(yTrue.shape) !== rows)
      throw targetsDiffer(where, `${describeShape(yPred.shape.slice(0, -1))} (class indices)`, yTrue.shape);
    return (row) => yTrue.data[row];
  }
  requireEqualShapes(where, batch);
  return (row) => argMaxOf(yTrue.data, row * classes, classes);
}

/** The place of the largest of `count` values from `start`; the first of several. */
export function argMaxOf(data: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (data[start + i] > data[start + best]) best = i;
  return best;
}

function targetsDiffer(where: string, expected: string, received: Shape): RondoError {
  return new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'the targets do not fit the predictions.',
    expected: `targets of shape ${expected}`,
    received: describeShape(received),
    fix: 'give one target for every prediction.',
  });
}

/** A batch whose predictions are on a device that is read asynchronously only. */
export interface DeviceBatch extends Omit<MetricBatch, 'yPred' | 'alsoRead'> {
  readonly yPred: Tensor;
}

/** The sum of weighted values, still on the device `[1]`, and of the weights, which are the host's. */
export interface DeviceSum {
  readonly total: Tensor;
  readonly weight: number;
}

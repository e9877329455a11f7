import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../../errors.js';
import { type Schedule, type ScheduleLike, scheduleFromConfig } from '../schedules.js';

/** Options of every optimizer, with Keras 3's defaults. */
export interface OptimizerOptions {
  /** A number, or a schedule by the number of batches seen. */
  learningRate?: ScheduleLike | undefined;
  /**
   * Before each update, weights are multiplied by `1 - weightDecay * learningRate`. Loshchilov and Hutter 2017,
   * "Decoupled weight decay regularization".
   */
  weightDecay?: number | undefined;
  /** Weights whose name contains one of these are not decayed, for example `['bias']`. */
  excludeFromWeightDecay?: readonly string[] | undefined;
  /** The largest size of an element of a gradient. */
  clipValue?: number | undefined;
  /** The largest norm of the gradient of one weight. */
  clipNorm?: number | undefined;
  /**
   * The largest norm of all gradients together. Pascanu et al. 2013, "On the difficulty of training recurrent neural
   * networks", algorithm 1.
   */
  globalClipNorm?: number | undefined;
  /** Keeps an exponential moving average of the weights. Default false. */
  useEMA?: boolean | undefined;
  /** `average <- emaMomentum * average + (1 - emaMomentum) * weight`. Default 0.99. */
  emaMomentum?: number | undefined;
  /** Weights are replaced by their average after every so many updates. Default: only at the end of training. */
  emaOverwriteFrequency?: number | undefined;
  /**
   * Whether an update leaves out the rows of an embedding that its batch did not read: their weights stay, and so do
   * their averages (momentum and the like), which then count only the batches that read the row. Default false: results
   * are those of Keras, where momentum moves such rows on and averages fade. Without momentum, averages and weight
   * decay (`sgd`, `adagrad`) both are the same, and unread rows are always left out. PyTorch's SparseAdam and
   * TensorFlow's LazyAdam do as `true` does. Weight decay then reaches only the rows that are read.
   */
  lazyRows?: boolean | undefined;
  /**
   * Updates happen once in so many batches, with the mean of their gradients. In `fit` each counts by its samples and
   * steps that are no padding, so the update is that of one large batch; Keras counts batches alike. Default 1.
   */
  gradientAccumulationSteps?: number | undefined;
}

/** The options with their defaults. */
export interface CommonOptions {
  readonly learningRate: number | Schedule;
  readonly weightDecay: number;
  readonly excludeFromWeightDecay: readonly string[];
  readonly clip: { readonly kind: 'value' | 'norm' | 'globalNorm'; readonly limit: number } | undefined;
  readonly ema: { readonly momentum: number; readonly overwriteFrequency: number | undefined } | undefined;
  readonly gradientAccumulationSteps: number;
  readonly lazyRows: boolean;
}

const commonNames: readonly (keyof OptimizerOptions)[] = [
  'learningRate',
  'weightDecay',
  'excludeFromWeightDecay',
  'clipValue',
  'clipNorm',
  'globalClipNorm',
  'useEMA',
  'emaMomentum',
  'emaOverwriteFrequency',
  'gradientAccumulationSteps',
  'lazyRows',
];

/** Refuses options that neither the rule nor every optimizer has. @throws UNKNOWN_NAME */
export function refuseUnknownOptimizerOptions(where: string, options: object, own: readonly string[]): void {
  refuseUnknownOptions(where, options, [...commonNames, ...own]);
}

/** The part of an optimizer's options that every optimizer has. */
export function commonPart(options: OptimizerOptions): OptimizerOptions {
  return Object.fromEntries(
    commonNames.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}

/** Checks the options. @throws OUT_OF_RANGE, USAGE, UNKNOWN_NAME */
export function commonOptions(where: string, options: OptimizerOptions, defaultLearningRate: number): CommonOptions {
  const given = options.learningRate ?? defaultLearningRate;
  const learningRate = typeof given === 'number' ? given : scheduleFromConfig(given, `${where}.learningRate`);
  if (typeof learningRate === 'number') requireLearningRate(where, learningRate);
  const { weightDecay = 0, excludeFromWeightDecay = [], gradientAccumulationSteps = 1, lazyRows = false } = options;
  requireNumber(where, 'weightDecay', weightDecay, 'a number of at least 0', (v) => v >= 0);
  requireCount(where, 'gradientAccumulationSteps', gradientAccumulationSteps);
  if (excludeFromWeightDecay.length > 0 && weightDecay === 0) {
    throw new RondoError('USAGE', {
      where,
      what: '`excludeFromWeightDecay` has no effect without weight decay of its kind.',
      fix: 'give `weightDecay`, or remove it.',
    });
  }
  const ema = emaOf(where, options);
  if (lazyRows && (ema !== undefined || gradientAccumulationSteps > 1)) {
    throw new RondoError('USAGE', {
      where,
      what:
        `\`lazyRows\` cannot be combined with \`${ema !== undefined ? 'useEMA' : 'gradientAccumulationSteps'}\`, ` +
        'which touches every row.',
      fix: 'remove one of the two.',
    });
  }
  return {
    learningRate,
    weightDecay,
    excludeFromWeightDecay,
    clip: clipOf(where, options),
    ema,
    gradientAccumulationSteps,
    lazyRows,
  };
}

export function requireLearningRate(where: string, value: number): void {
  requireNumber(where, 'learningRate', value, 'a number of at least 0', (v) => v >= 0);
}

function clipOf(where: string, { clipValue, clipNorm, globalClipNorm }: OptimizerOptions): CommonOptions['clip'] {
  const limits = Object.entries({ clipValue, clipNorm, globalClipNorm }).filter(
    (entry): entry is [string, number] => entry[1] !== undefined,
  );
  for (const [name, limit] of limits) requireNumber(where, name, limit, 'a number greater than 0', (v) => v > 0);
  if (limits.length > 1) {
    throw new RondoError('USAGE', {
      where,
      what: 'gradients can be clipped in one way only.',
      expected: 'one of `clipValue`, `clipNorm` and `globalClipNorm`',
      received: limits.map(([name]) => `\`${name}\``).join(' and '),
      fix: 'keep one of them; `globalClipNorm` keeps the direction.',
    });
  }
  if (limits.length === 0) return undefined;
  const kind = clipValue !== undefined ? 'value' : clipNorm !== undefined ? 'norm' : 'globalNorm';
  return { kind, limit: limits[0][1] };
}

function emaOf(
  where: string,
  { useEMA = false, emaMomentum, emaOverwriteFrequency }: OptimizerOptions,
): CommonOptions['ema'] {
  if (!useEMA) {
    if (emaMomentum === undefined && emaOverwriteFrequency === undefined) return undefined;
    throw new RondoError('USAGE', {
      where,
      what: 'averages are not kept, so their options have no effect.',
      fix: 'add `useEMA: true`, or remove `emaMomentum` and `emaOverwriteFrequency`.',
    });
  }
  const momentum = emaMomentum ?? 0.99;
  requireNumber(where, 'emaMomentum', momentum, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
  if (emaOverwriteFrequency !== undefined) requireCount(where, 'emaOverwriteFrequency', emaOverwriteFrequency);
  return { momentum, overwriteFrequency: emaOverwriteFrequency };
}

/** A decay rate such as `beta1`. @throws OUT_OF_RANGE outside [0, 1) */
export function requireDecay(where: string, name: string, value: number): void {
  requireNumber(where, name, value, 'a number of at least 0 and less than 1', (v) => v >= 0 && v < 1);
}

/** @throws OUT_OF_RANGE below 0 */
export function requireEpsilon(where: string, value: number): void {
  requireNumber(where, 'epsilon', value, 'a number of at least 0', (v) => v >= 0);
}

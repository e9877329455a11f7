import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../errors.js';
import { Catalog, type Configuration, type Configured, type Given, type NameIn } from '../layers/configured.js';

/** A learning rate that depends on how many batches were trained on. */
export interface Schedule extends Configured {
  /** The learning rate of a batch. @param step the number of batches before it, from 0. */
  at(step: number): number;
}

/** A schedule, its name, its stored configuration, or a learning rate that stays. */
export type ScheduleLike = Given<Schedule, ScheduleName> | number;

function schedule(name: string, config: Readonly<Record<string, unknown>>, at: Schedule['at']): Schedule {
  return { name, at, getConfig: (): Configuration => ({ name, config }) };
}

function requireRate(where: string, name: string, value: number): void {
  requireNumber(where, name, value, 'a number of at least 0', (v) => v >= 0);
}

/** The same learning rate throughout. Default 0.001. @throws OUT_OF_RANGE */
export function constantRate(options: { learningRate?: number | undefined } = {}): Schedule {
  refuseUnknownOptions('constantRate', options, ['learningRate']);
  const { learningRate = 0.001 } = options;
  requireRate('constantRate', 'learningRate', learningRate);
  return schedule('constantRate', { learningRate }, () => learningRate);
}

/**
 * `values[i]` up to and including step `boundaries[i]`, and the last value after all of them, as Keras's
 * PiecewiseConstantDecay. @throws OUT_OF_RANGE unless boundaries increase and there is one more value
 */
export function piecewiseConstantDecay(options: {
  boundaries: readonly number[];
  values: readonly number[];
}): Schedule {
  const where = 'piecewiseConstantDecay';
  requireOptions(where, options, ['boundaries', 'values']);
  const { boundaries, values } = options;
  values.forEach((value, i) => requireRate(where, `values[${i}]`, value));
  if (
    values.length !== boundaries.length + 1 ||
    !boundaries.every((boundary, i) => i === 0 || boundary > boundaries[i - 1])
  ) {
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'boundaries and values do not fit together.',
      expected: 'boundaries that increase, and one value more',
      received: `${JSON.stringify(boundaries)} and ${JSON.stringify(values)}`,
      fix: 'give the value before, between and after the boundaries.',
    });
  }
  return schedule(where, { boundaries, values }, (step) => {
    const place = boundaries.findIndex((boundary) => step <= boundary);
    return values[place < 0 ? boundaries.length : place];
  });
}

export interface ExponentialDecayOptions {
  initialLearningRate: number;
  /** Batches after which the rate was multiplied by `decayRate`. */
  decaySteps: number;
  decayRate: number;
  /** Multiply at once after every `decaySteps` instead of gradually. Default false. */
  staircase?: boolean | undefined;
}

/**
 * `initialLearningRate * decayRate ^ (step / decaySteps)`; the exponent rounded down with `staircase`. @throws
 * OUT_OF_RANGE
 */
export function exponentialDecay(options: ExponentialDecayOptions): Schedule {
  const where = 'exponentialDecay';
  requireOptions(where, options, ['initialLearningRate', 'decaySteps', 'decayRate'], ['staircase']);
  const { initialLearningRate, decaySteps, decayRate, staircase = false } = options;
  requireRate(where, 'initialLearningRate', initialLearningRate);
  requireRate(where, 'decayRate', decayRate);
  requireCount(where, 'decaySteps', decaySteps);
  return schedule(where, { initialLearningRate, decaySteps, decayRate, staircase }, (step) => {
    const decays = step / decaySteps;
    return initialLearningRate * decayRate ** (staircase ? Math.floor(decays) : decays);
  });
}

export interface CosineDecayOptions {
  initialLearningRate: number;
  /** Batches of the decay, after the warm-up. */
  decaySteps: number;
  /** The last rate as a part of the first. Default 0. */
  alpha?: number | undefined;
  /** The rate that a linear warm-up from `initialLearningRate` reaches, and from which the decay starts. */
  warmupTarget?: number | undefined;
  /** Batches of the warm-up. Default 0. */
  warmupSteps?: number | undefined;
}

/**
 * `rate * ((1 - alpha) (1 + cos(pi step / decaySteps)) / 2 + alpha)`, then constant. Loshchilov and Hutter 2016,
 * "SGDR", eq. 5, without restarts; the warm-up as in Keras. @throws OUT_OF_RANGE
 */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const where = 'cosineDecay';
  requireOptions(where, options, ['initialLearningRate', 'decaySteps'], ['alpha', 'warmupTarget', 'warmupSteps']);
  const { initialLearningRate, decaySteps, alpha = 0, warmupTarget, warmupSteps = 0 } = options;
  requireRate(where, 'initialLearningRate', initialLearningRate);
  requireCount(where, 'decaySteps', decaySteps);
  requireNumber(where, 'alpha', alpha, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
  requireCount(where, 'warmupSteps', warmupSteps, 0);
  if (warmupTarget !== undefined) requireRate(where, 'warmupTarget', warmupTarget);
  if ((warmupTarget === undefined) !== (warmupSteps === 0)) {
    throw new RondoError('USAGE', {
      where,
      what: 'a warm-up has a target and a length.',
      expected: 'both warmupTarget and warmupSteps, or neither',
      fix: 'give the missing one.',
    });
  }
  const start = warmupTarget ?? initialLearningRate;
  return schedule(where, { initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps }, (step) => {
    if (step < warmupSteps) return initialLearningRate + ((start - initialLearningRate) * step) / warmupSteps;
    return start * cosine(Math.min(step - warmupSteps, decaySteps) / decaySteps, alpha);
  });
}

/** From 1 at 0 to `alpha` at 1. */
function cosine(fraction: number, alpha: number): number {
  return ((1 - alpha) * (1 + Math.cos(Math.PI * fraction))) / 2 + alpha;
}

export interface CosineDecayRestartsOptions {
  initialLearningRate: number;
  /** Batches until the first restart. */
  firstDecaySteps: number;
  /** How much longer each next period is. Default 2. */
  tMul?: number | undefined;
  /** How much lower each next period starts. Default 1. */
  mMul?: number | undefined;
  /** The last rate of a period as a part of the first of all. Default 0. */
  alpha?: number | undefined;
  /** Batches at the start of the first period in which the rate rises evenly, from a hundredth. Default 0. */
  warmupSteps?: number | undefined;
}

/**
 * Cosine decays that start again, each `tMul` times as long. Loshchilov and Hutter 2016, "SGDR: stochastic gradient
 * descent with warm restarts", eq. 5. @throws OUT_OF_RANGE
 */
export function cosineDecayRestarts(options: CosineDecayRestartsOptions): Schedule {
  const where = 'cosineDecayRestarts';
  requireOptions(where, options, ['initialLearningRate', 'firstDecaySteps'], ['tMul', 'mMul', 'alpha', 'warmupSteps']);
  const { initialLearningRate, firstDecaySteps, tMul = 2, mMul = 1, alpha = 0, warmupSteps = 0 } = options;
  requireRate(where, 'initialLearningRate', initialLearningRate);
  requireCount(where, 'firstDecaySteps', firstDecaySteps);
  requireNumber(where, 'tMul', tMul, 'a number of at least 1', (v) => v >= 1);
  requireRate(where, 'mMul', mMul);
  requireNumber(where, 'alpha', alpha, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
  requireNumber(
    where,
    'warmupSteps',
    warmupSteps,
    `a whole number from 0 to below firstDecaySteps, ${firstDecaySteps}`,
    (v) => Number.isInteger(v) && v >= 0 && v < firstDecaySteps,
  );
  return schedule(where, { initialLearningRate, firstDecaySteps, tMul, mMul, alpha, warmupSteps }, (step) => {
    const lowest = initialLearningRate / 100;
    if (step < warmupSteps) return lowest + ((initialLearningRate - lowest) * step) / warmupSteps;
    if (step < firstDecaySteps)
      return initialLearningRate * cosine((step - warmupSteps) / (firstDecaySteps - warmupSteps), alpha);
    let start = 0;
    let length = firstDecaySteps;
    let height = 1;
    for (; step >= start + length; height *= mMul) {
      start += length;
      length *= tMul;
    }
    return initialLearningRate * (height * (1 - alpha) * cosine((step - start) / length, 0) + alpha);
  });
}

export interface OneCycleOptions {
  maxLearningRate: number;
  /** Batches of the whole training. */
  totalSteps: number;
  /** The part of them in which the rate rises. Default 0.3. */
  warmupFraction?: number | undefined;
  /** The first rate is the highest divided by this. Default 25. */
  divFactor?: number | undefined;
  /** The last rate is the first divided by this. Default 10000. */
  finalDivFactor?: number | undefined;
}

/**
 * A cosine rise to `maxLearningRate` and a cosine fall to nearly 0. Smith and Topin 2018, "Super-convergence"; steps
 * and defaults of PyTorch's OneCycleLR. @throws OUT_OF_RANGE
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const where = 'oneCycle';
  requireOptions(where, options, ['maxLearningRate', 'totalSteps'], ['warmupFraction', 'divFactor', 'finalDivFactor']);
  const { maxLearningRate, totalSteps, warmupFraction = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options;
  requireRate(where, 'maxLearningRate', maxLearningRate);
  requireCount(where, 'totalSteps', totalSteps, 2);
  requireNumber(where, 'warmupFraction', warmupFraction, 'a number from 0 to 1', (v) => v >= 0 && v <= 1);
  for (const [name, factor] of [
    ['divFactor', divFactor],
    ['finalDivFactor', finalDivFactor],
  ] as const)
    requireNumber(where, name, factor, 'a number of at least 1', (v) => v >= 1);
  const initial = maxLearningRate / divFactor;
  const top = Math.max(0, warmupFraction * totalSteps - 1);
  const last = totalSteps - 1;
  return schedule(where, { maxLearningRate, totalSteps, warmupFraction, divFactor, finalDivFactor }, (step) => {
    const between = (from: number, to: number, fraction: number): number => to + (from - to) * cosine(fraction, 0);
    if (step < top) return between(initial, maxLearningRate, step / top);
    return between(
      maxLearningRate,
      initial / finalDivFactor,
      last > top ? Math.min(1, (step - top) / (last - top)) : 1,
    );
  });
}

/**
 * Rises evenly for `warmupSteps` batches, the first of which is not 0, and then follows `then` from its own step 0.
 * Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2. @throws OUT_OF_RANGE
 */
export function linearWarmup(options: { warmupSteps: number; then: ScheduleLike }): Schedule {
  const where = 'linearWarmup';
  requireOptions(where, options, ['warmupSteps', 'then']);
  const { warmupSteps } = options;
  requireCount(where, 'warmupSteps', warmupSteps);
  const then = scheduleFromConfig(options.then, where);
  return schedule(where, { warmupSteps, then: then.getConfig() }, (step) =>
    step < warmupSteps ? (then.at(0) * (step + 1)) / (warmupSteps + 1) : then.at(step - warmupSteps),
  );
}

function requireOptions(
  where: string,
  options: object | undefined,
  required: readonly string[],
  optional: readonly string[] = [],
): void {
  refuseUnknownOptions(where, options ?? {}, [...required, ...optional]);
  const missing = required.filter((name) => (options as Record<string, unknown> | undefined)?.[name] === undefined);
  if (missing.length === 0) return;
  throw new RondoError('USAGE', {
    where,
    what: `the schedule needs ${missing.map((name) => `\`${name}\``).join(' and ')}.`,
    expected: `${where}({ ${required.join(', ')} })`,
    fix: 'give them.',
  });
}

const makers = {
  constantRate,
  piecewiseConstantDecay,
  exponentialDecay,
  cosineDecay,
  cosineDecayRestarts,
  oneCycle,
  linearWarmup,
};

/** A name that there is. */
export type ScheduleName = NameIn<typeof makers>;

const catalog = new Catalog<Schedule>('schedule', makers);

/** The schedule that is given; a number is a constant learning rate. @throws UNKNOWN_NAME with the nearest names */
export function scheduleFromConfig(given: number | Given<Schedule>, where = 'schedule'): Schedule {
  return typeof given === 'number' ? constantRate({ learningRate: given }) : catalog.named(given, where);
}

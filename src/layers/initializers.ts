import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../errors.js';
import type { Random } from '../random.js';
import type { Resolved } from '../resolved.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import { chrono } from './chrono.js';
import { Catalog, type Given, type NameIn } from './configured.js';
import type { Initializer } from './initializer.js';
import { orthonormalColumns } from './orthogonal.js';

export type { Initializer, WeightRole } from './initializer.js';

function initializer(
  name: string,
  config: Readonly<Record<string, unknown>>,
  values: Initializer['values'],
): Initializer {
  return { name, values, getConfig: () => ({ name, config }) };
}

function filled(size: number, value: () => number): Float64Array {
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++) result[i] = value();
  return result;
}

export function zeros(options: object = {}): Initializer {
  refuseUnknownOptions('zeros', options, []);
  return initializer('zeros', {}, (shape) => new Float64Array(sizeOf(shape)));
}

export function ones(options: object = {}): Initializer {
  refuseUnknownOptions('ones', options, []);
  return initializer('ones', {}, (shape) => new Float64Array(sizeOf(shape)).fill(1));
}

/** One value everywhere. Default 0. @throws OUT_OF_RANGE where it is not finite. */
export function constant(options: { value?: number | undefined } = {}): Initializer {
  refuseUnknownOptions('constant', options, ['value']);
  const { value = 0 } = options;
  requireNumber('constant', 'value', value, 'a finite number', () => true);
  return initializer('constant', { value }, (shape) => new Float64Array(sizeOf(shape)).fill(value));
}

/** Uniform in [minval, maxval). Defaults -0.05 and 0.05. @throws OUT_OF_RANGE */
export function randomUniform(options: { minval?: number | undefined; maxval?: number | undefined } = {}): Initializer {
  refuseUnknownOptions('randomUniform', options, ['minval', 'maxval']);
  const { minval = -0.05, maxval = 0.05 } = options;
  requireNumber('randomUniform', 'minval', minval, 'a finite number', () => true);
  requireNumber('randomUniform', 'maxval', maxval, 'a number of at least minval', (v) => v >= minval);
  return initializer('randomUniform', { minval, maxval }, (shape, random) =>
    filled(sizeOf(shape), () => minval + (maxval - minval) * random.uniform()),
  );
}

/** Options of a normal distribution. Defaults 0 and 0.05. */
export interface NormalOptions {
  mean?: number | undefined;
  stddev?: number | undefined;
}

function normalOptions(where: string, options: NormalOptions): Resolved<NormalOptions> {
  refuseUnknownOptions(where, options, ['mean', 'stddev']);
  const { mean = 0, stddev = 0.05 } = options;
  requireNumber(where, 'mean', mean, 'a finite number', () => true);
  requireNumber(where, 'stddev', stddev, 'a number of at least 0', (v) => v >= 0);
  return { mean, stddev };
}

/** Normal numbers. @throws OUT_OF_RANGE */
export function randomNormal(options: NormalOptions = {}): Initializer {
  const { mean, stddev } = normalOptions('randomNormal', options);
  return initializer('randomNormal', { mean, stddev }, (shape, random) =>
    filled(sizeOf(shape), () => mean + stddev * random.normal()),
  );
}

/** Normal numbers, drawn again where they are more than two `stddev` from the mean. @throws OUT_OF_RANGE */
export function truncatedNormal(options: NormalOptions = {}): Initializer {
  const { mean, stddev } = normalOptions('truncatedNormal', options);
  return initializer('truncatedNormal', { mean, stddev }, (shape, random) =>
    filled(sizeOf(shape), () => mean + stddev * withinTwo(random)),
  );
}

function withinTwo(random: Random): number {
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) <= 2) return value;
  }
}

/** Of the standard normal distribution cut off at two: its standard deviation. */
const TRUNCATED_STDDEV = 0.87962566103423978;

/** The number of inputs and outputs of a unit; leading axes of a convolution's kernel are its receptive field. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const field = sizeOf(shape.slice(0, -2));
  return { fanIn: field * shape.at(-2)!, fanOut: field * shape.at(-1)! };
}

type Fan = 'fanIn' | 'fanAverage';

/** Variance `scale / fan`, as Keras's VarianceScaling. */
function varianceScaling(
  name: string,
  scale: number,
  fan: Fan,
  distribution: 'uniform' | 'normal',
): (options?: object) => Initializer {
  return (options = {}) => {
    refuseUnknownOptions(name, options, []);
    return initializer(name, {}, (shape, random) => {
      const { fanIn, fanOut } = fans(shape);
      const variance = scale / Math.max(1, fan === 'fanIn' ? fanIn : (fanIn + fanOut) / 2);
      const limit = Math.sqrt(3 * variance);
      const stddev = Math.sqrt(variance) / TRUNCATED_STDDEV;
      return filled(
        sizeOf(shape),
        distribution === 'uniform' ? () => limit * (2 * random.uniform() - 1) : () => stddev * withinTwo(random),
      );
    });
  };
}

/**
 * Variance `2 / (fanIn + fanOut)`. Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward
 * neural networks", eq. 16.
 */
export const glorotUniform = varianceScaling('glorotUniform', 1, 'fanAverage', 'uniform');
/** The same variance from a truncated normal distribution. */
export const glorotNormal = varianceScaling('glorotNormal', 1, 'fanAverage', 'normal');
/** Variance `2 / fanIn`. He et al. 2015, "Delving deep into rectifiers", eq. 10. */
export const heUniform = varianceScaling('heUniform', 2, 'fanIn', 'uniform');
export const heNormal = varianceScaling('heNormal', 2, 'fanIn', 'normal');
/** Variance `1 / fanIn`. LeCun et al. 1998, "Efficient backprop", eq. 16. */
export const lecunUniform = varianceScaling('lecunUniform', 1, 'fanIn', 'uniform');
export const lecunNormal = varianceScaling('lecunNormal', 1, 'fanIn', 'normal');

/**
 * A random matrix whose rows are orthonormal (columns, where it is taller than wide), times `gain`; leading axes are
 * joined. Saxe et al. 2013, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks".
 *
 * @throws SHAPE_MISMATCH for a weight with fewer than two axes.
 */
export function orthogonal(options: { gain?: number | undefined } = {}): Initializer {
  refuseUnknownOptions('orthogonal', options, ['gain']);
  const { gain = 1 } = options;
  requireNumber('orthogonal', 'gain', gain, 'a finite number', () => true);
  return initializer('orthogonal', { gain }, (shape, random) => {
    requireMatrix('orthogonal', shape, shape.length >= 2);
    const columns = shape.at(-1)!;
    const rows = sizeOf(shape.slice(0, -1));
    const [m, n] = rows >= columns ? [rows, columns] : [columns, rows];
    const tall = orthonormalColumns(m, n, random);
    if (gain !== 1) for (let i = 0; i < tall.length; i++) tall[i] *= gain;
    return rows >= columns ? tall : transposed(tall, m, n);
  });
}

function transposed(matrix: Float64Array, m: number, n: number): Float64Array {
  const result = new Float64Array(matrix.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) result[j * m + i] = matrix[i * n + j];
  return result;
}

/**
 * The identity matrix times `gain`. Le et al. 2015, "A simple way to initialize recurrent networks of rectified linear
 * units". @throws SHAPE_MISMATCH
 */
export function identity(options: { gain?: number | undefined } = {}): Initializer {
  refuseUnknownOptions('identity', options, ['gain']);
  const { gain = 1 } = options;
  requireNumber('identity', 'gain', gain, 'a finite number', () => true);
  return initializer('identity', { gain }, (shape) => {
    requireMatrix('identity', shape, shape.length === 2);
    const result = new Float64Array(sizeOf(shape));
    for (let i = 0; i < Math.min(shape[0], shape[1]); i++) result[i * shape[1] + i] = gain;
    return result;
  });
}

function requireMatrix(where: string, shape: Shape, fits: boolean): void {
  if (fits) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'the weight is no matrix.',
    expected: '[rows, columns]',
    received: describeShape(shape),
    fix: 'choose another initializer for it, such as `glorotUniform`.',
  });
}

/** Options of {@link recurrentUniform}. */
export interface RecurrentUniformOptions {
  /**
   * Time steps over which a unit shall be able to keep its state, T of the paper. Default: unknown, which gives the
   * bounds 0 and 1.
   */
  timesteps?: number | undefined;
  /**
   * Start near the upper bound, from `0.5 ^ (1 / T)` up: for the last layer of a task with long memory. Default false.
   */
  longMemory?: boolean | undefined;
}

/**
 * The recurrent weights of an IndRNN: uniform in `[0, gamma ^ (1 / T)]`, or in `[epsilon ^ (1 / T), gamma ^ (1 / T)]`,
 * so that over T steps no unit's gradient grows beyond gamma = 2 or, at the last layer, falls below epsilon = 0.5. Li
 * et al. 2018, "Independently recurrent neural network (IndRNN): building a longer and deeper RNN", section 3.
 *
 * @throws OUT_OF_RANGE; USAGE for `longMemory` without `timesteps`.
 */
export function recurrentUniform(options: RecurrentUniformOptions = {}): Initializer {
  refuseUnknownOptions('recurrentUniform', options, ['timesteps', 'longMemory']);
  const { timesteps, longMemory = false } = options;
  if (timesteps !== undefined) requireCount('recurrentUniform', 'timesteps', timesteps);
  else if (longMemory)
    throw new RondoError('USAGE', {
      where: 'recurrentUniform',
      what: '`longMemory` needs to know how long.',
      fix: 'give `timesteps`.',
    });
  const high = timesteps === undefined ? 1 : 2 ** (1 / timesteps);
  const low = longMemory ? 0.5 ** (1 / timesteps!) : 0;
  return initializer('recurrentUniform', { timesteps, longMemory }, (shape, random) =>
    filled(sizeOf(shape), () => low + (high - low) * random.uniform()),
  );
}

const makers = {
  zeros,
  ones,
  constant,
  randomUniform,
  randomNormal,
  truncatedNormal,
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
  orthogonal,
  identity,
  recurrentUniform,
  chrono,
};

/** A name that there is. */
export type InitializerName = NameIn<typeof makers>;

/** An initializer, its name, or its stored configuration. */
export type InitializerLike = Given<Initializer, InitializerName>;

const catalog = new Catalog<Initializer>('initializer', makers);

export const initializerNames = catalog.names;

/** The initializer that is given. @throws UNKNOWN_NAME with the nearest names. */
export function initializerNamed(given: Given<Initializer>, where = 'initializer'): Initializer {
  return catalog.named(given, where);
}

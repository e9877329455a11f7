import { refuseUnknownOptions, requireNumber } from '../errors.js';
import { abs, add, mul } from '../expression/build.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { sum } from '../tensor/reduce.js';
import type { Tensor } from '../tensor/tensor.js';
import { Catalog, type Configured, type Given, type NameIn } from './configured.js';

/** What a weight's size adds to the loss. */
export interface Regularizer extends Configured {
  /** One number; differentiable. */
  penalty(weight: Tensor): Tensor;
}

const absolute: PointwiseFunction = { name: 'l1', build: ([w], { l1 }) => mul(l1, abs(w)), scalars: ['l1'] };
const squared: PointwiseFunction = { name: 'l2', build: ([w], { l2 }) => mul(l2, w, w), scalars: ['l2'] };
const both: PointwiseFunction = {
  name: 'l1l2',
  build: ([w], { l1, l2 }) => add(mul(l1, abs(w)), mul(l2, w, w)),
  scalars: ['l1', 'l2'],
};

function regularizer(fn: PointwiseFunction, factors: Readonly<Record<string, number>>): Regularizer {
  const { name } = fn;
  for (const [factor, value] of Object.entries(factors))
    requireNumber(name, factor, value, 'a number of at least 0', (v) => v >= 0);
  return {
    name,
    getConfig: () => ({ name, config: factors }),
    penalty: (weight) => sum(applyPointwise(fn, [weight], factors)),
  };
}

/** `l1 * sum(|w|)`. Default 0.01. @throws OUT_OF_RANGE */
export function l1(options: { l1?: number | undefined } = {}): Regularizer {
  refuseUnknownOptions('l1', options, ['l1']);
  return regularizer(absolute, { l1: options.l1 ?? 0.01 });
}

/** `l2 * sum(w^2)`. Default 0.01. @throws OUT_OF_RANGE */
export function l2(options: { l2?: number | undefined } = {}): Regularizer {
  refuseUnknownOptions('l2', options, ['l2']);
  return regularizer(squared, { l2: options.l2 ?? 0.01 });
}

/** `l1 * sum(|w|) + l2 * sum(w^2)`. Defaults 0, as Keras's L1L2. @throws OUT_OF_RANGE */
export function l1l2(options: { l1?: number | undefined; l2?: number | undefined } = {}): Regularizer {
  refuseUnknownOptions('l1l2', options, ['l1', 'l2']);
  return regularizer(both, { l1: options.l1 ?? 0, l2: options.l2 ?? 0 });
}

const makers = { l1, l2, l1l2 };

/** A name that there is. */
export type RegularizerName = NameIn<typeof makers>;

/** A regularizer, its name, or its stored configuration. */
export type RegularizerLike = Given<Regularizer, RegularizerName>;

const catalog = new Catalog<Regularizer>('regularizer', makers);

export const regularizerNames = catalog.names;

/** The regularizer that is given; undefined stays undefined. @throws UNKNOWN_NAME with the nearest names. */
export function regularizerNamed(given: Given<Regularizer>, where?: string): Regularizer;
export function regularizerNamed(given: Given<Regularizer> | undefined, where?: string): Regularizer | undefined;
export function regularizerNamed(
  given: Given<Regularizer> | undefined,
  where = 'regularizer',
): Regularizer | undefined {
  return given === undefined ? undefined : catalog.named(given, where);
}

import { Catalog, type Given, type NameIn } from '../../layers/configured.js';
import { crf } from './crf.js';
import { binaryCrossentropy, categoricalCrossentropy } from './crossentropy.js';
import { type Loss, type LossFunction, lossOf } from './loss.js';
import { quantile } from './quantile.js';
import {
  cosineSimilarity,
  huber,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  poisson,
} from './regression.js';
import { sparseCategoricalCrossentropy } from './sparse-crossentropy.js';

export { crf } from './crf.js';
export { binaryCrossentropy, type CrossentropyOptions, categoricalCrossentropy } from './crossentropy.js';
export { defineLoss, type Loss, type LossDefinition, type LossFunction } from './loss.js';
export { quantile } from './quantile.js';
export {
  cosineSimilarity,
  huber,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  poisson,
} from './regression.js';
export { sparseCategoricalCrossentropy } from './sparse-crossentropy.js';
export { lossValue, type Weighting } from './value.js';

const makers = {
  meanSquaredError,
  meanAbsoluteError,
  huber,
  logCosh,
  poisson,
  klDivergence,
  cosineSimilarity,
  quantile,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  crf,
};

const aliases = { mse: 'meanSquaredError', mae: 'meanAbsoluteError' };

/**
 * Names of losses that a program registers with {@link registerLoss}, so that they can be written.
 *
 * @example
 * declare module 'rondo' {
 *   interface RegisteredLosses {
 *     fourthPower: true;
 *   }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: programs add to it.
export interface RegisteredLosses {}

/** A name that there is. */
export type LossName = NameIn<typeof makers | typeof aliases | RegisteredLosses>;

/** A loss, its name, or its stored configuration. */
export type LossLike = Given<Loss, LossName>;

const catalog = new Catalog<Loss>(
  'loss',
  makers,
  aliases,
  (name) => `A loss of your own is made known before: losses.registerLoss('${name}', () => (yTrue, yPred) => ...).`,
);

export const lossNames = catalog.names;

/** @internal Whether a function makes a loss of the library, and is none itself. */
export function isLossMaker(given: unknown): boolean {
  return catalog.isMaker(given);
}

/** The loss that is given. @throws UNKNOWN_NAME with the nearest names. */
export function lossNamed(given: Given<Loss>, where = 'loss'): Loss {
  return catalog.named(given, where);
}

/**
 * Makes a loss of your own known by its name, so that models compiled with it can be saved and loaded, and `compile`
 * takes it by name. Register it before loading.
 *
 * @param make gives the loss for the options in a file; `{}` by name.
 * @throws USAGE when the library has a loss of that name
 *
 * @example
 * losses.registerLoss('fourthPower', () => (yTrue, yPred) => ops.mean(ops.square(ops.square(ops.sub(yTrue, yPred))), -1));
 */
export function registerLoss<Options extends object = Readonly<Record<string, unknown>>>(
  name: string,
  make: (options: Options) => Loss | LossFunction,
): void {
  const asLoss = (options: Options): Loss => {
    const made = make(options);
    return typeof made === 'function' ? lossOf(name, { ...options } as Loss['config'], made) : made;
  };
  catalog.register(name, asLoss as (options: never) => Loss, 'registerLoss');
}

import { Catalog, type Given } from '../../layers/configured.js';
import { binaryCrossentropy, categoricalCrossentropy } from './crossentropy.js';
import type { Loss } from './loss.js';
import { quantile } from './quantile.js';
import { cosineSimilarity, huber, klDivergence, logCosh, meanAbsoluteError, meanSquaredError, poisson } from './regression.js';
import { sparseCategoricalCrossentropy } from './sparse-crossentropy.js';

export { binaryCrossentropy, categoricalCrossentropy, type CrossentropyOptions } from './crossentropy.js';
export { defineLoss, type Loss, type LossDefinition } from './loss.js';
export { quantile } from './quantile.js';
export { cosineSimilarity, huber, klDivergence, logCosh, meanAbsoluteError, meanSquaredError, poisson } from './regression.js';
export { sparseCategoricalCrossentropy } from './sparse-crossentropy.js';
export { lossValue, type Weighting } from './value.js';

/** A loss, its name, or its stored configuration. */
export type LossLike = Given<Loss>;

const catalog = new Catalog<Loss>(
  'loss',
  {
    meanSquaredError, meanAbsoluteError, huber, logCosh, poisson, klDivergence, cosineSimilarity, quantile,
    binaryCrossentropy, categoricalCrossentropy, sparseCategoricalCrossentropy,
  },
  { mse: 'meanSquaredError', mae: 'meanAbsoluteError' },
);

export const lossNames = catalog.names;

/** The loss that is given. @throws UNKNOWN_NAME with the nearest names. */
export function lossNamed(given: LossLike, where = 'loss'): Loss {
  return catalog.named(given, where);
}

/**
 * The same loss computed from what goes into the activation that ends a model: one pass less, and exact where the
 * probabilities would be rounded to 0 or 1. Undefined where the loss has no such form for that activation.
 *
 * @param activation the activation's name: `softmax` or `sigmoid`.
 */
export function logitsForm(loss: Loss, activation: string): Loss | undefined {
  return loss.onLogits?.(activation);
}

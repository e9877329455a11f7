import { Catalog, type Given, type NameIn } from '../../layers/configured.js';
import {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from './accuracy.js';
import { auc } from './auc.js';
import { f1Score, precision, recall } from './class-counts.js';
import { mase, smape } from './forecast.js';
import { bitsPerCharacter, perplexity } from './language.js';
import type { Metric } from './metric.js';
import { r2Score } from './r2-score.js';
import { meanAbsoluteError, meanSquaredError, rootMeanSquaredError } from './regression.js';

export {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from './accuracy.js';
export { type AucOptions, auc } from './auc.js';
export {
  type Average,
  type ClassCountMetric,
  type ClassCountOptions,
  f1Score,
  precision,
  recall,
} from './class-counts.js';
export { type MaseOptions, mase, smape } from './forecast.js';
export { bitsPerCharacter, type DistributionOptions, perplexity } from './language.js';
export {
  MeanMetric,
  type Metric,
  type MetricArray,
  type MetricBatch,
  type ScoredBatch,
  type ScoredReading,
} from './metric.js';
export { type ClassAggregation, type R2Score, r2Score } from './r2-score.js';
export { meanAbsoluteError, meanSquaredError, rootMeanSquaredError } from './regression.js';

const makers = {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  topKCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  precision,
  recall,
  f1Score,
  auc,
  perplexity,
  bitsPerCharacter,
  meanAbsoluteError,
  meanSquaredError,
  rootMeanSquaredError,
  mase,
  smape,
  r2Score,
};

const aliases = {
  acc: 'accuracy',
  f1: 'f1Score',
  mae: 'meanAbsoluteError',
  mse: 'meanSquaredError',
  rmse: 'rootMeanSquaredError',
  r2: 'r2Score',
};

/**
 * Names of metrics that a program registers with {@link registerMetric}, so that they can be written.
 *
 * @example
 * declare module 'rondo' {
 *   interface RegisteredMetrics {
 *     wordErrorRate: true;
 *   }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: programs add to it.
export interface RegisteredMetrics {}

/** A name that there is. */
export type MetricName = NameIn<typeof makers | typeof aliases | RegisteredMetrics>;

/** A metric, its name, or its stored configuration. */
export type MetricLike = Given<Metric, MetricName>;

const catalog = new Catalog<Metric>(
  'metric',
  makers,
  aliases,
  (name) => `A metric of your own is made known before: metrics.registerMetric('${name}', (options) => ...).`,
);

export const metricNames = catalog.names;

/**
 * The metric that is given; by name or configuration a new one, with nothing seen. @throws UNKNOWN_NAME with the
 * nearest names.
 */
export function metricNamed(given: Given<Metric>, where = 'metric'): Metric {
  return catalog.named(given, where);
}

/**
 * Makes a metric of your own known by its name, so that models compiled with it can be saved and loaded, and `compile`
 * takes it by name. Register it before loading.
 *
 * @param make gives a new metric, with nothing seen, for the options in a file; `{}` by name.
 * @throws USAGE when the library has a metric of that name
 */
export function registerMetric<Options extends object = Readonly<Record<string, unknown>>>(
  name: string,
  make: (options: Options) => Metric,
): void {
  catalog.register(name, make as (options: never) => Metric, 'registerMetric');
}

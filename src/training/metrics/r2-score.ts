import { refuseUnknownOptions, unknownName } from '../../errors.js';
import type { Configuration } from '../../layers/configured.js';
import type { Json } from '../../layers/layer.js';
import { type Metric, type MetricBatch, requireEqualShapes, weightsOf } from './metric.js';

/** How the outputs' scores become one: their mean, or their mean by the variance of the targets. */
export type ClassAggregation = 'uniformAverage' | 'varianceWeightedAverage';

const aggregations: readonly ClassAggregation[] = ['uniformAverage', 'varianceWeightedAverage'];

/** Weighted moments of one output. */
interface Moments {
  weight: number;
  mean: number;
  /** Sum of squared distances of the targets from their mean. */
  spread: number;
  residual: number;
}

/** The share of the targets' variance that predictions explain. */
export class R2Score implements Metric {
  readonly name = 'r2Score';
  readonly better = 'higher';
  #outputs: Moments[] = [];
  readonly #classAggregation: ClassAggregation;

  constructor(classAggregation: ClassAggregation) {
    this.#classAggregation = classAggregation;
  }

  reset(): void {
    this.#outputs = [];
  }

  update(batch: MetricBatch): void {
    requireEqualShapes('r2Score', batch);
    const { yTrue, yPred } = batch;
    const width = yPred.shape.length < 2 ? 1 : yPred.shape.at(-1)!;
    const weight = weightsOf('r2Score', batch, yPred.shape);
    while (this.#outputs.length < width) this.#outputs.push({ weight: 0, mean: 0, spread: 0, residual: 0 });
    for (let i = 0; i < yPred.data.length; i++) {
      const w = weight(i);
      if (w === 0) continue;
      const output = this.#outputs[i % width];
      // West 1979, "Updating mean and variance estimates": no cancellation, as sums of squares would have.
      output.weight += w;
      const distance = yTrue.data[i] - output.mean;
      output.mean += (distance * w) / output.weight;
      output.spread += w * distance * (yTrue.data[i] - output.mean);
      output.residual += w * (yTrue.data[i] - yPred.data[i]) ** 2;
    }
  }

  /** `1 - sum((t - p)^2) / sum((t - mean(t))^2)` of each output; 0 where the target does not vary, as in Keras. */
  perOutput(): number[] {
    return this.#outputs.map(({ spread, residual }) => (spread === 0 ? 0 : 1 - residual / spread));
  }

  result(): number {
    const scores = this.perOutput();
    const weights = this.#outputs.map(({ spread }) => (this.#classAggregation === 'uniformAverage' ? 1 : spread));
    return scores.reduce((sum, score, i) => sum + score * weights[i], 0) / weights.reduce((a, b) => a + b, 0);
  }

  getState(): Json {
    return this.#outputs.map((output) => ({ ...output }));
  }

  setState(state: Json): void {
    this.#outputs = (state as unknown as Moments[]).map((output) => ({ ...output }));
  }

  getConfig(): Configuration {
    return { name: 'r2Score', config: { classAggregation: this.#classAggregation } };
  }
}

/**
 * The coefficient of determination: 1 is perfect, 0 as good as the mean of the targets. Default `uniformAverage` over
 * the last axis. @throws UNKNOWN_NAME
 */
export function r2Score(options: { classAggregation?: ClassAggregation | undefined } = {}): R2Score {
  refuseUnknownOptions('r2Score', options, ['classAggregation']);
  const { classAggregation = 'uniformAverage' } = options;
  if (!aggregations.includes(classAggregation))
    throw unknownName('r2Score', 'classAggregation', String(classAggregation), aggregations);
  return new R2Score(classAggregation);
}

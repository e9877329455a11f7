import { RondoError, refuseUnknownOptions, unknownName } from '../../errors.js';
import type { Configuration } from '../../layers/configured.js';
import type { Json } from '../../layers/layer.js';
import type { Resolved } from '../../resolved.js';
import { sizeOf } from '../../shape.js';
import { argMaxOf, classOf, isSparse, type Metric, type MetricBatch, requireEqualShapes, weightsOf } from './metric.js';

/** How the classes are made one number. */
export type Average = 'micro' | 'macro' | 'weighted';

/** Options of precision, recall and F1. */
export interface ClassCountOptions {
  /** What is predicted: the classes whose score exceeds a number, or the `largest` of each row. */
  threshold?: number | 'largest' | undefined;
  /**
   * `micro` counts all classes together; `macro` averages over classes; `weighted` does so by how often each is true.
   */
  average?: Average | undefined;
}

/** Weighted numbers of true positives, false positives and false negatives of a class. */
interface Counts {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
}

/** Precision, recall and F1: quotients of counts per class (column of the predictions). */
export class ClassCountMetric implements Metric {
  readonly better = 'higher';
  #counts: Counts[] = [];
  readonly #quotient: (counts: Counts) => number;
  readonly #options: Resolved<ClassCountOptions>;

  constructor(
    readonly name: string,
    quotient: (counts: Counts) => number,
    options: Resolved<ClassCountOptions>,
  ) {
    this.#quotient = quotient;
    this.#options = options;
    const { threshold, average } = options;
    if (!averages.includes(average)) throw unknownName(name, 'average', String(average), averages);
    if (threshold !== 'largest' && !Number.isFinite(threshold)) {
      throw new RondoError('OUT_OF_RANGE', {
        where: name,
        what: '`threshold` is out of range.',
        expected: "a number, or 'largest'",
        received: String(threshold),
        fix: 'give for example 0.5.',
      });
    }
  }

  reset(): void {
    this.#counts = [];
  }

  update(batch: MetricBatch): void {
    const { yTrue, yPred } = batch;
    // Predictions `[batch]` are scores of one class.
    const classes = yPred.shape.length < 2 ? 1 : yPred.shape.at(-1)!;
    const rows = sizeOf(yPred.shape) / classes;
    const weight = weightsOf(this.name, batch, yPred.shape.length < 2 ? yPred.shape : yPred.shape.slice(0, -1));
    const sparse = classes > 1 && isSparse(batch);
    if (!sparse) requireEqualShapes(this.name, batch);
    const label = sparse ? classOf(this.name, batch) : undefined;
    while (this.#counts.length < classes) this.#counts.push({ truePositives: 0, falsePositives: 0, falseNegatives: 0 });
    const { threshold } = this.#options;
    for (let row = 0; row < rows; row++) {
      const w = weight(row);
      if (w === 0) continue;
      const start = row * classes;
      const largest = threshold === 'largest' && classes > 1 ? argMaxOf(yPred.data, start, classes) : -1;
      for (let c = 0; c < classes; c++) {
        const isTrue = label === undefined ? yTrue.data[start + c] !== 0 : label(row) === c;
        const isPredicted =
          largest >= 0 ? c === largest : yPred.data[start + c] > (threshold === 'largest' ? 0.5 : threshold);
        if (isTrue && isPredicted) this.#counts[c].truePositives += w;
        else if (isPredicted) this.#counts[c].falsePositives += w;
        else if (isTrue) this.#counts[c].falseNegatives += w;
      }
    }
  }

  /** The value of each class; 0 for a class of which there is nothing to divide by. */
  perClass(): number[] {
    return this.#counts.map((counts) => this.#quotient(counts) || 0);
  }

  result(): number {
    if (this.#counts.length === 0) return NaN;
    const { average } = this.#options;
    if (average === 'micro') {
      const sum = (key: keyof Counts): number => this.#counts.reduce((total, counts) => total + counts[key], 0);
      return (
        this.#quotient({
          truePositives: sum('truePositives'),
          falsePositives: sum('falsePositives'),
          falseNegatives: sum('falseNegatives'),
        }) || 0
      );
    }
    const weights = this.#counts.map(({ truePositives, falseNegatives }) =>
      average === 'weighted' ? truePositives + falseNegatives : 1,
    );
    const total = weights.reduce((a, b) => a + b, 0);
    return this.perClass().reduce((sum, value, i) => sum + value * weights[i], 0) / total;
  }

  getState(): Json {
    return this.#counts.map((counts) => ({ ...counts }));
  }

  setState(state: Json): void {
    this.#counts = (state as unknown as Counts[]).map((counts) => ({ ...counts }));
  }

  getConfig(): Configuration {
    return { name: this.name, config: { ...this.#options } };
  }
}

const averages: readonly Average[] = ['micro', 'macro', 'weighted'];

function optionsOf(
  where: string,
  options: ClassCountOptions,
  defaults: Resolved<ClassCountOptions>,
): Resolved<ClassCountOptions> {
  refuseUnknownOptions(where, options, ['threshold', 'average']);
  return { threshold: options.threshold ?? defaults.threshold, average: options.average ?? defaults.average };
}

/**
 * `tp / (tp + fp)`: how many of the predicted are true. Defaults as Keras: threshold 0.5, all classes counted together.
 * @throws OUT_OF_RANGE, UNKNOWN_NAME
 */
export function precision(options: ClassCountOptions = {}): ClassCountMetric {
  const all = optionsOf('precision', options, { threshold: 0.5, average: 'micro' });
  return new ClassCountMetric(
    'precision',
    ({ truePositives, falsePositives }) => truePositives / (truePositives + falsePositives),
    all,
  );
}

/**
 * `tp / (tp + fn)`: how many of the true are predicted. Defaults as Keras: threshold 0.5, all classes counted together.
 * @throws OUT_OF_RANGE, UNKNOWN_NAME
 */
export function recall(options: ClassCountOptions = {}): ClassCountMetric {
  const all = optionsOf('recall', options, { threshold: 0.5, average: 'micro' });
  return new ClassCountMetric(
    'recall',
    ({ truePositives, falseNegatives }) => truePositives / (truePositives + falseNegatives),
    all,
  );
}

/**
 * `2 tp / (2 tp + fp + fn)`, the harmonic mean of precision and recall (van Rijsbergen 1979, "Information retrieval",
 * chapter 7). By default the largest score of a row is predicted (a single score where it exceeds 0.5), and the result
 * is the mean over classes; Keras's default is a list, here {@link ClassCountMetric.perClass}. @throws OUT_OF_RANGE,
 * UNKNOWN_NAME
 */
export function f1Score(options: ClassCountOptions = {}): ClassCountMetric {
  const all = optionsOf('f1Score', options, { threshold: 'largest', average: 'macro' });
  return new ClassCountMetric(
    'f1Score',
    ({ truePositives, falsePositives, falseNegatives }) =>
      (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives),
    all,
  );
}

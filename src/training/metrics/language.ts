import { refuseUnknownOptions } from '../../errors.js';
import { logSumExp } from '../../exponential.js';
import { sizeOf } from '../../shape.js';
import { classOf, type Gather, MeanMetric, type Metric, type ScoredReading, weightsOf } from './metric.js';

/** Options of measures of predicted distributions. */
export interface DistributionOptions {
  /** Whether predictions are what goes into the softmax. Default false. */
  fromLogits?: boolean | undefined;
}

/** The smallest probability a float32 softmax can give that is not 0: a 0 was rounded down and counts as this. */
const LEAST_PROBABILITY = 2 ** -149;

/** `-log p` of the true class of each row, in nats. */
function surprise(name: string, fromLogits: boolean): Gather {
  return (batch, add) => {
    const { data, shape } = batch.yPred;
    const classes = shape.at(-1) ?? 1;
    const truth = classOf(name, batch);
    const weight = weightsOf(name, batch, shape.slice(0, -1));
    for (let row = 0; row < sizeOf(shape) / classes; row++) {
      const start = row * classes;
      add(
        fromLogits ? ofLogits(data, start, classes, truth(row)) : ofProbabilities(data, start, classes, truth(row)),
        weight(row),
      );
    }
  };
}

/** The same of labels whose losses are known. */
function scoredSurprise(name: string, fromLogits: boolean): ScoredReading {
  return {
    needsPredicted: false,
    fromLogits,
    gather: (batch, add) => {
      const weight = weightsOf(name, batch, batch.shape);
      for (let row = 0; row < batch.losses.length; row++) add(batch.losses[row], weight(row));
    },
  };
}

function ofProbabilities(data: ArrayLike<number>, start: number, classes: number, truth: number): number {
  let sum = 0;
  for (let i = 0; i < classes; i++) sum += data[start + i];
  const share = data[start + truth] / sum;
  return -Math.log(Math.max(share, LEAST_PROBABILITY));
}

function ofLogits(data: ArrayLike<number>, start: number, classes: number, truth: number): number {
  return logSumExp(data, start, classes) - data[start + truth];
}

/**
 * `exp(mean(-log p))` of the true classes: the number of equally likely classes that would be as hard to tell. Jelinek
 * et al. 1977, "Perplexity".
 */
export function perplexity(options: DistributionOptions = {}): Metric {
  refuseUnknownOptions('perplexity', options, ['fromLogits']);
  const { fromLogits = false } = options;
  return new MeanMetric('perplexity', 'lower', surprise('perplexity', fromLogits), { fromLogits }, Math.exp).alsoScored(
    scoredSurprise('perplexity', fromLogits),
  );
}

/**
 * `mean(-log2 p)` of the true classes; for models of characters, the bits that a coder would need for each. Shannon
 * 1948.
 */
export function bitsPerCharacter(options: DistributionOptions = {}): Metric {
  refuseUnknownOptions('bitsPerCharacter', options, ['fromLogits']);
  const { fromLogits = false } = options;
  return new MeanMetric(
    'bitsPerCharacter',
    'lower',
    surprise('bitsPerCharacter', fromLogits),
    { fromLogits },
    (mean) => mean / Math.LN2,
  ).alsoScored(scoredSurprise('bitsPerCharacter', fromLogits));
}

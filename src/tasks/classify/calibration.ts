import { softmaxRows } from '../../exponential.js';

/** The temperatures that are looked through: at the highest, every class is about as likely as the others. */
export const temperatureBounds = [0.01, 1000] as const;

/** Probabilities `[rows, classes]` from logits of the same shape: the softmax of each row of `logits / temperature`. */
export function probabilitiesOf(logits: ArrayLike<number>, numClasses: number, temperature = 1): Float64Array {
  return softmaxRows(logits, numClasses, temperature);
}

/**
 * The temperature by which logits must be divided for the least cross-entropy; above 1 where they are too sure of
 * themselves. The classes keep their order. Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
 *
 * One more text of an unknown class counts beside those given, spread over all: `t = (1 - e) truth + e / classes` with
 * `e = 1 / (texts + 2)`. So there is a best temperature also where every text is right, and certainty grows with their
 * number. Platt 1999, "Probabilistic outputs for support vector machines", section 2.2.
 *
 * With `b = 1 / temperature` the derivative of the mean cross-entropy, `mean(sum((p_k - t_k) z_k))`, grows with b, so
 * its zero is found by bisection between {@link temperatureBounds}. Where logits say no more than guessing does, the
 * temperature is the upper bound; without texts, or where all logits of a text are equal, it is 1.
 *
 * @param logits `[rows, classes]`.
 * @param truth the class of each row.
 */
export function fitTemperature(logits: ArrayLike<number>, truth: ArrayLike<number>, numClasses: number): number {
  const spread = 1 / (truth.length + 2);
  const slope = (b: number): number => {
    const p = probabilitiesOf(logits, numClasses, 1 / b);
    let sum = 0;
    for (let row = 0; row < truth.length; row++) {
      const start = row * numClasses;
      for (let k = 0; k < numClasses; k++) sum += (p[start + k] - spread / numClasses) * logits[start + k];
      sum -= (1 - spread) * logits[start + truth[row]];
    }
    return sum;
  };
  let [low, high] = [1 / temperatureBounds[1], 1 / temperatureBounds[0]];
  if (truth.length === 0 || (slope(low) === 0 && slope(high) === 0)) return 1;
  if (slope(low) >= 0) return temperatureBounds[1];
  if (slope(high) <= 0) return temperatureBounds[0];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return 2 / (low + high);
}

/**
 * Expected calibration error: texts are put into 15 bins by the probability of their predicted class; the mean over all
 * texts of the distance between a bin's accuracy and its mean probability. Guo et al. 2017, equation 3.
 */
export function calibrationError(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  numClasses: number,
  numBins = 15,
): number {
  const surplus = new Float64Array(numBins);
  for (let row = 0; row < truth.length; row++) {
    const best = likeliest(probabilities, row, numClasses);
    const confidence = probabilities[row * numClasses + best];
    // Bins are open to the left, so a probability of 1 is in the last one.
    const bin = Math.min(numBins - 1, Math.max(0, Math.ceil(confidence * numBins) - 1));
    surplus[bin] += confidence - (best === truth[row] ? 1 : 0);
  }
  return surplus.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, truth.length);
}

/** The class of the largest value of a row; the first of equals. */
export function likeliest(values: ArrayLike<number>, row: number, numClasses: number): number {
  let best = 0;
  for (let k = 1; k < numClasses; k++) if (values[row * numClasses + k] > values[row * numClasses + best]) best = k;
  return best;
}

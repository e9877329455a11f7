import type { Classifier } from './classifier.js';
import type { Contributions } from './contributions.js';

/**
 * What a class's probability loses when a token is left out: `p(text) - p(text without the token)`. A token that others
 * repeat may lose nothing, so the contributions do not add up. Li, Monroe and Jurafsky 2016, "Understanding neural
 * networks through representation erasure", section 3.
 */
export async function occlusion(classifier: Classifier, ids: Int32Array, classIndex: number): Promise<Contributions> {
  const numClasses = classifier.labels.length;
  const shortened = Array.from(ids, (_, left) => ids.filter((_, i) => i !== left));
  const probabilities = await classifier.probabilities([ids, new Int32Array(0), ...shortened]);
  const of = (row: number): number => probabilities[row * numClasses + classIndex];
  return { contributions: Float64Array.from(ids, (_, i) => of(0) - of(i + 2)), baseline: of(1) };
}

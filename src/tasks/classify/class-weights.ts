import { unknownName } from '../../errors.js';
import type { ClassWeighting } from './classifier-options.js';

/**
 * How much a text of each class counts in the loss; undefined where all count 1. `balanced` gives every class the same
 * weight in all, `texts / (classes * texts of the class)`, as scikit-learn; a class that is given no weight has 1.
 *
 * @param counts training texts of each class.
 * @throws UNKNOWN_NAME for a weight of a label that does not exist
 */
export function classWeightsOf(
  weighting: ClassWeighting,
  labels: readonly string[],
  counts: readonly number[],
  where: string,
): Float32Array | undefined {
  if (weighting === 'none') return undefined;
  if (weighting === 'balanced') {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return Float32Array.from(counts, (count) => total / (labels.length * count));
  }
  for (const label of Object.keys(weighting as object))
    if (!labels.includes(label)) throw unknownName(where, 'label in `classWeight`', label, labels);
  return Float32Array.from(labels, (label) => (weighting as Readonly<Record<string, number>>)[label] ?? 1);
}

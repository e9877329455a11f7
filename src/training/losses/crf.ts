import { RondoError, refuseUnknownOptions } from '../../errors.js';
import { chainOf } from '../../layers/chain-scores.js';
import { maskOf } from '../../layers/mask.js';
import { sameShape } from '../../shape.js';
import { requireLabels } from '../../tensor/class-labels.js';
import { type Loss, lossOf, targetMismatch } from './loss.js';

/**
 * The negative log-likelihood of label sequences under the {@link CRF} layer that the predictions come from, in parts
 * of one step each: `-ln P(label | labels before)`. Targets are label indices `[batch, time]` or `[batch, time, 1]`;
 * their mean is comparable with a cross-entropy of every step.
 *
 * @throws when used: USAGE where no CRF layer made the predictions; OUT_OF_RANGE for a target that is no label;
 * SHAPE_MISMATCH
 */
export function crf(options: Readonly<Record<string, never>> = {}): Loss {
  refuseUnknownOptions('crf', options, []);
  const loss = lossOf('crf', {}, (yTrue, yPred) => {
    const chain = chainOf(yPred);
    if (chain === undefined) {
      throw new RondoError('USAGE', {
        where: 'crf',
        what: 'the predictions do not come from a CRF layer.',
        expected: 'a model that ends with a CRF layer',
        fix: 'add new CRF() as the last layer, or use sparseCategoricalCrossentropy.',
      });
    }
    const steps = yPred.shape.slice(0, -1);
    if (!sameShape(yTrue.shape, steps) && !sameShape(yTrue.shape, [...steps, 1]))
      throw targetMismatch('crf', steps, yTrue.shape, 'give one label for every step.');
    return chain.lossesOf(yTrue.hostNumbers(), maskOf(yPred));
  });
  return {
    ...loss,
    requireTargets: ({ data, shape }, labels, where, name) => requireLabels(where, data, labels, { shape, name }),
  };
}

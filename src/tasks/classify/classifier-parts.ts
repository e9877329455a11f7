import { splitStratified } from '../../data/stratified-split.js';
import { type LabelledTexts, pickTextRows } from '../../data/text-rows.js';
import type { Resolved } from '../../resolved.js';
import type { TrainedTexts } from './classifier.js';
import type { ClassifierOptions } from './classifier-options.js';

/** What is learned from, what chooses the best epoch, and what is held out. */
export interface ClassifierParts {
  readonly train: LabelledTexts;
  readonly validation: LabelledTexts;
  readonly test: LabelledTexts | undefined;
  /** What was cut from the training texts. */
  readonly shares: TrainedTexts['shares'];
}

/**
 * The parts that are given, and those that are cut from the training texts.
 *
 * @param keys equal for training texts that stay together.
 */
export function partsOf(
  { train, validation, test }: Partial<ClassifierParts> & Pick<ClassifierParts, 'train'>,
  keys: readonly string[],
  options: Resolved<ClassifierOptions>,
): ClassifierParts {
  const shares = {
    validation: validation === undefined ? options.validation : 0,
    test: test === undefined ? options.test : 0,
  };
  const split = splitStratified(keys, train.labels, shares, options.splitSeed);
  return {
    train: pickTextRows(train, split.train),
    validation: validation ?? pickTextRows(train, split.validation),
    test: test ?? (shares.test > 0 ? pickTextRows(train, split.test) : undefined),
    shares,
  };
}

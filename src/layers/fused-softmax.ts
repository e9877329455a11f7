import type { Shape } from '../shape.js';
import type { ScoredLabels } from '../tensor/softmax-crossentropy.js';
import type { Mask } from './mask.js';

/** What is asked of labels besides their losses. */
export interface ScoreOptions {
  /** By row: what its loss is multiplied with in the total. */
  readonly weights: ArrayLike<number>;
  /** Whether the likeliest class of each row is wanted. */
  readonly predicted: boolean;
}

/**
 * A layer's distribution over classes for each row, before it is computed: what it says of single classes can be had
 * without the rest. Over large vocabularies that saves most of the memory, and a loss and its derivative in one go.
 */
export interface FusedSoftmax {
  /** Of the distribution: `[..., classes]`. */
  readonly shape: Shape;
  /** The mask that travels with the output. */
  readonly mask: Mask | undefined;
  /** `-ln p` of a class for each row, differentiable by everything the layer computes with. @throws OUT_OF_RANGE */
  score(labels: Int32Array, options: ScoreOptions): ScoredLabels;
  /** Given where `score` is an estimate: the distribution itself, which metrics see. */
  readonly exact?: FusedSoftmax | undefined;
}

import { requireBoolean } from '../errors.js';
import { add, mul, rowSum, tanh } from '../expression/build.js';
import type { PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import { sumOfTanh } from './attention.js';
import {
  type AttentionInputs,
  AttentionLayer,
  type AttentionLayerOptions,
  byScores,
  oneHead,
  pairSums,
  withoutHeads,
} from './attention-layer.js';
import { knownAxis, type OpenShape } from './layer.js';

/** Keras 3's options. */
export interface AdditiveAttentionOptions<ReturnScores extends boolean = boolean>
  extends AttentionLayerOptions<ReturnScores> {
  /** Whether each feature of the scores has a weight. Default true. */
  useScale?: boolean | undefined;
}

/**
 * Attention with a sum of hyperbolic tangents as scores: `output[i] = sum over j of softmax over j of (sum of
 * scale tanh(query[i] + key[j])) value[j]`. Bahdanau, Cho and Bengio 2015, "Neural machine translation by jointly
 * learning to align and translate", appendix A.1.2, whose matrices are `Dense` layers before it. See
 * {@link AttentionLayer} for inputs and masks. The output is `[batch, queries, features of a value]`; every pair of a
 * query and a key takes memory for all features.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE, USAGE
 */
export class AdditiveAttention<ReturnScores extends boolean = false> extends AttentionLayer<ReturnScores> {
  readonly #useScale: boolean;
  #scale: Variable | undefined;

  constructor(options: AdditiveAttentionOptions<ReturnScores> = {}) {
    super('AdditiveAttention', options, ['useScale']);
    requireBoolean('AdditiveAttention', 'useScale', options.useScale);
    this.#useScale = options.useScale ?? true;
  }

  protected override addWeights(query: OpenShape): void {
    const width = knownAxis('AdditiveAttention', query, 2, 'features');
    if (this.#useScale) this.#scale = this.addWeight('scale', [width], { initializer: 'glorotUniform' });
  }

  protected override attend({ query, value, key, queryMask, seen }: AttentionInputs): {
    output: Tensor;
    scores: Tensor | undefined;
  } {
    const scores =
      this.#scale === undefined
        ? pairSums(sumOfTanh, query, key, [])
        : pairSums(weightedSum, query, key, [this.#scale]);
    return withoutHeads(byScores(scores, oneHead(value), seen), queryMask);
  }
}

const weightedSum: PointwiseFunction = {
  name: 'weighted sum of tanh',
  build: ([query, key, weight]) => rowSum(mul(weight, tanh(add(query, key)))),
  alongRows: true,
  perRow: true,
};

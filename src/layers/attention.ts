import { requireBoolean, unknownName } from '../errors.js';
import { add, mul, rowSum, tanh } from '../expression/build.js';
import * as ops from '../tensor/index.js';
import type { PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import {
  type AttentionInputs,
  AttentionLayer,
  type AttentionLayerOptions,
  byScores,
  oneHead,
  pairSums,
  withoutHeads,
} from './attention-layer.js';

const scoreModes = ['dot', 'concat'] as const;

/** Keras 3's options. */
export interface AttentionOptions<ReturnScores extends boolean = boolean> extends AttentionLayerOptions<ReturnScores> {
  /** Whether scores are scaled by a weight, which starts at 1. Default false. */
  useScale?: boolean | undefined;
  /** How a query and a key are compared. Default dot. */
  scoreMode?: (typeof scoreModes)[number] | undefined;
}

/**
 * Attention with products as scores (Luong et al. 2015, "Effective approaches to attention-based neural machine
 * translation", eq. 8): `output[i] = sum over j of softmax over j of (scale query[i] key[j]) value[j]`. With
 * `scoreMode: 'concat'` the scores are `weight sum(tanh(scale (query[i] + key[j])))`. See {@link AttentionLayer} for
 * inputs and masks. The output is `[batch, queries, features of a value]`.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE, UNKNOWN_NAME, USAGE
 */
export class Attention<ReturnScores extends boolean = false> extends AttentionLayer<ReturnScores> {
  readonly #useScale: boolean;
  readonly #scoreMode: (typeof scoreModes)[number];
  #scale: Variable | undefined;
  #concatScoreWeight: Variable | undefined;

  constructor(options: AttentionOptions<ReturnScores> = {}) {
    super('Attention', options, ['useScale', 'scoreMode']);
    const { useScale = false, scoreMode = 'dot' } = options;
    requireBoolean('Attention', 'useScale', useScale);
    if (!scoreModes.includes(scoreMode)) throw unknownName('Attention', 'scoreMode', scoreMode, scoreModes);
    this.#useScale = useScale;
    this.#scoreMode = scoreMode;
  }

  protected override addWeights(): void {
    if (this.#useScale) this.#scale = this.addWeight('scale', [], { initializer: 'ones' });
    if (this.#scoreMode === 'concat')
      this.#concatScoreWeight = this.addWeight('concatScoreWeight', [], { initializer: 'ones' });
  }

  protected override attend({ query, value, key, queryMask, seen }: AttentionInputs): {
    output: Tensor;
    scores: Tensor | undefined;
  } {
    const scale = this.#scale;
    if (this.#concatScoreWeight !== undefined) {
      const sums = scale === undefined ? pairSums(sumOfTanh, query, key, []) : pairSums(scaledSum, query, key, [scale]);
      return withoutHeads(byScores(ops.mul(sums, this.#concatScoreWeight), oneHead(value), seen), queryMask);
    }
    const heads = {
      query: oneHead(scale === undefined ? query : ops.mul(query, scale)),
      key: oneHead(key),
      value: oneHead(value),
    };
    return withoutHeads(this.byProducts(heads, 1, seen), queryMask);
  }
}

const along = { alongRows: true, perRow: true } as const;
/** @internal */
export const sumOfTanh: PointwiseFunction = {
  name: 'sum of tanh',
  build: ([query, key]) => rowSum(tanh(add(query, key))),
  ...along,
};
const scaledSum: PointwiseFunction = {
  name: 'sum of tanh of scaled',
  build: ([query, key, scale]) => rowSum(tanh(mul(scale, add(query, key)))),
  ...along,
};

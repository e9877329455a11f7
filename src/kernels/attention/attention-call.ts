import type { Strided } from '../contract.js';

/**
 * One matrix for each head of each sequence, anywhere in a buffer: that of sequence b and head h begins
 * `b * batchStride + h * headStride` elements behind the view. A stride of 0 repeats a matrix, or its row.
 */
export interface HeadMatrices extends Strided {
  readonly batchStride: number;
  readonly headStride: number;
}

/** Values for scores `[Q, K]`: one for each, one for each key (the same for all queries), or one for each query. */
export interface ScoreValues extends HeadMatrices {
  readonly access: 'element' | 'column' | 'row';
}

/**
 * Dot-product attention of every head of every sequence (Vaswani et al. 2017, "Attention is all you need", eq. 1):
 *
 *     weights = softmax(scale query key'),   output = weights value
 *
 * Letters: B batch, H heads, Q queries, K keys, D depth of queries and keys, V depth of values. All are at least 1.
 */
export interface AttentionCall {
  /** B. */
  readonly batch: number;
  /** H. */
  readonly heads: number;
  /** Q. */
  readonly numQueries: number;
  /** K. */
  readonly numKeys: number;
  /** D. */
  readonly depth: number;
  /** V. */
  readonly valueDepth: number;
  /** `[Q, D]`. */
  readonly query: HeadMatrices;
  /** `[K, D]`. */
  readonly key: HeadMatrices;
  /** `[K, V]`. */
  readonly value: HeadMatrices;
  /** `[Q, V]`: a row of zeros for a query that sees no key. */
  readonly output: HeadMatrices;
  /** More than 0. */
  readonly scale: number;
  /** Whether query i sees the keys 0 to i alone. */
  readonly isCausal: boolean;
  /** Where this is 0, a query does not see a key. */
  readonly mask?: ScoreValues | undefined;
  /** What the weights are multiplied with before they meet the values. */
  readonly dropoutMask?: ScoreValues | undefined;
  /** What the backward pass needs, where there will be one. */
  readonly kept?: KeptOfAttention | undefined;
}

export interface KeptOfAttention {
  /** `[Q, 1]`: of each query the largest product with a key that it sees. */
  readonly largest: HeadMatrices;
  /** `[Q, 1]`: the sum of its exponentials. */
  readonly sums: HeadMatrices;
  /** `[Q, K]`: `exp(scale (product - largest))`. Without it the backward pass computes them again, to the same bits. */
  readonly exponentials?: HeadMatrices | undefined;
}

/** The derivatives of a finished forward call. Those that are absent are not wanted. */
export interface AttentionBackwardCall extends AttentionCall {
  readonly kept: KeptOfAttention;
  /** `[Q, V]`. */
  readonly dOutput: HeadMatrices;
  /** `[Q, D]`. */
  readonly dQuery?: HeadMatrices | undefined;
  /** `[K, D]`. */
  readonly dKey?: HeadMatrices | undefined;
  /** `[K, V]`. */
  readonly dValue?: HeadMatrices | undefined;
}

import { describe, expect, it } from 'vitest';
import { RondoError } from '../errors.js';
import { zeros } from './constants.js';
import { type DotProductAttentionOptions, dotProductAttention } from './dot-product-attention.js';
import { sum } from './reduce.js';
import { valueAndGradients } from './tape.js';
import { type Tensor, tensor } from './tensor.js';

const [query, key, value] = [zeros([3, 5, 2, 6]), zeros([3, 7, 2, 6]), zeros([3, 7, 2, 9])];

function errorOf(work: () => unknown): RondoError {
  try {
    work();
  } catch (error) {
    if (error instanceof RondoError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

describe('dotProductAttention', () => {
  it.each<[string, Tensor, Tensor, Tensor]>([
    ['another rank', zeros([3, 5, 6]), key, value],
    ['another batch', zeros([2, 5, 2, 6]), key, value],
    ['other heads', query, zeros([3, 7, 3, 6]), value],
    ['another depth', query, zeros([3, 7, 2, 5]), value],
    ['another number of values', query, key, zeros([3, 6, 2, 9])],
    ['no depth', zeros([3, 5, 2, 0]), zeros([3, 7, 2, 0]), value],
  ])('refuses operands of %s', (_, q, k, v) => {
    expect(errorOf(() => dotProductAttention(q, k, v)).code).toBe('SHAPE_MISMATCH');
  });

  it('says what it takes', () => {
    expect(errorOf(() => dotProductAttention(query, value, value)).message).toBe(
      '[SHAPE_MISMATCH] dotProductAttention: query, key and value do not fit together.\n' +
        '  expected: query [batch, queries, heads, depth], key [batch, keys, heads, depth], ' +
        'value [batch, keys, heads, valueDepth], of at least one depth\n' +
        '  received: query [3, 5, 2, 6], key [3, 7, 2, 9], value [3, 7, 2, 9]\n' +
        '  fix: reshape [batch, time, heads * depth] to [batch, time, heads, depth]; one head is [batch, time, 1, depth].',
    );
    expect(errorOf(() => dotProductAttention(query, key, value, { mask: zeros([3, 7]) })).message).toBe(
      '[SHAPE_MISMATCH] dotProductAttention: `mask` does not broadcast to the scores.\n' +
        '  expected: [batch = 3, heads = 2, queries = 5, keys = 7], or 1 along some of them; first axes may be missing\n' +
        '  received: [3, 7]\n' +
        '  fix: reshape a mask [batch, keys] to [batch, 1, 1, keys], and [batch, queries, keys] to ' +
        '[batch, 1, queries, keys].',
    );
  });

  it.each<[string, string, object]>([
    ['OUT_OF_RANGE', 'a scale of 0', { scale: 0 }],
    ['OUT_OF_RANGE', 'a scale that is no number', { scale: Number.NaN }],
    ['UNKNOWN_NAME', 'an unknown option', { causal: true }],
    ['USAGE', 'a text in the place of true', { isCausal: 'false' }],
    ['USAGE', 'a mask that is no tensor', { mask: [[1]] }],
    ['SHAPE_MISMATCH', 'a mask with an axis too many', { mask: zeros([1, 3, 2, 5, 7]) }],
    ['SHAPE_MISMATCH', 'a dropout mask of other keys', { dropoutMask: zeros([5, 6]) }],
  ])('refuses with %s %s', (code, _, options) => {
    expect(errorOf(() => dotProductAttention(query, key, value, options as DotProductAttentionOptions)).code).toBe(
      code,
    );
  });

  it('gives zeros where there are no keys, and nothing where there is nothing', () => {
    const none = zeros([3, 0, 2, 6]);
    expect(Array.from(dotProductAttention(query, none, zeros([3, 0, 2, 9])).dataSync())).toEqual(Array(270).fill(0));
    expect(dotProductAttention(zeros([0, 5, 2, 6]), zeros([0, 7, 2, 6]), zeros([0, 7, 2, 9])).shape).toEqual([
      0, 5, 2, 9,
    ]);
    expect(dotProductAttention(query, key, zeros([3, 7, 2, 0])).shape).toEqual([3, 5, 2, 0]);
    const { gradients } = valueAndGradients(() => sum(dotProductAttention(query, none, zeros([3, 0, 2, 9]))), [query]);
    expect(Array.from(gradients[0].dataSync())).toEqual(Array(180).fill(0));
  });

  it('reads masks of any type', () => {
    const [q, k] = [tensor([0.3, -0.4], [1, 1, 1, 2]), tensor([1, 2, 3, 4, 5, 6], [1, 3, 1, 2])];
    const v = tensor([1, 10, 100], [1, 3, 1, 1]);
    const shown = [1, 0, 1].map((seen) => seen * 3);
    const weights = [0.3 * 1 - 0.4 * 2, 0.3 * 5 - 0.4 * 6].map((product) => Math.exp(product / Math.SQRT2));
    const expected = (weights[0] + 100 * weights[1]) / (weights[0] + weights[1]);
    for (const dtype of ['uint8', 'int32', 'float16', 'float32'] as const)
      expect(dotProductAttention(q, k, v, { mask: tensor(shown, [3], dtype) }).item()).toBeCloseTo(expected, 4);
  });
});

import { RondoError, refuseUnknownOptions, requireBoolean, requireNumber } from '../errors.js';
import { attentionBackward, attentionForward } from '../kernels/attention/attention.js';
import type { AttentionCall, HeadMatrices, ScoreValues } from '../kernels/attention/attention-call.js';
import { currentBackend } from '../kernels/select.js';
import { broadcastOf, describeAxes, describeShape, type Shape, sameShape, sizeOf } from '../shape.js';
import { asRows, asStoredRows, constantTensor } from './accumulate.js';
import { requireTensors } from './operands.js';
import { isActive, operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';

export interface DotProductAttentionOptions {
  /**
   * Which keys a query sees: those where the mask is not 0. It broadcasts to `[batch, heads, queries, keys]` from its
   * last axis on, as in NumPy: `[queries, keys]` is one mask for all heads, `[batch, 1, 1, keys]` leaves keys out.
   * Default: all.
   */
  mask?: Tensor | undefined;
  /** Whether query i sees the keys 0 to i alone, of those that the mask shows. Default false. */
  isCausal?: boolean | undefined;
  /** What products of queries and keys are multiplied with before the softmax; above 0. Default `1 / sqrt(depth)`. */
  scale?: number | undefined;
  /**
   * What weights are multiplied with after the softmax: `1 / (1 - rate)` for those that dropout keeps, 0 for the others.
   * It broadcasts as `mask` does. Default: none.
   */
  dropoutMask?: Tensor | undefined;
}

const where = 'dotProductAttention';
/** Up to so many weights are kept for the backward pass, 64 MiB of float32; it computes more of them again. */
const mostKeptWeights = 1 << 24;

/**
 * Scaled dot-product attention of several heads:
 *
 *     output[b, i, h] = sum over j of weights[b, h, i, j] value[b, j, h]
 *     weights[b, h, i] = softmax over j of scale sum over d of query[b, i, h, d] key[b, j, h, d]
 *
 * Shapes: query `[batch, queries, heads, depth]`, key `[batch, keys, heads, depth]`, value
 * `[batch, keys, heads, valueDepth]`, result `[batch, queries, heads, valueDepth]`; they are those of Keras's
 * `ops.dot_product_attention`. `reshape` makes heads of the last axis of `[batch, time, heads * depth]`, and joins them
 * again, without moving a number.
 *
 * The result for a query that sees no key is 0, where Keras gives the mean of all values. The row's largest score is
 * subtracted before exponentials are taken, so no finite score overflows. Scores of one head are worked on while they
 * are in the cache. Where derivatives will be asked for, `batch heads queries keys` weights are kept up to 16 Mi of
 * them (64 MiB); beyond, memory grows with `queries` alone, and the backward pass computes them again, to the same bits. The
 * masks have no derivative.
 *
 * Vaswani et al. 2017, "Attention is all you need", eq. 1; Dao et al. 2022, "FlashAttention: fast and memory-efficient
 * exact attention with IO-awareness", for the order of the work and the derivatives.
 *
 * @throws SHAPE_MISMATCH; OUT_OF_RANGE for a scale that is not above 0; UNKNOWN_NAME for other options; USAGE
 * @example
 * const [query, key, value] = projections.map((x) => ops.reshape(x, [batch, time, heads, depth]));
 * const attended = ops.dotProductAttention(query, key, value, { isCausal: true });
 * const joined = ops.reshape(attended, [batch, time, heads * depth]);
 */
export function dotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: DotProductAttentionOptions = {},
): Tensor {
  const inputs = [query, key, value];
  requireTensors(where, inputs);
  refuseUnknownOptions(where, options, ['mask', 'isCausal', 'scale', 'dropoutMask']);
  const sizes = sizesOf(query, key, value);
  const { scale = 1 / Math.sqrt(sizes.depth), isCausal = false, mask, dropoutMask } = options;
  requireNumber(where, 'scale', scale, 'a number above 0', (number) => number > 0);
  requireBoolean(where, 'isCausal', isCausal);
  const { batch, heads, numQueries, numKeys, valueDepth } = sizes;
  const scores = [batch, heads, numQueries, numKeys];
  if (mask !== undefined) requireMask('mask', mask, scores);
  if (dropoutMask !== undefined) requireMask('dropoutMask', dropoutMask, scores);
  const [output] = operation(inputs, () => {
    const shape = [batch, numQueries, heads, valueDepth];
    if (sizeOf(shape) === 0 || numKeys === 0)
      return { outputs: [constantTensor(shape, 0)], backward: () => inputs.map(() => undefined) };
    const result = emptyTensor(shape);
    const call: AttentionCall = {
      ...sizes,
      query: headsOf(query),
      key: headsOf(key),
      value: headsOf(value),
      output: headsOf(result),
      scale,
      isCausal,
      mask: mask && valuesOf(mask),
      dropoutMask: dropoutMask && valuesOf(dropoutMask),
    };
    const kept = inputs.some(isActive)
      ? {
          largest: byHead(emptyTensor([batch, heads, numQueries, 1])),
          sums: byHead(emptyTensor([batch, heads, numQueries, 1])),
          exponentials: sizeOf(scores) > mostKeptWeights ? undefined : byHead(emptyTensor(scores)),
        }
      : undefined;
    attentionForward(currentBackend(), { ...call, kept });
    return {
      outputs: [result],
      backward: ([dOutput], wanted) => {
        if (dOutput === undefined || kept === undefined) return [];
        const gradients = inputs.map((input, i) => (wanted[i] ? emptyTensor(input.shape) : undefined));
        const [dQuery, dKey, dValue] = gradients.map((gradient) => gradient && headsOf(gradient));
        attentionBackward(currentBackend(), { ...call, kept, dOutput: headsOf(dOutput), dQuery, dKey, dValue });
        return gradients;
      },
    };
  });
  return output;
}

type Sizes = Pick<AttentionCall, 'batch' | 'heads' | 'numQueries' | 'numKeys' | 'depth' | 'valueDepth'>;

function sizesOf(query: Tensor, key: Tensor, value: Tensor): Sizes {
  const [batch, numQueries, heads, depth] = query.shape;
  const [, numKeys] = key.shape;
  const valueDepth = value.shape[3];
  const fits =
    [query, key, value].every(({ shape }) => shape.length === 4) &&
    depth > 0 &&
    sameShape(key.shape, [batch, numKeys, heads, depth]) &&
    sameShape(value.shape, [batch, numKeys, heads, valueDepth]);
  if (fits) return { batch, numQueries, numKeys, heads, depth, valueDepth };
  const received = { query, key, value };
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'query, key and value do not fit together.',
    expected:
      'query [batch, queries, heads, depth], key [batch, keys, heads, depth], value [batch, keys, heads, valueDepth], ' +
      'of at least one depth',
    received: Object.entries(received)
      .map(([name, { shape }]) => `${name} ${describeShape(shape)}`)
      .join(', '),
    fix: 'reshape [batch, time, heads * depth] to [batch, time, heads, depth]; one head is [batch, time, 1, depth].',
  });
}

function requireMask(name: string, mask: Tensor, scores: Shape): void {
  requireTensors(where, [mask]);
  const shape = broadcastOf(scores, mask.shape);
  if (shape !== undefined && sameShape(shape, scores)) return;
  const axes = ['batch', 'heads', 'queries', 'keys'].map((axis, i) => [axis, scores[i]] as const);
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: `\`${name}\` does not broadcast to the scores.`,
    expected: `${describeAxes(axes)}, or 1 along some of them; first axes may be missing`,
    received: describeShape(mask.shape),
    fix: 'reshape a mask [batch, keys] to [batch, 1, 1, keys], and [batch, queries, keys] to [batch, 1, queries, keys].',
  });
}

/** The matrices of `[batch, rows, heads, columns]`. */
function headsOf(values: Tensor): HeadMatrices {
  const [, rows, heads, columns] = values.shape;
  return {
    ...asRows(values, heads * columns),
    batchStride: rows * heads * columns,
    headStride: columns,
  };
}

/** Those of `[batch, heads, rows, columns]`. */
function byHead(values: Tensor): HeadMatrices {
  const [, heads, rows, columns] = values.shape;
  return { ...asRows(values, columns), batchStride: heads * rows * columns, headStride: rows * columns };
}

/** A mask as it lies in the memory, in any type. */
function valuesOf(mask: Tensor): ScoreValues {
  const shape = [...new Array<number>(4 - mask.shape.length).fill(1), ...mask.shape];
  const [batchStride, headStride, rowStride] = shape
    .slice(0, 3)
    .map((axis, i) => (axis === 1 ? 0 : sizeOf(shape.slice(i + 1))));
  const access = shape[3] === 1 ? 'row' : shape[2] === 1 ? 'column' : 'element';
  return { ...asStoredRows(mask, rowStride), batchStride, headStride, access };
}

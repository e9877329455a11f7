import { requireRate } from '../cells/define-cell.js';
import { RondoError, requireBoolean } from '../errors.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { Tensor, tensor } from '../tensor/tensor.js';
import { dropoutMask } from './dropout-mask.js';
import { hiddenAs } from './hidden-as.js';
import { requireSequence, titleOf } from './input-axes.js';
import {
  type CallOptions,
  describeOpenShape,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  type OutputShapes,
} from './layer.js';
import { bothMasks, clearMasked, type Mask, maskOf, setMask } from './mask.js';
import { plainOptions } from './plain-options.js';
import type { Stepper } from './stepper.js';

/** Options that Keras 3's attention layers have, some of them as arguments of a call. */
export interface AttentionLayerOptions<ReturnScores extends boolean = boolean> extends LayerOptions {
  /** Share of the weights of keys that is dropped in training. Default 0. */
  dropout?: number | undefined;
  /** Whether query i sees the keys 0 to i alone. Default false. (In Keras an argument of the call.) */
  useCausalMask?: boolean | undefined;
  /** Whether the layer gives `{ output, scores }`. Default false. (In Keras an argument of the call.) */
  returnAttentionScores?: ReturnScores | undefined;
}

/** What an attention layer gives with `returnAttentionScores`. */
export interface OutputAndScores {
  readonly output: Tensor;
  /**
   * The share that each key has in what a query is given, before dropout: `[batch, queries, keys]`, or `[batch, heads,
   * queries, keys]`.
   */
  readonly scores: Tensor;
}

export type AttentionReturned<ReturnScores extends boolean> = [ReturnScores] extends [true] ? OutputAndScores : Tensor;

/** What an attention reads; masked steps are zeros. */
export interface AttentionInputs {
  readonly query: Tensor;
  readonly value: Tensor;
  readonly key: Tensor;
  /** Which queries count. */
  readonly queryMask: Mask | undefined;
  readonly seen: SeenKeys;
}

/** Which keys are seen, and what is dropped of them. */
export interface SeenKeys {
  /** `[batch or 1, 1, queries or 1, keys]`, 0 where a key is hidden from a query; besides those that come later. */
  readonly mask: Tensor | undefined;
  readonly isCausal: boolean;
  /** In training. */
  readonly dropout: number;
}

/** By head: what queries are given, and, where they were computed, the shares of the keys. */
export interface Attended {
  /** `[batch, queries, heads, depth]`. */
  readonly output: Tensor;
  /** `[batch, heads, queries, keys]`. */
  readonly shares: Tensor | undefined;
}

/**
 * Gives every query a mean of values, in which the values have shares that follow from the query and their keys. Inputs
 * are `[query, value]` or `[query, value, key]`, of shapes `[batch, queries, features]` and `[batch, keys, features]`;
 * one tensor alone is all three. Masked values, and those of masked keys, take no part; a query that sees none is given
 * zeros (in Keras's `Attention`, the mean of what is hidden). The mask of the queries goes on with the output.
 */
export abstract class AttentionLayer<ReturnScores extends boolean> extends Layer<AttentionReturned<ReturnScores>> {
  readonly className: string;
  protected override readonly passesMask = true;
  protected readonly returnsScores: boolean;
  readonly #dropout: number;
  readonly #isCausal: boolean;
  /** Shapes of value and key that the weights were made for. */
  #builtOthers: readonly OpenShape[] = [];
  /** How many keys before and behind its own place a query sees; by default all. */
  protected readonly reach: number | undefined;

  constructor(
    className: string,
    protected readonly options: AttentionLayerOptions<ReturnScores>,
    known: readonly string[],
  ) {
    super(className, options, ['dropout', 'useCausalMask', 'returnAttentionScores', ...known]);
    this.className = className;
    const { dropout = 0, useCausalMask, returnAttentionScores } = options;
    requireRate(className, 'dropout', dropout);
    requireBoolean(className, 'useCausalMask', useCausalMask);
    requireBoolean(className, 'returnAttentionScores', returnAttentionScores);
    this.#dropout = dropout;
    this.#isCausal = useCausalMask === true;
    this.returnsScores = returnAttentionScores === true;
    if (this.returnsScores)
      this.computeOutputShapes = (...shapes): OutputShapes => {
        const [query, value] = namedShapes(shapes);
        return { output: this.computeOutputShape(...shapes), scores: this.scoresShape(query, value) };
      };
  }

  /** Attends; the output is `[batch, queries, ...]`. */
  protected abstract attend(inputs: AttentionInputs): { output: Tensor; scores: Tensor | undefined };

  /** Checks the features, and says what comes out for each query: without heads, a mean of values. */
  protected outputAxes(query: OpenShape, value: OpenShape, key: OpenShape): OpenShape {
    if (query[2] !== key[2] && query[2] !== null && key[2] !== null)
      throw this.misfit('queries and keys have different features.', [query, key]);
    return [value[2]];
  }

  protected scoresShape(query: OpenShape, value: OpenShape): OpenShape {
    return [query[0], query[1], value[1]];
  }

  override get takesSeveral(): boolean {
    return true;
  }

  override build(query: OpenShape, ...others: OpenShape[]): void {
    this.#builtOthers = others;
    this.addWeights(...namedShapes([query, ...others]));
  }

  protected abstract addWeights(query: OpenShape, value: OpenShape, key: OpenShape): void;

  /**
   * @param given of query, value and perhaps key; one alone is all of them, or the query of those that the weights were
   *   made for. @throws SHAPE_MISMATCH
   */
  override computeOutputShape(...given: OpenShape[]): OpenShape {
    const inputShapes = given.length === 1 ? [...given, ...this.#builtOthers] : given;
    for (const shape of inputShapes) requireSequence(this, shape, null);
    if (inputShapes.length > 3) throw this.misfit('there are more than three inputs.', inputShapes);
    const [query, value, key] = namedShapes(inputShapes);
    if (value[1] !== key[1] && value[1] !== null && key[1] !== null)
      throw this.misfit('there is another number of keys than of values.', inputShapes);
    return [query[0], query[1], ...this.outputAxes(query, value, key)];
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): AttentionReturned<ReturnScores> {
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    this.computeOutputShape(...list.map(({ shape }) => shape));
    const [query, value = query, key = value] = list;
    const [queryMask, valueMask, keyMask] = [query, value, key].map((one) =>
      one === query ? options.mask : maskOf(one),
    );
    const counting = bothMasks(valueMask, keyMask);
    const [batch, numQueries] = query.shape;
    const seen: SeenKeys = {
      mask: this.#maskFor(counting, [batch, numQueries, value.shape[1]]),
      isCausal: this.#isCausal,
      dropout: options.training === true ? this.#dropout : 0,
    };
    const { output, scores } = this.attend({
      query: clearMasked(query, queryMask),
      value: clearMasked(value, counting),
      key: clearMasked(key, counting),
      queryMask,
      seen,
    });
    if (!this.returnsScores) return output as AttentionReturned<ReturnScores>;
    setMask(output, queryMask);
    return { output, scores } as AttentionReturned<ReturnScores>;
  }

  /**
   * Queries pass one by one where values and keys stay: each sees all that count of them, whichever its place.
   *
   * @throws USAGE where values or keys go along too, or the keys that a query sees follow from its place
   */
  override stepper(_batch: number, [isFixed = false, ...others]: readonly boolean[] = []): Stepper {
    const stays = others.length > 0 && others.every(Boolean);
    const byPlace = this.#isCausal ? 'useCausalMask' : this.reach === undefined ? undefined : 'slidingWindow';
    if (stays && !isFixed && byPlace === undefined) {
      const { length } = this.scoresShape([null, null, null], [null, null, null]);
      // Shares of several heads are [batch, heads, queries, keys].
      const apart = this.returnsScores && length > 3 ? ['scores'] : [];
      return { states: new Map(), step: (...inputs) => this.apply(inputs) as Tensor, apart };
    }
    throw new RondoError('USAGE', {
      where: titleOf(this),
      what: 'the layer cannot be run one time step at a time here.',
      expected: 'queries that go along with the steps, and values and keys that stay, which every query sees alike',
      received: stays
        ? `values and keys that stay, with \`${byPlace}\``
        : `values or keys that go along with the steps${isFixed ? ', and queries that stay' : ''}`,
      fix: `${stays ? '' : 'give what values and keys come from as `fixed`, or '}apply the model to whole sequences.`,
    });
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...plainOptions(this.options), ...this.baseConfig() };
  }

  protected misfit(what: string, shapes: readonly OpenShape[]): RondoError {
    return new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what,
      expected: '[query, value] or [query, value, key]: [batch, queries, features] and [batch, keys, features]',
      received: shapes.map(describeOpenShape).join(', '),
      fix: 'give the query first, then the values, and keys only where they differ from the values.',
    });
  }

  /** Which keys are hidden: those that are masked, and those out of reach. */
  #maskFor(counting: Mask | undefined, [batch, numQueries, numKeys]: readonly number[]): Tensor | undefined {
    const hidden = counting?.includes(0) === true ? counting : undefined;
    const { reach } = this;
    if (reach === undefined) return hidden && tensor(hidden, [batch, 1, 1, numKeys]);
    const near = Uint8Array.from({ length: numQueries * numKeys }, (_, i) =>
      Math.abs(Math.floor(i / numKeys) - (i % numKeys)) <= reach ? 1 : 0,
    );
    if (hidden === undefined) return tensor(near, [1, 1, numQueries, numKeys]);
    const both = Uint8Array.from({ length: batch * near.length }, (_, i) => {
      const sample = Math.floor(i / near.length);
      return near[i % near.length] & hidden[sample * numKeys + (i % numKeys)];
    });
    return tensor(both, [batch, 1, numQueries, numKeys]);
  }

  /** Attends with the products of queries and keys as scores; of all `[batch, time, heads, depth]`. */
  protected byProducts(
    { query, key, value }: Pick<AttentionInputs, 'query' | 'key' | 'value'>,
    scale: number,
    seen: SeenKeys,
  ): Attended {
    if (this.returnsScores) {
      const [byHead, keys] = [query, key].map((one) => ops.transpose(one, [0, 2, 1, 3]));
      const products = ops.matmul(byHead, keys, { transposeB: true });
      return byScores(scale === 1 ? products : ops.mul(products, scale), value, seen);
    }
    const [batch, numQueries, heads] = query.shape;
    const { mask, isCausal, dropout } = seen;
    const output = ops.dotProductAttention(query, key, value, {
      ...(mask && { mask }),
      ...(dropout > 0 && { dropoutMask: dropoutMask([batch, heads, numQueries, key.shape[1]], dropout) }),
      isCausal,
      scale,
    });
    return { output, shares: undefined };
  }
}

/** Attends with scores `[batch, heads, queries, keys]`. @param value `[batch, keys, heads, depth]`. */
export function byScores(scores: Tensor, value: Tensor, { mask, isCausal, dropout }: SeenKeys): Attended {
  const [, , numQueries, numKeys] = scores.shape;
  const shown = isCausal ? earlierOf(mask, numQueries, numKeys) : mask;
  const hidden = (by: keyof typeof hiddenAs, of: Tensor): Tensor =>
    shown === undefined ? of : applyPointwise(hiddenAs[by], [of, shown]);
  const shares = hidden('zero', ops.softmax(hidden('withoutShare', scores)));
  const kept = dropout > 0 ? ops.mul(shares, dropoutMask(shares.shape, dropout)) : shares;
  const output = ops.matmul(kept, ops.transpose(value, [0, 2, 1, 3]));
  return { output: ops.transpose(output, [0, 2, 1, 3]), shares };
}

/** `[batch, time, features]` as those of one head. */
export function oneHead(x: Tensor): Tensor {
  const [batch, time, features] = x.shape;
  return ops.reshape(x, [batch, time, 1, features]);
}

/** What one head attended, without the axis of heads; zeros for queries that do not count. */
export function withoutHeads(
  { output, shares }: Attended,
  queryMask: Mask | undefined,
): { output: Tensor; scores: Tensor | undefined } {
  const [batch, numQueries, , depth] = output.shape;
  return {
    output: clearMasked(ops.reshape(output, [batch, numQueries, depth]), queryMask),
    scores: shares && ops.reshape(shares, [batch, numQueries, -1]),
  };
}

/** Sums over the features of every pair of a query and a key, `[batch, 1, queries, keys]`. */
export function pairSums(fn: PointwiseFunction, query: Tensor, key: Tensor, weights: readonly Tensor[]): Tensor {
  const [batch, numQueries, features] = query.shape;
  const keys = ops.reshape(key, [batch, 1, -1, features]);
  const sums = applyPointwise(fn, [ops.reshape(query, [batch, numQueries, 1, features]), keys, ...weights]);
  return ops.reshape(sums, [batch, 1, numQueries, -1]);
}

/** A mask that hides later keys too. */
function earlierOf(mask: Tensor | undefined, numQueries: number, numKeys: number): Tensor {
  const earlier = Uint8Array.from({ length: numQueries * numKeys }, (_, i) =>
    i % numKeys <= Math.floor(i / numKeys) ? 1 : 0,
  );
  const shown = tensor(earlier, [1, 1, numQueries, numKeys]);
  return mask === undefined ? shown : ops.mul(mask, shown);
}

/** Those of query, value and key. */
function namedShapes([query, value = query, key = value]: readonly OpenShape[]): [OpenShape, OpenShape, OpenShape] {
  return [query, value, key];
}

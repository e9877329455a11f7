import { requireBoolean, requireCount } from '../errors.js';
import type { ActivationName } from '../expression/activations.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import { type AttentionInputs, AttentionLayer, type AttentionLayerOptions } from './attention-layer.js';
import { activatedSum, type KernelOptions, kernelWeightOptionNames } from './kernel-layer.js';
import { knownAxis, type OpenShape } from './layer.js';
import { clearMasked } from './mask.js';
import { weightOptions } from './weight-options.js';

/** Keras 3's options, but for `attentionAxes`: attention is along time. */
export interface MultiHeadAttentionOptions<ReturnScores extends boolean = boolean>
  extends AttentionLayerOptions<ReturnScores>,
    Omit<KernelOptions, 'activation'> {
  numHeads: number;
  /** Features of a query and of a key, for each head. */
  keyDim: number;
  /** Features of a value, for each head. Default `keyDim`. */
  valueDim?: number | undefined;
  /** The axes of the output behind batch and queries, or the size of the only one. Default: the features of a query. */
  outputShape?: number | readonly number[] | undefined;
  /** A query sees the keys less than so many steps away from its own place. By default all. */
  slidingWindow?: number | undefined;
  /**
   * Whether what is attended is multiplied by the sigmoid of another projection of the query. Qiu et al. 2025, "Gated
   * attention for large language models". Default false.
   */
  useGate?: boolean | undefined;
}

const optionNames: readonly string[] = [
  'numHeads',
  'keyDim',
  'valueDim',
  'outputShape',
  'slidingWindow',
  'useGate',
  ...kernelWeightOptionNames,
];

/** `x kernel + bias`, for each head. */
interface Projection {
  /** `[features, heads, depth]`. */
  readonly kernel: Variable;
  /** `[heads, depth]`. */
  readonly bias: Variable | undefined;
}

/**
 * Attention of several heads, each with projections of its own: `softmax(query key / sqrt(keyDim)) value` of every head,
 * and a projection of all heads together. Vaswani et al. 2017, "Attention is all you need", section 3.2. See
 * {@link AttentionLayer} for inputs and masks. The output is `[batch, queries, features of a query]`, or as
 * `outputShape` says. Weights have Keras's shapes: `query/kernel` `[features, heads, keyDim]`, `attentionOutput/kernel`
 * `[heads, valueDim, ...output]`.
 *
 * @example
 * const attended = new MultiHeadAttention({ numHeads: 4, keyDim: 16, useCausalMask: true }).apply(steps);
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE, USAGE
 */
export class MultiHeadAttention<ReturnScores extends boolean = false> extends AttentionLayer<ReturnScores> {
  readonly numHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  protected override readonly reach: number | undefined;
  readonly #outputAxes: readonly number[] | undefined;
  readonly #projections = new Map<string, Projection>();

  constructor(options: MultiHeadAttentionOptions<ReturnScores>) {
    super('MultiHeadAttention', options, optionNames);
    const { numHeads, keyDim, valueDim = keyDim, outputShape, slidingWindow } = options;
    const axes = typeof outputShape === 'object' ? outputShape : outputShape === undefined ? [] : [outputShape];
    for (const [name, value] of Object.entries({ numHeads, keyDim, valueDim, slidingWindow: slidingWindow ?? 1 }))
      requireCount('MultiHeadAttention', name, value);
    for (const size of axes) requireCount('MultiHeadAttention', 'outputShape', size);
    requireBoolean('MultiHeadAttention', 'useBias', options.useBias);
    requireBoolean('MultiHeadAttention', 'useGate', options.useGate);
    this.numHeads = numHeads;
    this.keyDim = keyDim;
    this.valueDim = valueDim;
    this.reach = slidingWindow === undefined ? undefined : slidingWindow - 1;
    this.#outputAxes = axes.length === 0 ? undefined : axes;
  }

  protected override outputAxes(query: OpenShape, value: OpenShape, key: OpenShape): OpenShape {
    for (const [name, shape] of Object.entries({ query, value, key })) {
      const width = this.#projections.get(name)?.kernel.shape[0] ?? null;
      if (width !== null && shape[2] !== null && shape[2] !== width)
        throw this.misfit(`the ${name} has other features than the weights were made for, ${width}.`, [shape]);
    }
    return this.#outputAxes ?? [query[2]];
  }

  protected override scoresShape(query: OpenShape, value: OpenShape): OpenShape {
    return [query[0], this.numHeads, query[1], value[1]];
  }

  protected override addWeights(query: OpenShape, value: OpenShape, key: OpenShape): void {
    const { numHeads, keyDim, valueDim } = this;
    const options = this.options as MultiHeadAttentionOptions;
    const [features, ofValue, ofKey] = [query, value, key].map((shape) =>
      knownAxis('MultiHeadAttention', shape, 2, 'features'),
    );
    const kernelOptions = weightOptions('MultiHeadAttention', 'kernel', options, 'glorotUniform');
    const biasOptions = weightOptions('MultiHeadAttention', 'bias', options, 'zeros');
    const add = (name: string, inner: readonly number[], outer: readonly number[]): void => {
      const kernel = this.addWeight(`${name}/kernel`, [...inner, ...outer], {
        ...kernelOptions,
        form: 'matrix',
        inputAxes: inner.length,
      });
      const bias = (options.useBias ?? true) ? this.addWeight(`${name}/bias`, outer, biasOptions) : undefined;
      this.#projections.set(name, { kernel, bias });
    };
    add('query', [features], [numHeads, keyDim]);
    add('key', [ofKey], [numHeads, keyDim]);
    if (options.useGate === true) add('gate', [features], [numHeads, valueDim]);
    add('value', [ofValue], [numHeads, valueDim]);
    add('attentionOutput', [numHeads, valueDim], this.#outputAxes ?? [features]);
  }

  protected override attend({ query, value, key, queryMask, seen }: AttentionInputs): {
    output: Tensor;
    scores: Tensor | undefined;
  } {
    const heads = {
      query: this.#project('query', query),
      key: this.#project('key', key),
      value: this.#project('value', value),
    };
    const { output, shares } = this.byProducts(heads, 1 / Math.sqrt(this.keyDim), seen);
    const attended = clearMasked(output, queryMask);
    const gated = this.#projections.has('gate') ? ops.mul(attended, this.#project('gate', query, 'sigmoid')) : attended;
    const [batch, numQueries] = query.shape;
    const joined = ops.reshape(gated, [batch, numQueries, this.numHeads * this.valueDim]);
    return { output: this.#project('attentionOutput', joined), scores: shares };
  }

  /** `[batch, time, features]` to `[batch, time, ...axes of the bias]`. */
  #project(name: string, x: Tensor, activation: ActivationName = 'linear'): Tensor {
    const { kernel, bias } = this.#projections.get(name)!;
    const [batch, time, features] = x.shape;
    const width = kernel.size / features;
    const product = ops.matmul(x, ops.reshape(kernel, [features, width]));
    const sum = activatedSum(activation, product, bias && ops.reshape(bias, [width]));
    const inner = name === 'attentionOutput' ? 2 : 1;
    return ops.reshape(sum, [batch, time, ...kernel.shape.slice(inner)]);
  }
}

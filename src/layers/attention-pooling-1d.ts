import { requireCount } from '../errors.js';
import { add, detach, div, exp, max, mul, rowMax, rowSum, select, sub, tanh } from '../expression/build.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import type { InitializerLike } from './initializers.js';
import { requireSequence } from './input-axes.js';
import {
  type CallOptions,
  type Json,
  knownAxis,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
  type WeightOptions,
} from './layer.js';
import { clearMasked, type Mask, maskOf } from './mask.js';
import { plainOptions } from './plain-options.js';
import { weightOptions } from './weight-options.js';

export interface AttentionPooling1DOptions extends LayerOptions {
  /** Width of the space in which steps are compared. */
  units: number;
  /** Default glorotUniform. */
  kernelInitializer?: InitializerLike | undefined;
  /** Default zeros. */
  biasInitializer?: InitializerLike | undefined;
  /** Of the vector that scores a step. Default glorotUniform. */
  contextInitializer?: InitializerLike | undefined;
}

/**
 * Makes one vector of a sequence by additive attention: `score_t = context . tanh(x_t kernel + bias)`, the softmax of
 * the scores over the steps that count, and the sum of the steps with these weights. `[batch, time, features]` becomes
 * `[batch, features]`.
 *
 * Masked steps have weight 0; a sequence without real steps gives zeros. The mask ends here.
 *
 * Bahdanau, Cho and Bengio 2015, "Neural machine translation by jointly learning to align and translate", appendix
 * A.1.2, with a learned vector in the decoder state's place, as in Yang et al. 2016, "Hierarchical attention networks
 * for document classification", equations 5 to 7.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE
 */
export class AttentionPooling1D extends Layer {
  readonly className = 'AttentionPooling1D';
  readonly units: number;
  readonly #weightsOf: Readonly<Record<'kernel' | 'bias' | 'context', WeightOptions>>;
  #kernel!: Variable;
  #bias!: Variable;
  #context!: Variable;

  readonly #options: AttentionPooling1DOptions;

  constructor(options: AttentionPooling1DOptions) {
    super('AttentionPooling1D', options, ['units', 'kernelInitializer', 'biasInitializer', 'contextInitializer']);
    this.#options = options;
    this.units = options.units;
    requireCount('AttentionPooling1D', 'units', this.units);
    const own = (role: string, initializer: InitializerLike): WeightOptions =>
      weightOptions('AttentionPooling1D', role, options, initializer);
    this.#weightsOf = {
      kernel: own('kernel', 'glorotUniform'),
      bias: own('bias', 'zeros'),
      context: own('context', 'glorotUniform'),
    };
  }

  override build(inputShape: OpenShape): void {
    const features = knownAxis('AttentionPooling1D', inputShape, -1, 'features');
    this.#kernel = this.addWeight('kernel', [features, this.units], this.#weightsOf.kernel);
    this.#bias = this.addWeight('bias', [this.units], this.#weightsOf.bias);
    this.#context = this.addWeight('context', [this.units, 1], this.#weightsOf.context);
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(this, inputShape, this.buildShape?.at(2) ?? null);
    return [inputShape[0], inputShape[2]];
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = clearMasked(singleInput(this.name, inputs), mask);
    const [batch, time, features] = input.shape;
    const weights = ops.reshape(this.#weigh(input, mask), [batch, 1, time]);
    return ops.reshape(ops.matmul(weights, input), [batch, features]);
  }

  /**
   * The weight of each step, `[batch, time]`: at least 0, 1 in sum, 0 where masked. @param mask by default the one that
   * came with the input.
   */
  attention(input: Tensor, mask: Mask | undefined = maskOf(input)): Tensor {
    this.ensureBuilt(input.shape);
    return this.#weigh(clearMasked(input, mask), mask);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...plainOptions(this.#options), ...this.baseConfig() };
  }

  #weigh(input: Tensor, mask: Mask | undefined): Tensor {
    this.computeOutputShape(input.shape);
    const [batch, time] = input.shape;
    const compared = applyPointwise(biasedTanh, [ops.matmul(input, this.#kernel), this.#bias]);
    const scores = ops.reshape(ops.matmul(compared, this.#context), [batch, time]);
    if (mask === undefined || !mask.includes(0)) return ops.softmax(scores);
    return applyPointwise(maskedSoftmax, [scores, tensor(Float32Array.from(mask), [batch, time])]);
  }
}

const biasedTanh: PointwiseFunction = { name: 'tanh with bias', build: ([x, bias]) => tanh(add(x, bias)) };

/** Far below every score, and not so low that a difference overflows. */
const FAR_BELOW = -1e30;

/** The largest score has the term 1, so a sum is at least 1 unless no step counts; then 0 / 0.5 makes the weights 0. */
const maskedSoftmax: PointwiseFunction = {
  name: 'masked softmax',
  build: ([scores, counts]) => {
    const kept = select(counts, scores, FAR_BELOW);
    const terms = mul(exp(sub(kept, detach(rowMax(kept)))), counts);
    return div(terms, max(rowSum(terms), 0.5));
  },
  alongRows: true,
};

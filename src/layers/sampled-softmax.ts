import { requireCount } from '../errors.js';
import { currentRandom } from '../random.js';
import * as ops from '../tensor/index.js';
import { sampledCrossentropy } from '../tensor/sampled-crossentropy.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import { requireFeatures } from './input-axes.js';
import { type KernelOptions, kernelWeightOptionNames } from './kernel-layer.js';
import {
  type CallOptions,
  type Json,
  knownAxis,
  Layer,
  type OpenShape,
  singleInput,
  type WeightOptions,
} from './layer.js';
import { logUniformCandidates } from './log-uniform.js';
import { type OutputHead, refuseSpreadLabels } from './output-head.js';
import { plainOptions } from './plain-options.js';
import { productHead } from './product-head.js';
import { weightOptions } from './weight-options.js';

/** Those of a Dense layer, whose activation is softmax here. */
export interface SampledSoftmaxOptions extends Omit<KernelOptions, 'activation'> {
  /** Number of classes, numbered from the most frequent on. */
  units: number;
  /** Classes drawn for each batch. More are slower and closer to the full softmax. */
  numSampled: number;
}

/**
 * A softmax over many classes, `softmax(x kernel' + bias)`, that is trained on a sample of them: with
 * `sparseCategoricalCrossentropy` as the model's one loss, each training batch draws `numSampled` classes and its
 * `loss` is the estimate of {@link sampledCrossentropy}; only rows of drawn classes and labels have a gradient (and are
 * touched by `sgd`, `adagrad`, or any optimizer with `lazyRows`). Predictions, evaluation and metrics (those of
 * training batches too, which then cost the full product) use all classes. With any other loss, or a metric that needs
 * the predictions themselves (such as the top five), training uses all classes, too.
 *
 * Input `[batch, ..., features]`, output `[batch, ..., units]`; the kernel is `[units, features]`; a mask goes on with
 * the output.
 *
 * @throws OUT_OF_RANGE, SHAPE_MISMATCH; in training USAGE for `labelSmoothing`
 */
export class SampledSoftmax extends Layer {
  readonly className = 'SampledSoftmax';
  protected override readonly passesMask = true;
  readonly units: number;
  readonly numSampled: number;
  #kernel!: Variable;
  #bias: Variable | undefined;
  readonly #kernelOptions: WeightOptions;
  readonly #biasOptions: WeightOptions;
  readonly #options: SampledSoftmaxOptions;

  constructor(options: SampledSoftmaxOptions) {
    super('SampledSoftmax', options, ['units', 'numSampled', ...kernelWeightOptionNames]);
    this.#options = options;
    this.units = options.units;
    this.numSampled = options.numSampled;
    requireCount('SampledSoftmax', 'units', this.units);
    requireCount('SampledSoftmax', 'numSampled', this.numSampled);
    this.#kernelOptions = weightOptions('SampledSoftmax', 'kernel', options, 'glorotUniform');
    this.#biasOptions = weightOptions('SampledSoftmax', 'bias', options, 'zeros');
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireFeatures(this, inputShape, this.buildShape?.at(-1) ?? null);
    return [...inputShape.slice(0, -1), this.units];
  }

  override build(inputShape: OpenShape): void {
    this.#kernel = this.addWeight('kernel', [this.units, knownAxis('SampledSoftmax', inputShape, -1, 'features')], {
      ...this.#kernelOptions,
      form: 'table',
    });
    if (this.#options.useBias ?? true) this.#bias = this.addWeight('bias', [this.units], this.#biasOptions);
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.callHead(inputs, options).values();
  }

  override callHead(inputs: Tensor | readonly Tensor[], { mask, training = false }: CallOptions): OutputHead {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const kernel = this.#kernel;
    const bias = this.#bias;
    const exact = productHead({ input, kernel, transposeKernel: true, bias, activation: 'softmax', mask });
    if (!training || exact.score === undefined) return exact;
    const hidden = ops.reshape(input, [-1, kernel.shape[1]]);
    // Drawn when labels are scored, from the numbers of the model that is running now.
    const random = currentRandom();
    return {
      ...exact,
      exactScore: exact.score,
      score: (labels, options) => {
        refuseSpreadLabels(this.name, options);
        const candidates = logUniformCandidates(this.numSampled, this.units, random);
        return {
          ...sampledCrossentropy(hidden, kernel, labels, candidates, { bias, weights: options.weights }),
          predicted: undefined,
        };
      },
    };
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...plainOptions(this.#options), ...this.baseConfig(), useBias: this.#options.useBias ?? true };
  }
}

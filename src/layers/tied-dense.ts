import { RondoError } from '../errors.js';
import type { ActivationName } from '../expression/activations.js';
import { activation } from '../expression/activations.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import type { ConstraintLike } from './constraints.js';
import { Embedding } from './embedding.js';
import type { InitializerLike } from './initializers.js';
import { requireFeatures, titleOf } from './input-axes.js';
import {
  type CallOptions,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
  type WeightOptions,
} from './layer.js';
import type { OutputHead } from './output-head.js';
import { plainOptions } from './plain-options.js';
import { productHead } from './product-head.js';
import type { RegularizerLike } from './regularizers.js';
import { weightOptions } from './weight-options.js';

export interface TiedDenseOptions extends LayerOptions {
  /** The layer whose table is used, or its name among the layers before this one in a Sequential. */
  embedding: Embedding | string;
  /** Default linear. */
  activation?: ActivationName | undefined;
  /** Default true. */
  useBias?: boolean | undefined;
  /** Default zeros. */
  biasInitializer?: InitializerLike | undefined;
  biasRegularizer?: RegularizerLike | undefined;
  biasConstraint?: ConstraintLike | undefined;
}

/**
 * A Dense layer whose kernel is the transposed table of an embedding: `activation(x table' + bias)`. Input
 * `[batch, ..., outputDim]` of the embedding, output `[batch, ..., inputDim]`; a mask goes on with the output.
 *
 * The table belongs to the embedding: it is saved there, once, frozen there, and its gradient is the sum of both uses.
 * So the embedding must be part of the model too. Press and Wolf 2017, "Using the output embedding to improve language
 * models"; Inan et al. 2017, "Tying word vectors and word classifiers".
 *
 * @example
 * const words = new Embedding({ inputDim: 10000, outputDim: 200, inputShape: [null] });
 * new Sequential([words, new LSTM({ units: 200, returnSequences: true }), new TiedDense({ embedding: words, activation: 'softmax' })]);
 *
 * @throws SHAPE_MISMATCH, UNKNOWN_NAME; USAGE where the embedding is not found
 */
export class TiedDense extends Layer {
  readonly className = 'TiedDense';
  protected override readonly passesMask = true;
  protected override readonly isPointwiseInTime = true;
  readonly activation: ActivationName;
  #linked: Embedding | undefined;
  #bias: Variable | undefined;
  readonly #biasOptions: WeightOptions;
  readonly #options: TiedDenseOptions;

  constructor(options: TiedDenseOptions) {
    super('TiedDense', options, [
      'embedding',
      'activation',
      'useBias',
      'biasInitializer',
      'biasRegularizer',
      'biasConstraint',
    ]);
    this.#options = options;
    const { embedding } = options;
    if (!(embedding instanceof Embedding) && typeof embedding !== 'string') {
      throw new RondoError('USAGE', {
        where: 'TiedDense',
        what: '`embedding` is no embedding.',
        expected: 'an Embedding, or its name in a Sequential',
        received: String(embedding),
        fix: 'give the layer whose table is to be used.',
      });
    }
    if (embedding instanceof Embedding) this.#linked = embedding;
    this.activation = options.activation ?? 'linear';
    activation(this.activation, 'TiedDense.activation');
    this.#biasOptions = weightOptions('TiedDense', 'bias', options, 'zeros');
  }

  /** The layer whose table is used. @throws USAGE where a name has not been found in a model */
  get embedding(): Embedding {
    if (this.#linked !== undefined) return this.#linked;
    throw this.#notFound(
      `\`${String(this.#options.embedding)}\` is the name of an embedding, but the layer is in no Sequential ` +
        'that has it',
    );
  }

  override linkLayers(find: (name: string) => Layer<unknown> | undefined): void {
    const { embedding } = this.#options;
    const found = find(typeof embedding === 'string' ? embedding : embedding.name);
    if (!(found instanceof Embedding))
      throw this.#notFound(
        `no layer before it is an embedding named \`${typeof embedding === 'string' ? embedding : embedding.name}\``,
      );
    if (typeof embedding !== 'string' && found !== embedding)
      throw this.#notFound('the embedding it was given is not among the layers before it');
    this.#linked = found;
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireFeatures(this, inputShape, this.embedding.outputDim);
    return [...inputShape.slice(0, -1), this.embedding.inputDim];
  }

  override build(): void {
    if (this.#options.useBias ?? true)
      this.#bias = this.addWeight('bias', [this.embedding.inputDim], this.#biasOptions);
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.callHead(inputs, options).values();
  }

  override callHead(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): OutputHead {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const kernel = this.embedding.table;
    return productHead({ input, kernel, transposeKernel: true, bias: this.#bias, activation: this.activation, mask });
  }

  override getConfig(): Record<string, Json | undefined> {
    // In one order, whether the options were given or read, so that a file that is read and written stays the same.
    const { embedding, activation: _, useBias = true, ...options } = this.#options;
    return {
      ...plainOptions(options),
      ...this.baseConfig(),
      embedding: typeof embedding === 'string' ? embedding : embedding.name,
      activation: this.activation,
      useBias,
    };
  }

  #notFound(what: string): RondoError {
    return new RondoError('USAGE', {
      where: titleOf(this),
      what: `${what}.`,
      expected: 'an Embedding before it in the same model',
      fix: 'add the embedding to the model before this layer, and give the layer itself or its name.',
    });
  }
}

import { requireRate } from '../cells/define-cell.js';
import { RondoError, requireBoolean, requireCount } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { currentRandom } from '../random.js';
import { describeShape, placeOf, type Shape, sizeOf } from '../shape.js';
import { gatherTensor } from '../tensor/gather.js';
import * as ops from '../tensor/index.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import type { ConstraintLike } from './constraints.js';
import type { InitializerLike } from './initializers.js';
import { titleOf } from './input-axes.js';
import {
  type CallOptions,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
  type WeightOptions,
} from './layer.js';
import { bothMasks, setMask } from './mask.js';
import { plainOptions } from './plain-options.js';
import type { RegularizerLike } from './regularizers.js';
import type { Stepper } from './stepper.js';
import { weightOptions } from './weight-options.js';

/** Keras 3's options. `trainable: false` freezes pretrained vectors. */
export interface EmbeddingOptions extends LayerOptions {
  /** Number of rows: the largest index + 1. */
  inputDim: number;
  /** Width of a row. */
  outputDim: number;
  /** Default uniform in [-0.05, 0.05]. */
  embeddingsInitializer?: InitializerLike | undefined;
  embeddingsRegularizer?: RegularizerLike | undefined;
  embeddingsConstraint?: ConstraintLike | undefined;
  /**
   * Whether index 0 is padding, which later layers skip. Default false: only a mask that comes with the indices goes
   * on.
   */
  maskZero?: boolean | undefined;
  /**
   * Share of the rows dropped in training, all occurrences of an index together; the others are scaled by
   * `1 / (1 - dropout)`. Gal and Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural
   * networks", section 4.2. Default 0.
   */
  dropout?: number | undefined;
}

/**
 * Replaces each index by its row of a table. Input: whole numbers `[batch, ...]`; output `[batch, ..., outputDim]`. The
 * table's gradient holds the rows that were read; which optimizers change those alone says their option `lazyRows`.
 *
 * @throws OUT_OF_RANGE for an index that has no row, naming the index and its place.
 */
export class Embedding extends Layer {
  readonly className = 'Embedding';
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
  readonly dropout: number;
  readonly #embeddingsOptions: WeightOptions;
  #embeddings!: Variable;

  readonly #options: EmbeddingOptions;

  constructor(options: EmbeddingOptions) {
    super('Embedding', options, [
      'inputDim',
      'outputDim',
      'embeddingsInitializer',
      'embeddingsRegularizer',
      'embeddingsConstraint',
      'maskZero',
      'dropout',
    ]);
    this.#options = options;
    this.inputDim = options.inputDim;
    this.outputDim = options.outputDim;
    const { maskZero = false, dropout = 0 } = options;
    requireBoolean('Embedding', 'maskZero', maskZero);
    this.maskZero = maskZero;
    requireCount('Embedding', 'inputDim', this.inputDim);
    requireCount('Embedding', 'outputDim', this.outputDim);
    this.dropout = dropout;
    requireRate('Embedding', 'dropout', this.dropout);
    this.#embeddingsOptions = weightOptions('Embedding', 'embeddings', options, 'randomUniform');
  }

  /** The rows `[inputDim, outputDim]`, made where they are not yet; for layers that share them. */
  get table(): Variable {
    this.ensureBuilt(this.givenInputShape ?? [null, null]);
    return this.#embeddings;
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return [...inputShape, this.outputDim];
  }

  override build(): void {
    this.#embeddings = this.addWeight('embeddings', [this.inputDim, this.outputDim], {
      ...this.#embeddingsOptions,
      form: 'table',
    });
  }

  override call(inputs: Tensor | readonly Tensor[], { training = false, mask }: CallOptions = {}): Tensor {
    const input = singleInput(this.name, inputs);
    if (currentBackend().isNoting) return this.#notedRows(input);
    const indices = this.#indicesOf(input.hostNumbers(), input.shape);
    const shape = [...input.shape, this.outputDim];
    const { compressed } = this.#embeddings;
    const rows = compressed
      ? tensor(compressed.rows(indices), shape)
      : gatherTensor(this.#embeddings, shape, this.outputDim, indices);
    const output = training && this.dropout > 0 ? ops.mul(rows, this.#rowMask(indices, input.shape)) : rows;
    const padding = this.maskZero ? Uint8Array.from(indices, (index) => (index === 0 ? 0 : 1)) : undefined;
    setMask(output, bothMasks(padding, mask));
    return output;
  }

  /** Rows are looked up when a step's indices are read. */
  override stepper(batch: number): Stepper {
    const shape = [batch, ...(this.buildShape ?? [null, 1]).slice(1).map((size, i) => (i === 0 ? 1 : size!))];
    const rows = new Variable(
      [...shape, this.outputDim],
      new Float32Array(sizeOf(shape) * this.outputDim),
      `${this.name}/rows`,
      false,
    );
    return {
      states: new Map(),
      own: [rows],
      step: (input) => (currentBackend().isNoting ? this.#notedRows(input) : rows),
      read: (input) => {
        const indices = this.#indicesOf(input, shape);
        if (this.maskZero && indices.includes(0)) {
          throw new RondoError('OUT_OF_RANGE', {
            where: titleOf(this),
            what: 'a step of a stream is padding.',
            expected: 'indices other than 0, which maskZero makes padding',
            received: '0',
            fix: 'leave padding out of the stream.',
          });
        }
        const { compressed } = this.#embeddings;
        if (compressed !== undefined) return rows.assign(compressed.rows(indices));
        const backend = currentBackend();
        backend.gatherRows({
          columns: this.outputDim,
          indices,
          source: this.#embeddings.viewOn(backend),
          target: rows.viewOn(backend),
        });
      },
    };
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...plainOptions(this.#options), ...this.baseConfig(), maskZero: this.maskZero };
  }

  /** Rows by indices that are not known yet; a program checks them when it has them. */
  #notedRows(input: Tensor): Tensor {
    const shape = [...input.shape, this.outputDim];
    return gatherTensor(this.#embeddings, shape, this.outputDim, ops.cast(input, 'int32'));
  }

  /** One draw for each index, at each of its places: `[..., 1]`. */
  #rowMask(indices: Int32Array, shape: Shape): Tensor {
    const random = currentRandom();
    const draws = new Map<number, number>();
    for (const index of indices)
      if (!draws.has(index)) draws.set(index, random.uniform() < this.dropout ? 0 : 1 / (1 - this.dropout));
    return tensor(
      Float32Array.from(indices, (index) => draws.get(index)!),
      [...shape, 1],
    );
  }

  /** The indices on the host, each checked: a kernel would read whatever lies behind the table. */
  #indicesOf(values: ArrayLike<number>, shape: Shape): Int32Array {
    const indices = new Int32Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const index = values[i];
      if (!(index >= 0 && index < this.inputDim && Number.isInteger(index))) throw this.#badIndex(index, i, shape);
      indices[i] = index;
    }
    return indices;
  }

  #badIndex(index: number, place: number, shape: Shape): RondoError {
    return new RondoError('OUT_OF_RANGE', {
      where: titleOf(this),
      what: `index ${index} at ${describeShape(placeOf(place, shape))} has no row in the table.`,
      expected: `whole numbers from 0 to ${this.inputDim - 1}`,
      received: String(index),
      fix:
        Number.isInteger(index) && index >= 0
          ? `make inputDim at least ${index + 1}, or map unknown entries to an index of their own.`
          : 'encode the entries as whole numbers from 0.',
    });
  }
}

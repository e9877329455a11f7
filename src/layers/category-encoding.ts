import { RondoError, requireCount, unknownName } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, placeOf, type Shape } from '../shape.js';
import { emptyTensor, type Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';

const outputModes = ['multiHot', 'oneHot', 'count'] as const;

/** Keras 3's options. */
export interface CategoryEncodingOptions extends LayerOptions {
  /** Number of categories: the largest index + 1. */
  numTokens: number;
  /** Default multiHot. */
  outputMode?: (typeof outputModes)[number] | undefined;
}

/**
 * Categories as numbers, of whole numbers `[batch, ..., time]`: `oneHot` gives each a row with a 1 at its place, `[batch,
 * ..., time, numTokens]`; `multiHot` says which of all there are, and `count` how often, `[batch, ..., numTokens]`, where
 * masked steps do not count. (Keras's `oneHot` makes no new axis where the last has size 1.) It has no derivative.
 *
 * @throws OUT_OF_RANGE for an index that is no category; UNKNOWN_NAME
 */
export class CategoryEncoding extends Layer {
  readonly className = 'CategoryEncoding';
  protected override readonly passesMask: boolean;
  readonly numTokens: number;
  readonly outputMode: (typeof outputModes)[number];

  constructor(options: CategoryEncodingOptions) {
    super('CategoryEncoding', options, ['numTokens', 'outputMode']);
    const { numTokens, outputMode = 'multiHot' } = options;
    requireCount('CategoryEncoding', 'numTokens', numTokens);
    if (!outputModes.includes(outputMode)) throw unknownName('CategoryEncoding', 'outputMode', outputMode, outputModes);
    this.numTokens = numTokens;
    this.outputMode = outputMode;
    this.passesMask = outputMode === 'oneHot';
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return [...(this.outputMode === 'oneHot' ? inputShape : inputShape.slice(0, -1)), this.numTokens];
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions = {}): Tensor {
    const input = singleInput(this.name, inputs);
    const { numTokens, outputMode } = this;
    const shape = this.computeOutputShape(input.shape) as Shape;
    const indices = input.hostNumbers();
    // Taken first: the device says what is too large.
    const output = emptyTensor(shape);
    const numbers = new Float32Array(output.size);
    const perRow = outputMode === 'oneHot' ? 1 : input.shape[input.shape.length - 1];
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i];
      if (!(index >= 0 && index < numTokens && Number.isInteger(index))) throw this.#badIndex(index, i, input.shape);
      const at = Math.floor(i / perRow) * numTokens + index;
      if (outputMode === 'oneHot') numbers[at] = 1;
      else if (mask === undefined || mask[i] !== 0) numbers[at] = outputMode === 'count' ? numbers[at] + 1 : 1;
    }
    const backend = currentBackend();
    backend.write(output.viewOn(backend), numbers);
    return output;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), numTokens: this.numTokens, outputMode: this.outputMode };
  }

  #badIndex(index: number, place: number, shape: Shape): RondoError {
    return new RondoError('OUT_OF_RANGE', {
      where: titleOf(this),
      what: `index ${index} at ${describeShape(placeOf(place, shape))} is no category.`,
      expected: `whole numbers from 0 to ${this.numTokens - 1}`,
      received: String(index),
      fix:
        Number.isInteger(index) && index >= 0
          ? `make numTokens at least ${index + 1}.`
          : 'encode the categories as whole numbers from 0.',
    });
  }
}

import { requireCount } from '../errors.js';
import { gatherTensor } from '../tensor/gather.js';
import type { Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import { type Json, Layer, type LayerOptions, type OpenShape, requireOpenAxes, singleInput } from './layer.js';

export interface RepeatVectorOptions extends LayerOptions {
  /** Number of steps. */
  n: number;
}

/** Makes a sequence of `n` equal steps: `[batch, features]` becomes `[batch, n, features]`. @throws SHAPE_MISMATCH */
export class RepeatVector extends Layer {
  readonly className = 'RepeatVector';
  readonly n: number;

  constructor(options: RepeatVectorOptions) {
    super('RepeatVector', options, ['n']);
    requireCount('RepeatVector', 'n', options.n);
    this.n = options.n;
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireOpenAxes(
      titleOf(this),
      inputShape,
      [
        ['batch', null],
        ['features', null],
      ],
      'give the layer one vector a sample, for example from a recurrent layer without returnSequences.',
    );
    return [inputShape[0], this.n, inputShape[1]];
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const [batch, features] = input.shape;
    const rows = Int32Array.from({ length: batch * this.n }, (_, i) => Math.floor(i / this.n));
    return gatherTensor(input, [batch, this.n, features], features, rows);
  }

  /** None: what comes in has no steps. */
  protected override maskAfter(): undefined {}

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), n: this.n };
  }
}

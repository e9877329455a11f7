import { requireRate } from '../cells/define-cell.js';
import { RondoError } from '../errors.js';
import { describeShape, type Shape } from '../shape.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { dropoutMask } from './dropout-mask.js';
import { titleOf } from './input-axes.js';
import {
  type CallOptions,
  describeOpenShape,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
} from './layer.js';
import type { Stepper } from './stepper.js';

export interface DropoutOptions extends LayerOptions {
  /** Share of the values set to 0 in training, at least 0 and less than 1. */
  rate: number;
  /**
   * Shape of the mask, batch axis included: 1 repeats one draw along an axis, null stands for the axis of the input.
   */
  noiseShape?: readonly (number | null)[] | undefined;
}

/**
 * Sets a random share of the values to 0 in training and scales the others by `1 / (1 - rate)`; otherwise the identity.
 * Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting". Draws follow `setSeed`.
 *
 * @throws OUT_OF_RANGE, SHAPE_MISMATCH
 */
export class Dropout extends Layer {
  readonly className: string = 'Dropout';
  protected override readonly passesMask = true;
  readonly rate: number;
  readonly #givenNoiseShape: readonly (number | null)[] | undefined;

  constructor(options: DropoutOptions, where = 'Dropout', known: readonly string[] = ['rate', 'noiseShape']) {
    super(where, options, known);
    requireRate(where, 'rate', options.rate);
    this.rate = options.rate;
    this.#givenNoiseShape = options.noiseShape;
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[], { training = false }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    if (!training || this.rate === 0) return input;
    return this.drop(input);
  }

  /** What becomes of the input in training. */
  protected drop(input: Tensor): Tensor {
    return ops.mul(input, dropoutMask(this.noiseShape(input.shape), this.rate));
  }

  /** Streams are not training. */
  override stepper(): Stepper {
    return { states: new Map(), step: (input) => input, isIdentity: true };
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), rate: this.rate, noiseShape: this.#givenNoiseShape };
  }

  /** The shape of the mask for an input. */
  protected noiseShape(shape: Shape): Shape {
    const given = this.#givenNoiseShape;
    if (given === undefined) return shape;
    const resolved = given.map((axis, i) => axis ?? shape[i]);
    if (resolved.length === shape.length && resolved.every((axis, i) => axis === 1 || axis === shape[i]))
      return resolved;
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: 'noiseShape does not fit the input.',
      expected: `1, null or the size of the axis for each axis of ${describeShape(shape)}`,
      received: describeOpenShape(given),
      fix: 'correct noiseShape.',
    });
  }
}

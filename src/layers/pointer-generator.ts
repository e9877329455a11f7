import { RondoError } from '../errors.js';
import { add, mul, sub } from '../expression/build.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import { type CallOptions, describeOpenShape, type Json, Layer, type LayerOptions, type OpenShape } from './layer.js';
import { clearMasked } from './mask.js';
import type { Stepper } from './stepper.js';

/** `g generated + (1 - g) copied`. */
const mixture: PointwiseFunction = {
  name: 'generated or copied',
  build: ([generated, copied, gate]) => add(copied, mul(gate, sub(generated, copied))),
};

/**
 * The distribution of a decoder that may copy (See et al. 2017, "Get to the point", eq. 8 and 9): `p = g generated + (1 -
 * g) scores places`. Its inputs are `[generated, scores, places, gate]`: probabilities over a vocabulary `[batch, time,
 * ids]`; what an attention gives each place of the source `[batch, time, source]`; which id stands there, as
 * {@link CategoryEncoding} says with `oneHot`, `[batch, source, ids]`; and the probability of not copying, `[batch, time,
 * 1]`. The output is `[batch, time, ids]`, with the mask of the first input.
 *
 * @throws SHAPE_MISMATCH
 */
export class PointerGenerator extends Layer {
  readonly className = 'PointerGenerator';
  protected override readonly passesMask = true;

  constructor(options: LayerOptions = {}) {
    super('PointerGenerator', options, []);
  }

  override get takesSeveral(): boolean {
    return true;
  }

  override build(): void {}

  /** @param inputShapes of all four inputs, or of the first alone. */
  override computeOutputShape(...inputShapes: OpenShape[]): OpenShape {
    if (inputShapes.length > 1) this.#requireFour(inputShapes);
    return inputShapes[0];
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions = {}): Tensor {
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    this.#requireFour(list.map(({ shape }) => shape));
    const [generated, scores, places, gate] = list;
    return clearMasked(applyPointwise(mixture, [generated, ops.matmul(scores, places), gate]), mask);
  }

  /** Steps of a decoder pass where the source stays. */
  override stepper(batch: number, isFixed: readonly boolean[] = []): Stepper {
    if (isFixed[2] !== true || isFixed[0] === true) return super.stepper(batch);
    return { states: new Map(), step: (...inputs) => this.apply(inputs) };
  }

  override getConfig(): Record<string, Json | undefined> {
    return this.baseConfig();
  }

  #requireFour(inputShapes: readonly OpenShape[]): void {
    const [generated, scores, places, gate] = inputShapes;
    const fit = (a: number | null, b: number | null): boolean => a === b || a === null || b === null;
    const isRight =
      inputShapes.length === 4 &&
      inputShapes.every(({ length }) => length === 3) &&
      [generated, scores, gate].every(([, time]) => fit(time, generated[1])) &&
      fit(scores[2], places[1]) &&
      fit(places[2], generated[2]) &&
      fit(gate[2], 1);
    if (isRight) return;
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: 'the inputs do not go together.',
      expected: '[batch, time, ids], [batch, time, source], [batch, source, ids] and [batch, time, 1]',
      received: inputShapes.map(describeOpenShape).join(', '),
      fix: 'give [generated, scores, places, gate]; scores of one head, and places of oneHot.',
    });
  }
}

import { describeValue, RondoError } from '../errors.js';
import { div, max, mul, rowSum, sqrt } from '../expression/build.js';
import { type Shape, sizeOf } from '../shape.js';
import * as ops from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import { type CallOptions, describeOpenShape, type Json, Layer, type LayerOptions, type OpenShape } from './layer.js';
import { clearMasked, maskOf } from './mask.js';
import type { Stepper } from './stepper.js';

export interface DotOptions extends LayerOptions {
  /** The axis of each input that the products are summed over, or one for both; negative ones count from the end. */
  axes: number | readonly [first: number, second: number];
  /** Whether the vectors along that axis are first divided by their length, for the cosine of their angle. Default false. */
  normalize?: boolean | undefined;
}

/** `x / |x|` along the last axis; of a vector of zeros, zeros. */
const unit: PointwiseFunction = {
  name: 'unit length',
  build: ([x]) => div(x, sqrt(max(rowSum(mul(x, x)), 1e-24))),
  alongRows: true,
};

/**
 * Products of two inputs, summed over an axis of each: `[batch, a, n]` and `[batch, b, n]` with `axes: 2` give `[batch,
 * a, b]`, the scores of an attention. The other axes of the first input come first. Vectors `[batch, n]` give `[batch,
 * 1]`. A mask ends here, and masked steps count as zeros (in Keras, as what padding holds): a softmax of such scores gives
 * masked keys a share all the same.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE
 */
export class Dot extends Layer {
  readonly className = 'Dot';
  readonly axes: number | readonly [first: number, second: number];
  readonly normalize: boolean;

  constructor(options: DotOptions) {
    super('Dot', options, ['axes', 'normalize']);
    const { axes, normalize = false } = options;
    const both: unknown = typeof axes === 'number' ? [axes, axes] : axes;
    if (!Array.isArray(both) || both.length !== 2 || !both.every((axis) => Number.isInteger(axis) && axis !== 0)) {
      throw new RondoError('OUT_OF_RANGE', {
        where: 'Dot',
        what: '`axes` is no axis of each input.',
        expected: 'one whole number, or two, other than the batch axis 0',
        received: JSON.stringify(axes),
        fix: 'write axes: -1 for the features of both.',
      });
    }
    if (typeof normalize !== 'boolean') {
      throw new RondoError('OUT_OF_RANGE', {
        where: 'Dot',
        what: '`normalize` is out of range.',
        expected: 'true or false',
        received: describeValue(normalize),
        fix: 'write normalize: true.',
      });
    }
    this.axes = axes;
    this.normalize = normalize;
  }

  override get takesSeveral(): boolean {
    return true;
  }

  override build(): void {}

  /** @param inputShapes of both inputs; with only the first, the shape of the output is unknown. */
  override computeOutputShape(...inputShapes: OpenShape[]): OpenShape {
    const [first, second] = inputShapes;
    if (inputShapes.length > 2) throw this.#misfit('there are more than two inputs.', inputShapes);
    if (second === undefined) return [first[0], ...first.slice(1).map(() => null)];
    const [a, b] = this.#places(inputShapes);
    if (first[a] !== second[b] && first[a] !== null && second[b] !== null)
      throw this.#misfit('the axes that are summed over differ.', inputShapes);
    const axes = [...first.filter((_, axis) => axis !== a), ...second.filter((_, axis) => axis !== 0 && axis !== b)];
    return axes.length === 1 ? [...axes, 1] : axes;
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    const shapes = list.map(({ shape }) => shape);
    if (list.length !== 2) throw this.#misfit('there are not two inputs.', shapes);
    const shape = this.computeOutputShape(...shapes) as Shape;
    const places = this.#places(shapes);
    const [first, second] = list.map((input, i) => {
      const cleared = clearMasked(input, i === 0 ? mask : maskOf(input));
      return this.#asRows(cleared, places[i]);
    });
    return ops.reshape(ops.matmul(first, second, { transposeB: true }), shape);
  }

  /** Steps of the first input pass where what they are multiplied with stays, and time is not what is summed over. */
  override stepper(batch: number, isFixed: readonly boolean[] = []): Stepper {
    const isSummed = this.buildShape === undefined || this.#placesIn([this.buildShape])[0] === 1;
    if (!isFixed[1] || isFixed[0] || isSummed) return super.stepper(batch);
    return { states: new Map(), step: (...inputs) => this.apply(inputs) };
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), axes: this.axes, normalize: this.normalize };
  }

  /** `[batch, all other axes, axis]`. */
  #asRows(input: Tensor, axis: number): Tensor {
    const others = input.shape.map((_, i) => i).filter((i) => i !== axis);
    const last = axis === input.shape.length - 1 ? input : ops.transpose(input, [...others, axis]);
    const [batch, ...rest] = last.shape;
    const rows = ops.reshape(last, [batch, sizeOf(rest.slice(0, -1)), rest[rest.length - 1]]);
    return this.normalize ? applyPointwise(unit, [rows]) : rows;
  }

  #placesIn(shapes: readonly OpenShape[]): readonly number[] {
    const axes = typeof this.axes === 'number' ? [this.axes, this.axes] : this.axes;
    return shapes.map((shape, i) => (axes[i] < 0 ? shape.length + axes[i] : axes[i]));
  }

  #places(shapes: readonly OpenShape[]): readonly number[] {
    const places = this.#placesIn(shapes);
    if (places.every((axis, i) => axis >= 1 && axis < shapes[i].length)) return places;
    throw this.#misfit('an input has no such axis besides the batch.', shapes);
  }

  #misfit(what: string, shapes: readonly OpenShape[]): RondoError {
    return new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what,
      expected: `two inputs, equally large along axes ${JSON.stringify(this.axes)}`,
      received: shapes.map(describeOpenShape).join(', '),
      fix: 'correct `axes`, or the inputs.',
    });
  }
}

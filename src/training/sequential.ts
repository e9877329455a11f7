import { describeValue, RondoError } from '../errors.js';
import {
  type CallOptions,
  describeOpenShape,
  type Json,
  type Layer,
  Layer as LayerClass,
  type OpenShape,
} from '../layers/layer.js';
import { headOf, type OutputHead } from '../layers/output-head.js';
import { requireInputShape } from '../layers/require-input-shape.js';
import { chainOfSteppers, type Stepper } from '../layers/stepper.js';
import { withRandom } from '../random.js';
import type { Shape } from '../shape.js';
import { Tensor } from '../tensor/tensor.js';
import { settleName } from './layer-names.js';
import { Model, type ModelOptions } from './model.js';
import type { OutputForm } from './model-outputs.js';

export interface SequentialOptions extends ModelOptions {
  /**
   * Shape of one sample, without the batch axis; null for an axis of any size. By default what the first layer says.
   */
  inputShape?: readonly (number | null)[] | undefined;
}

/**
 * Layers one after the other. Where the input shape is known (from `inputShape` of the model or of its first layer),
 * shapes are checked and weights made at once, else when the first data come.
 *
 * Layers without a name are named after their class, `lstm`, `lstm1`, ...; weights have names such as
 * `lstm/cell/kernel`.
 *
 * @example
 * const model = new Sequential([new LSTM({ units: 8, inputShape: [null, 3] }), new Dense({ units: 1 })]);
 * model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
 *
 * @throws SHAPE_MISMATCH naming the layers that do not fit together; USAGE for a layer listed twice
 */
export class Sequential extends Model<Tensor> {
  override readonly className = 'Sequential';
  readonly #chain = new Map<string, Layer>();
  #shape: OpenShape | undefined;
  readonly #ownInputShape: OpenShape | undefined;

  constructor(layers: readonly Layer[] = [], { inputShape, ...options }: SequentialOptions = {}) {
    // Before the options: two layers in place of a list leave the second one there.
    if (!Array.isArray(layers)) throw noLayer('the layers', 'a list of layers', layers);
    super(options);
    this.#ownInputShape = inputShape && [null, ...requireInputShape('Sequential', inputShape)];
    for (const layer of layers as readonly Layer[]) this.#join(layer);
    this.#buildWherePossible();
  }

  /** Adds a layer at the end. @throws as the constructor */
  add(layer: Layer): this {
    this.#join(layer);
    if (this.#shape === undefined) this.#buildWherePossible();
    else this.#buildChain(this.#shape);
    return this;
  }

  get layers(): readonly Layer[] {
    return [...this.#chain.values()];
  }

  override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    return this.#chain;
  }

  override get isBuilt(): boolean {
    return this.#shape !== undefined;
  }

  override get buildShape(): OpenShape | undefined {
    return this.#shape;
  }

  /** @internal */
  override get outputArrangement(): OutputForm | undefined {
    return this.isBuilt ? 'one' : undefined;
  }

  /** @internal */
  override get numOutputs(): number {
    return 1;
  }

  /** @internal */
  override get outputWidths(): readonly (number | null)[] {
    return this.#shape === undefined ? [] : [this.computeOutputShape(this.#shape).at(-1) ?? null];
  }

  override ensureBuilt(inputShape: OpenShape): void {
    if (this.#shape === undefined) this.#buildChain([null, ...inputShape.slice(1)]);
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    let shape = inputShape;
    let before: string | undefined;
    for (const [name, layer] of this.#requireLayers()) {
      shape = this.#shapeAfter(layer, shape, before);
      before = name;
    }
    return shape;
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.callHead(inputs, options).values();
  }

  override callHead(inputs: Tensor | readonly Tensor[], options: CallOptions): OutputHead {
    let value = inputs;
    const layers = this.layers;
    const last = layers.length - 1;
    layers.slice(0, last).forEach((layer, i) => {
      value = requireTensor(layer, layer.apply(value, ownOptions(options, i)));
    });
    return headOfLast(layers[last], value, ownOptions(options, last));
  }

  override stepper(batch: number): Stepper {
    this.#requireLayers();
    const steppers = new Map<string, Stepper>();
    let isFirst = true;
    for (const [name, layer] of this.#chain) {
      const stepper = layer.stepper(batch);
      if (!isFirst && stepper.read !== undefined) {
        throw new RondoError('USAGE', {
          where: `Sequential, layer \`${name}\` (${layer.className})`,
          what: 'the layer cannot be run one time step at a time here.',
          expected: 'indices from the input of the model',
          received: 'indices from another layer',
          fix: 'apply the model to whole sequences.',
        });
      }
      isFirst &&= stepper.isIdentity === true;
      steppers.set(name, stepper);
    }
    return chainOfSteppers(steppers);
  }

  override getConfig(): Record<string, Json | undefined> {
    const layers = this.layers.map((layer) => ({
      className: layer.className,
      config: layer.getConfig() as { [key: string]: Json },
    }));
    const inputShape = (this.#shape ?? this.#ownInputShape)?.slice(1);
    return { ...super.getConfig(), inputShape, layers };
  }

  /** @internal */
  override buildOn([shape]: readonly Shape[]): void {
    this.ensureBuilt([null, ...shape]);
  }

  /** @internal */
  override requireInputShapes(shapes: readonly Shape[], where: string): void {
    if (shapes.length !== 1) {
      throw new RondoError('SHAPE_MISMATCH', {
        where,
        what: 'a Sequential takes one input.',
        expected: 'one array',
        received: `${shapes.length} arrays`,
        fix: 'write a Model with a call method for several inputs.',
      });
    }
    this.computeOutputShape([null, ...shapes[0]]);
  }

  #join(layer: Layer): void {
    if (!(layer instanceof LayerClass)) throw noLayer(`the entry ${this.#chain.size}`, 'a layer', layer);
    if (this.layers.includes(layer)) {
      throw new RondoError('USAGE', {
        where: 'Sequential',
        what: `the layer \`${layer.name}\` is listed twice.`,
        expected: 'every layer once',
        fix: 'make a second layer, or share weights in a Model with a call method.',
      });
    }
    const name = settleName(layer, new Set(this.#chain.keys()), 'Sequential');
    layer.linkLayers((before) => this.#chain.get(before));
    this.#chain.set(name, layer);
  }

  #buildWherePossible(): void {
    const known = this.#ownInputShape ?? this.layers[0]?.givenInputShape;
    if (known !== undefined && this.#chain.size > 0) this.#buildChain(known);
  }

  #buildChain(inputShape: OpenShape): void {
    let shape = inputShape;
    let before: string | undefined;
    this.computeOutputShape(inputShape);
    withRandom(this.random, () => {
      for (const [name, layer] of this.#requireLayers()) {
        layer.ensureBuilt(shape);
        shape = this.#shapeAfter(layer, shape, before);
        before = name;
      }
    });
    this.#shape = inputShape;
    this.noteBuilt([inputShape.slice(1).map((axis) => axis ?? 1)]);
  }

  /** The shape after a layer; a misfit names both layers. */
  #shapeAfter(layer: Layer, shape: OpenShape, before: string | undefined): OpenShape {
    try {
      return layer.computeOutputShape(shape);
    } catch (error) {
      if (!(error instanceof RondoError) || error.code !== 'SHAPE_MISMATCH' || before === undefined) throw error;
      const { expected, fix } = error.facts;
      const lostTime =
        shape.length === 2 ? ` If \`${before}\` is a recurrent layer, give it returnSequences: true.` : '';
      throw new RondoError('SHAPE_MISMATCH', {
        where: `Sequential, layer \`${layer.name}\` (${layer.className})`,
        what: `it cannot take what the layer before it, \`${before}\`, gives.`,
        expected,
        received: `${describeOpenShape(shape)} from \`${before}\``,
        fix: `${fix ?? 'change one of the two layers.'}${lostTime}`,
        cause: error,
      });
    }
  }

  #requireLayers(): ReadonlyMap<string, Layer> {
    if (this.#chain.size > 0) return this.#chain;
    throw new RondoError('USAGE', {
      where: 'Sequential',
      what: 'the model has no layers.',
      expected: 'at least one layer',
      fix: 'give a list of layers, or add them.',
    });
  }
}

function noLayer(which: string, expected: string, received: unknown): RondoError {
  return new RondoError('USAGE', {
    where: 'Sequential',
    what: `${which} of the model is not what it should be.`,
    expected,
    received: describeValue(received),
    fix: 'give new Sequential([new LSTM({ units: 8 }), new Dense({ units: 1 })], { inputShape: [null, 3] }).',
  });
}

/** A mask that is given is that of the first layer's input. */
function ownOptions(options: CallOptions, place: number): CallOptions {
  return place === 0 ? options : { training: options.training };
}

function headOfLast(layer: Layer, value: Tensor | readonly Tensor[], options: CallOptions): OutputHead {
  if (layer.callHead !== undefined) return layer.applyHead(value, options);
  return headOf(requireTensor(layer, layer.apply(value, options)));
}

function requireTensor(layer: Layer, result: unknown): Tensor {
  if (result instanceof Tensor) return result;
  throw new RondoError('USAGE', {
    where: 'Sequential',
    what: `the layer \`${layer.name}\` returns more than one tensor.`,
    expected: 'a layer that returns one tensor',
    fix: "remove returnState, or mergeMode: 'none', or write a Model with a call method.",
  });
}

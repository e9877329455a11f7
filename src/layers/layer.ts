import { RondoError, refuseUnknownOptions, requireBoolean, requireKind, withinMemory } from '../errors.js';
import { currentRandom } from '../random.js';
import { describeAxes, describeShape, type Shape, sizeOf } from '../shape.js';
import type { WeightForm } from '../tensor/compressed-weights.js';
import { Zeros } from '../tensor/own-memory.js';
import { scope, Tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import type { Constraint } from './constraints.js';
import type { WeightRole } from './initializer.js';
import { type InitializerLike, initializerNamed } from './initializers.js';
import { type Mask, maskOf, readsMask, setMask } from './mask.js';
import { headOf, type OutputHead } from './output-head.js';
import type { Regularizer } from './regularizers.js';
import { requireInputShape } from './require-input-shape.js';
import { isRestoring } from './restoring.js';
import { running } from './running.js';
import type { Stepper } from './stepper.js';

/** Plain JSON: what configurations are made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** What can stand for a tensor when a layer is applied: a tensor of a graph, which notes the layer instead. */
export interface Symbolic {
  noteLayer(layer: Layer<unknown>, inputs: unknown, options: CallOptions): unknown;
}

/** What a layer gives in a graph: arranged as what it computes, with tensors of the graph in place of tensors. */
export type InGraph<Output, Edge> = unknown extends Output
  ? unknown
  : Output extends Tensor
    ? Edge
    : { readonly [Key in keyof Output]: InGraph<Output[Key], Edge> };

/** What layers are applied to. */
export type Applicable = Tensor | Symbolic;

/** A shape whose batch axis (and any other unknown axis) is null. */
export type OpenShape = readonly (number | null)[];

/** The shapes of what a layer gives: one, or several arranged as the tensors are. */
export type OutputShapes = OpenShape | readonly OutputShapes[] | { readonly [name: string]: OutputShapes };

/** How a layer is run. */
export interface CallOptions {
  /** Whether dropout and its like are active. Default false. */
  training?: boolean | undefined;
  /** `[batch * time]`, 0 where a step is padding; by default the mask that came with the input. */
  mask?: Mask | undefined;
}

export interface LayerOptions {
  /** Unique within a model; the first part of its weights' names. By default the class's name, numbered. */
  name?: string | undefined;
  /** Whether optimizers change its weights. Default true. */
  trainable?: boolean | undefined;
  /** Shape of one sample, without the batch axis; null for an axis of any size. Builds the layer at once. */
  inputShape?: readonly (number | null)[] | undefined;
}

export interface WeightOptions {
  initializer: InitializerLike;
  regularizer?: Regularizer | undefined;
  constraint?: Constraint | undefined;
  trainable?: boolean | undefined;
  /** What the initializer is told about the weight. */
  role?: WeightRole | undefined;
  /** How its matrix lies, where products and look-ups alone read it, so that it can be compressed. */
  form?: WeightForm | undefined;
  /** Leading axes that are its inputs, all others its outputs; absent where the last two axes are matrices. */
  inputAxes?: number | undefined;
  /** Columns of that matrix that products ask for together: those of one gate. All where absent. */
  segment?: number | undefined;
}

/** A variable of a layer with what training does to it besides the optimizer's step. */
export type LayerWeight = { readonly variable: Variable } & Readonly<
  Pick<WeightOptions, 'regularizer' | 'constraint' | 'form' | 'inputAxes' | 'segment'>
>;

const optionNames: readonly (keyof LayerOptions)[] = ['name', 'trainable', 'inputShape'];
const commonCallOptions: readonly string[] = ['training', 'mask'] satisfies (keyof CallOptions)[];

/**
 * A piece of a model: weights and a function of tensors. Subclasses write `build` (makes the weights once the input
 * shape is known), `call` (computes) and `computeOutputShape`, and list their configuration in `getConfig`.
 *
 * @typeParam Output what `apply` returns.
 */
export abstract class Layer<Output = Tensor> {
  /** The name under which saved models know the class. */
  abstract readonly className: string;
  name: string;
  trainable: boolean;
  /** Shape of one sample as given by the user; undefined where the first input decides. */
  readonly givenInputShape: OpenShape | undefined;
  /** Whether a mask that comes with the input goes on with the output as it is. */
  protected readonly passesMask: boolean = false;
  /** Whether each time step of the output depends on that step of the input alone, by operations on tensors alone. */
  protected readonly isPointwiseInTime: boolean = false;
  /** The names of the options of `apply`; a class whose `call` reads others lists them all. */
  protected readonly callOptions: readonly string[] = commonCallOptions;
  readonly #ownWeights = new Map<string, LayerWeight>();
  #builtFor: OpenShape | undefined;
  #knowsMasks = false;
  /** Whether a mask has come in that the layer neither read nor passed on. */
  losesMask = false;
  /** Whether the name was made up and may be changed by a model to make it unique. */
  readonly hasGivenName: boolean;

  /** @param known the option names of the subclass; others are refused. @throws UNKNOWN_NAME, USAGE */
  constructor(defaultName: string, options: LayerOptions, known: readonly string[]) {
    refuseUnknownOptions(defaultName, options, [...optionNames, ...known]);
    for (const [name, value] of isRestoring() ? [] : Object.entries(options))
      if (name === 'trainable' || (name !== 'name' && ['true', 'false'].includes(value)))
        requireBoolean(defaultName, name, value);
    const { name = defaultName } = options;
    requireKind(typeof name === 'string' && /^[^/]+$/.test(name), name, {
      where: defaultName,
      what: '`name` is no name.',
      fix: 'give a text without `/`.',
    });
    this.hasGivenName = options.name !== undefined;
    this.name = name;
    this.trainable = options.trainable ?? true;
    this.givenInputShape =
      options.inputShape === undefined ? undefined : [null, ...requireInputShape(defaultName, options.inputShape)];
  }

  /**
   * Makes the weights. Runs once, before the first call.
   *
   * @param inputShape with the batch axis, which is null. @param others of the further inputs of a layer that takes
   *   several.
   */
  abstract build(inputShape: OpenShape, ...others: OpenShape[]): void;
  abstract call(inputs: Tensor | readonly Tensor[], options: CallOptions): Output;
  /**
   * The shape of the output; null where an axis is unknown.
   *
   * @param others of the further inputs of a layer that takes several. @throws SHAPE_MISMATCH for an input it cannot
   *   take
   */
  abstract computeOutputShape(inputShape: OpenShape, ...others: OpenShape[]): OpenShape;
  /** A layer that gives several tensors says so: their shapes, in a list or by name as `call` returns them. */
  computeOutputShapes?(inputShape: OpenShape, ...others: OpenShape[]): OutputShapes;
  /** By name: how wide the states are that it may begin with, where they stand behind its inputs in a graph. */
  beginningStates?(): Readonly<Record<string, number>>;
  /** Everything needed to make an equal layer (without weights). */
  abstract getConfig(): Record<string, Json | undefined>;

  /** Layers inside this one, by the name that goes before their weights' names. */
  get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    return new Map();
  }

  /** The same layer with others inside, by the names of `sublayers`: a wrapper has it, so that passes can go into it. */
  withSublayers?(sublayers: ReadonlyMap<string, Layer<unknown>>): Layer<unknown>;

  /**
   * Finds layers that this one, or one inside, refers to by name. Called when it joins a model that lists its layers.
   */
  linkLayers(find: (name: string) => Layer<unknown> | undefined): void {
    for (const sublayer of this.sublayers.values()) sublayer.linkLayers(find);
  }

  get isBuilt(): boolean {
    return this.#builtFor !== undefined;
  }

  /** Makes the weights for an input shape, unless they exist. */
  ensureBuilt(...inputShapes: [OpenShape, ...OpenShape[]]): void {
    if (this.#builtFor !== undefined) return;
    const shapes = inputShapes.map((shape): OpenShape => [null, ...shape.slice(1)]) as typeof inputShapes;
    this.computeOutputShape(...shapes);
    withinMemory(this.name, () => this.build(...shapes));
    this.#builtFor = shapes[0];
  }

  /** The input shape the weights were made for. */
  get buildShape(): OpenShape | undefined {
    return this.#builtFor;
  }

  /** Whether the layer is applied to lists of tensors, each an input of its own. */
  get takesSeveral(): boolean {
    return false;
  }

  /**
   * Runs the layer, building it first where needed. Masks travel with tensors. Applied to symbolic tensors it is noted
   * as a node of a graph, and makes its weights with the model; see {@link Symbolic}.
   */
  apply(inputs: Tensor | readonly Tensor[], options?: CallOptions): Output;
  apply<Edge extends Symbolic, Given>(this: Layer<Given>, inputs: Edge | readonly Edge[]): InGraph<Given, Edge>;
  apply(inputs: Applicable | readonly Applicable[], options: CallOptions = {}): unknown {
    const first = Array.isArray(inputs) ? inputs[0] : inputs;
    if (first?.noteLayer) return first.noteLayer(this, inputs, options);
    return this.runWith(inputs as Tensor, options, (given, all) => this.call(given, all));
  }

  /**
   * The output in every form it can be had in; defined by layers that have more than one, whose `call` gives its values.
   */
  callHead?(inputs: Tensor | readonly Tensor[], options: CallOptions): OutputHead;

  /** As {@link Layer.apply}, with the output in every form it can be had in. Needs an open scope. */
  applyHead(inputs: Tensor | readonly Tensor[], options: CallOptions = {}): OutputHead {
    if (this.callHead === undefined) return headOf(this.apply(inputs, options) as Tensor);
    return this.runWith(inputs, options, (given, all) => this.callHead!(given, all));
  }

  /**
   * The mask of the output where the input has one; undefined where it ends here, or where `call` gives the output its
   * own.
   */
  protected maskAfter(mask: Mask, _input: Tensor): Mask | undefined {
    return this.passesMask ? mask : undefined;
  }

  /** What every way to run the layer goes through. */
  protected runWith<Result>(
    inputs: Tensor | readonly Tensor[],
    options: CallOptions,
    call: (inputs: Tensor | readonly Tensor[], options: CallOptions) => Result,
  ): Result {
    const first = inputs instanceof Tensor ? inputs : inputs?.[0];
    requireKind(first instanceof Tensor, inputs, {
      where: this.name,
      what: 'a layer is applied to tensors.',
      fix: 'give a tensor, or a list of them; make one with tensor(...).',
    });
    refuseUnknownOptions(`${this.className}.apply`, options, this.callOptions);
    return running(this, () =>
      scope(() => {
        const others = inputs instanceof Tensor ? [] : inputs.slice(1);
        this.ensureBuilt(first.shape, ...others.map(({ shape }) => shape));
        const mask = options.mask ?? maskOf(first);
        const output =
          mask === undefined || this.#knowsMasks
            ? call(inputs, { ...options, mask })
            : this.#runWatched(mask, (given) => call(inputs, given), options);
        if (mask !== undefined && output instanceof Tensor) setMask(output, this.maskAfter(mask, first));
        return output;
      }),
    );
  }

  /**
   * The first run with a mask: says once where the mask is neither read nor passed on, so that padding counts from here
   * on.
   */
  #runWatched<Result>(mask: Mask, call: (options: CallOptions) => Result, options: CallOptions): Result {
    let output!: Result;
    const isRead = readsMask(
      mask,
      (watched) =>
        void (output = call(
          Object.defineProperty({ ...options }, 'mask', Object.getOwnPropertyDescriptor(watched, 'mask')!),
        )),
    );
    this.#knowsMasks = true;
    this.losesMask =
      !isRead &&
      !this.passesMask &&
      this.maskAfter === Layer.prototype.maskAfter &&
      !(output instanceof Tensor && maskOf(output) !== undefined);
    if (this.losesMask) {
      console.warn(
        `${this.className} ${this.name}: the mask of its input ends here, so later layers and the loss count ` +
          'padding. ' +
          'Say passesMask = true where steps stay apart, read options.mask in call, or end it with a maskAfter ' +
          'of your own.',
      );
    }
    return output;
  }

  /** Makes and keeps a weight. @param weightName the last part of its name in files. */
  protected addWeight(weightName: string, shape: Shape, options: WeightOptions): Variable {
    const initializer = initializerNamed(options.initializer, `${this.className}.${weightName}`);
    if (valuesLeft === undefined) requireWeightSize(`${this.name}/${weightName}`, shape);
    const values =
      valuesLeft === undefined
        ? initializer.values(shape, currentRandom(), options.role)
        : takeZeros(shape, `${this.name}/${weightName}`);
    const variable = new Variable(shape, values, `${this.name}/${weightName}`, options.trainable ?? true);
    this.#ownWeights.set(weightName, { ...options, variable });
    return variable;
  }

  /** All weights of the layer and of those inside it, by path below the layer's name, in a fixed order. */
  *namedWeights(prefix = this.name): Generator<[path: string, weight: LayerWeight]> {
    for (const [name, weight] of this.#ownWeights) yield [`${prefix}/${name}`, weight];
    for (const [name, sublayer] of this.sublayers) yield* sublayer.namedWeights(`${prefix}/${name}`);
  }

  /** All variables, trainable or not. */
  get weights(): Variable[] {
    return [...this.namedWeights()].map(([, { variable }]) => variable);
  }

  /** The variables that optimizers change; none where the layer is frozen. */
  get trainableWeights(): Variable[] {
    if (!this.trainable) return [];
    const inside = [...this.sublayers.values()].flatMap((sublayer) => sublayer.trainableWeights);
    return [
      ...[...this.#ownWeights.values()].map(({ variable }) => variable).filter(({ trainable }) => trainable),
      ...inside,
    ];
  }

  /**
   * Runs the layer one time step at a time, for `batch` sequences, with a state of its own.
   *
   * @param _isFixed of a layer that takes several: which inputs stay over all steps, and are given whole at each.
   * @throws USAGE where a step of its output depends on other steps in a way that it carries no state for
   */
  stepper(_batch: number, _isFixed?: readonly boolean[]): Stepper {
    if (this.isPointwiseInTime)
      return { states: new Map(), step: (...inputs) => this.apply(inputs.length > 1 ? inputs : inputs[0]) as Tensor };
    throw new RondoError('USAGE', {
      where: `${this.className}${this.name === this.className ? '' : ` ${this.name}`}`,
      what: 'the layer cannot be run one time step at a time.',
      expected: 'recurrent layers that read forwards, and layers that treat every step by itself',
      received: this.className,
      fix: 'apply the model to whole sequences, or leave this layer out of it.',
    });
  }

  /** By name: the states that this layer (not those inside it) carries from one batch to the next; none for most. */
  carriedStates(): ReadonlyMap<string, Tensor> {
    return new Map();
  }

  /** Takes back what {@link Layer.carriedStates} gave, from a checkpoint. */
  setCarriedStates(_states: ReadonlyMap<string, Tensor>): void {}

  /** Forgets carried states, here and in layers inside. */
  resetStates(): void {
    for (const sublayer of this.sublayers.values()) sublayer.resetStates();
  }

  /**
   * Gives the memory of the weights and states back at once, here and in layers inside; none of them can be used
   * afterwards. Dropping a layer does the same a little later, see {@link Variable.dispose}.
   */
  dispose(): void {
    for (const { variable } of this.#ownWeights.values()) variable.dispose();
    for (const sublayer of this.sublayers.values()) sublayer.dispose();
  }

  /** The part of a configuration that every layer has. */
  protected baseConfig(): Record<string, Json | undefined> {
    return { name: this.name, trainable: this.trainable, inputShape: this.givenInputShape?.slice(1) };
  }
}

/** Values of the largest weight: those of float32 in 4 GiB, where WebAssembly memory ends. */
const MOST_VALUES = 2 ** 30;

/** Said before numbers are drawn, which would take minutes; what a file claims is held against its own size. @throws OUT_OF_MEMORY */
function requireWeightSize(where: string, shape: Shape): void {
  if (sizeOf(shape) < MOST_VALUES) return;
  throw new RondoError('OUT_OF_MEMORY', {
    where,
    what: 'the weight is larger than any memory here.',
    expected: `less than ${MOST_VALUES} values`,
    received: `${sizeOf(shape)}, of shape ${describeShape(shape)}`,
    fix: 'use fewer units, or a smaller vocabulary.',
  });
}

/** How many values of weights a file that is being read still has; undefined where weights are drawn. */
let valuesLeft: number | undefined;

/**
 * Runs work in which layers start with zeros instead of drawn weights, because theirs are about to be read from a file.
 *
 * @param numValues how many values the file has for them: a description that asks for more is refused before memory is
 * taken.
 */
export function withoutInitialWeights<T>(numValues: number, work: () => T): T {
  const before = valuesLeft;
  valuesLeft = numValues;
  try {
    return work();
  } finally {
    valuesLeft = before;
  }
}

function takeZeros(shape: Shape, name: string): Zeros {
  const size = sizeOf(shape);
  if (!(size <= valuesLeft!)) {
    throw new RondoError('OUT_OF_RANGE', {
      where: name,
      what: 'the description asks for more weights than the file holds.',
      expected: `at most ${valuesLeft} values`,
      received: `${size} values, ${describeShape(shape)}`,
      fix: 'use an intact copy of the file.',
    });
  }
  valuesLeft! -= size;
  return new Zeros(size);
}

/** The one tensor of inputs that may be several. @throws SHAPE_MISMATCH when there are several. */
export function singleInput(where: string, inputs: Tensor | readonly Tensor[]): Tensor {
  if (inputs instanceof Tensor) return inputs;
  if (inputs.length === 1) return inputs[0];
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'the layer takes one tensor.',
    expected: 'one tensor',
    received: `${inputs.length} tensors`,
    fix: 'concatenate them, or call the layer once for each.',
  });
}

/** Checks an open shape against named axes (null = any size). @throws SHAPE_MISMATCH */
export function requireOpenAxes(
  where: string,
  shape: OpenShape,
  axes: readonly (readonly [name: string, size: number | null])[],
  fix: string,
): void {
  const fits =
    shape.length === axes.length &&
    axes.every(([, size], i) => size === null || shape[i] === null || shape[i] === size);
  if (fits) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'the input has the wrong shape.',
    expected: describeAxes(axes),
    received: describeOpenShape(shape),
    fix,
  });
}

/** The size of an axis that a layer must know to make its weights. @throws SHAPE_MISMATCH when it is unknown. */
export function knownAxis(where: string, shape: OpenShape, axis: number, name: string): number {
  const size = shape.at(axis);
  if (typeof size === 'number') return size;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: `the axis \`${name}\` has no known size.`,
    expected: `a number of ${name}`,
    received: describeOpenShape(shape),
    fix: `give the layer an inputShape whose ${name} axis is a number.`,
  });
}

export function describeOpenShape(shape: OpenShape): string {
  return shape.some((axis) => axis === null)
    ? `[${shape.map((axis) => axis ?? 'any').join(', ')}]`
    : describeShape(shape as Shape);
}

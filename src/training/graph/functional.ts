import { RondoError, refuseUnknownOptions } from '../../errors.js';
import type { CallOptions, Json, Layer, OpenShape, OutputShapes } from '../../layers/layer.js';
import { headOf, type OutputHead } from '../../layers/output-head.js';
import { isShape, leavesByPath } from '../../layers/result-leaves.js';
import { type GraphNode, outputShapesOf, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { withRandom } from '../../random.js';
import type { Shape } from '../../shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { settleName } from '../layer-names.js';
import { Model, type ModelOptions } from '../model.js';
import { arranged, type ModelOutput, type Outputs as ModelOutputs, type OutputForm } from '../model-outputs.js';
import { begunInside } from './begun-inside.js';
import { configOfGraph } from './graph-config.js';
import { type GraphStepper, stepperOfGraph } from './graph-stepper.js';
import { type GraphStream, type GraphStreamOptions, streamOfGraph } from './graph-stream.js';
import { summaryOfGraph } from './graph-summary.js';
import type { ModelGraph } from './model-graph.js';
import { namesOf } from './node-names.js';
import { orderedNodes } from './ordered-nodes.js';
import { callOf, runNode } from './run-node.js';
import {
  arrangementOf,
  requireInputs,
  type SymbolicArrangement,
  type SymbolicTensors,
} from './symbolic-arrangement.js';

/** What a model computes whose outputs are such symbolic tensors. */
export type Computed<Outputs extends SymbolicTensors> = Outputs extends SymbolicTensor
  ? Tensor
  : Outputs extends readonly SymbolicTensor[]
    ? readonly Tensor[]
    : Readonly<Record<Extract<keyof Outputs, string>, Tensor>>;

export interface FunctionalOptions<Outputs extends SymbolicTensors = SymbolicTensors> extends ModelOptions {
  /** What `input` made: one, a list, or an object whose keys name them in data. */
  inputs: SymbolicTensors;
  /** What layers gave: one, a list, or an object whose keys name them in targets, losses and results. */
  outputs: Outputs;
}

/**
 * A model as a graph: layers that were applied to symbolic tensors, from inputs to outputs. As in Keras's functional
 * API, whose files call such a model `Functional` too. Weights are made at once; a layer that was applied twice has one
 * set of them. A mask belongs to the tensor it travels with, so each layer gets that of what it reads. Inputs may be
 * tensors inside of another graph: the model then begins there, with new inputs of their shapes and the same layers.
 *
 * @example
 * const text = input({ shape: [null, 7] });
 * const code = new LSTM({ units: 8 }).apply(text);
 * const model = new Functional({
 *   inputs: { text },
 *   outputs: { value: new Dense({ units: 1 }).apply(code), kind: new Dense({ units: 3 }).apply(code) },
 * });
 *
 * @throws SHAPE_MISMATCH naming the layer that does not fit; USAGE for inputs that are missing, or lead nowhere
 */
export class Functional<Outputs extends SymbolicTensors = SymbolicTensors> extends Model<Computed<Outputs>> {
  override readonly className = 'Functional';
  override readonly inputNames: readonly string[];
  /** Defined where the outputs are one tensor. */
  declare readonly callHead?: NonNullable<Layer['callHead']>;
  /** The applications of layers, each after those it reads. */
  readonly nodes: readonly GraphNode[];
  readonly #inputs: SymbolicArrangement;
  readonly #outputs: SymbolicArrangement;
  /** Nodes of outputs that nothing else reads, of layers that have more than one form of output. */
  readonly #ends: ReadonlySet<GraphNode>;
  readonly #layers = new Map<string, Layer<unknown>>();
  readonly #nameOf = new Map<Layer<unknown>, string>();
  /** For inputs as they were stated. */
  readonly #shapeOf: ReadonlyMap<SymbolicTensor, OpenShape>;

  constructor(given: FunctionalOptions<Outputs>) {
    const where = 'Functional';
    if (Object(given) !== given) refuseUnknownOptions(where, given, ['inputs', 'outputs', 'name', 'trainable']);
    const { inputs, outputs, ...options } = given;
    super(options);
    refuseUnknownOptions(where, options, ['name', 'trainable']);
    const [start, end] = [arrangementOf(inputs, where, 'inputs'), arrangementOf(outputs, where, 'outputs')];
    requireInputs(start.tensors, where);
    const begun = begunInside(keyed(start), end.tensors, where);
    this.#inputs = { ...start, tensors: begun.inputs };
    this.#outputs = { ...end, tensors: begun.outputs };
    if (end.form === 'one') this.callHead = (given, call) => this.#heads(given, call)[0];
    this.nodes = orderedNodes(keyed(this.#inputs), begun.outputs, where);
    const read = new Set(this.nodes.flatMap((node) => node.inputs.map((edge) => edge.node)));
    this.#ends = new Set(
      this.#outputs.tensors.map(({ node }) => node).filter((node) => node.layer.callHead && !read.has(node)),
    );
    for (const { layer } of this.nodes) this.#join(layer);
    const { form, tensors } = this.#inputs;
    this.inputNames = typeof form === 'string' ? tensors.map(({ node }) => this.#nameOf.get(node.layer)!) : form;
    this.#shapeOf = this.#build();
  }

  /** The layers by name, in the order in which they run first. */
  get layers(): readonly Layer<unknown>[] {
    return [...this.#layers.values()];
  }

  override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    return this.#layers;
  }

  override get takesSeveral(): boolean {
    return this.#inputs.tensors.length > 1;
  }

  override get isBuilt(): boolean {
    return this.layers.every((layer) => layer.isBuilt);
  }

  override get buildShape(): OpenShape {
    return this.#inputs.tensors[0].shape;
  }

  /** @internal */
  override get outputArrangement(): OutputForm | undefined {
    return this.isBuilt ? this.#outputs.form : undefined;
  }

  /** @internal */
  override get numOutputs(): number {
    return this.#outputs.tensors.length;
  }

  /** @internal */
  override get outputWidths(): readonly (number | null)[] {
    return this.#outputs.tensors.map(({ shape }) => shape.at(-1) ?? null);
  }

  override ensureBuilt(): void {}

  /** @throws USAGE where the model has several outputs; SHAPE_MISMATCH */
  override computeOutputShape(...inputShapes: OpenShape[]): OpenShape {
    const shapes = this.computeOutputShapes(...inputShapes);
    if (isShape(shapes)) return shapes;
    throw new RondoError('USAGE', {
      where: `${this.className} ${this.name}`,
      what: 'a model with several outputs, or named ones, has no single shape of its output.',
      expected: 'one symbolic tensor as `outputs`',
      fix: 'apply the model in a graph: new Functional({ inputs, outputs }).',
    });
  }

  /** Arranged as the outputs are. @throws SHAPE_MISMATCH */
  override computeOutputShapes(...inputShapes: OpenShape[]): OutputShapes {
    this.#requireCount(inputShapes.length, `${this.className} ${this.name}`);
    const shapes = this.#shapes(inputShapes);
    return arranged(
      this.#outputs.tensors.map((tensor) => shapes.get(tensor)!),
      this.#outputs.form,
    );
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Computed<Outputs> {
    const values = this.#heads(inputs, options).map((head) => head.values());
    return arranged(values, this.#outputs.form) as Computed<Outputs>;
  }

  /** @internal */
  protected override outputsOf(inputs: Tensor | readonly Tensor[], options: CallOptions): ModelOutputs {
    const heads = this.runWith(inputs, options, (given, all) => this.#heads(given, all));
    return { heads, form: this.#outputs.form };
  }

  /**
   * Each node one time step at a time, with states of its own.
   *
   * @param isFixed by input: whether it stays over all steps. @throws USAGE naming a layer that cannot be run so
   */
  override stepper(batch: number, isFixed: readonly boolean[] = []): GraphStepper {
    const names = namesOf(this.graph).nodes;
    const nodes = new Map([...names].map(([node, name]) => [name, node]));
    const [inputs, outputs] = [this.#inputs.tensors, this.#outputs.tensors];
    return stepperOfGraph({ nodes, inputs, outputs, isFixed, where: `${this.className} ${this.name}` }, batch);
  }

  /** As {@link Model.stream}, also with several inputs, by name, some of which stay over all steps, and outputs. */
  override stream<Given extends ModelOutput>(this: Model<Given>, options: GraphStreamOptions = {}): GraphStream<Given> {
    const graph = this as Model as Functional;
    return streamOfGraph(this, (batch, isFixed) => graph.stepper(batch, isFixed), options);
  }

  /** What files, tables, drawings and passes read. */
  get graph(): ModelGraph {
    return {
      nodes: this.nodes,
      layers: this.#layers,
      inputs: this.#inputs,
      outputs: this.#outputs,
      shapeOf: this.#shapeOf,
    };
  }

  /** Graph and layers as plain data, see {@link configOfGraph}. */
  override getConfig(): Record<string, Json | undefined> {
    return {
      ...super.getConfig(),
      ...configOfGraph(this.graph),
    };
  }

  /** A table of nodes with what each reads, output shapes and numbers of parameters. */
  override summary(): string {
    return summaryOfGraph(this, this.graph);
  }

  /** @internal */
  override buildOn(shapes: readonly Shape[], rows: () => readonly Tensor[]): void {
    if (!this.isBuilt) super.buildOn(shapes, rows);
  }

  /** @internal */
  override requireInputShapes(shapes: readonly Shape[], where: string): void {
    this.#requireCount(shapes.length, where);
    this.#shapes(shapes.map((shape) => [null, ...shape]));
  }

  #requireCount(count: number, where: string): void {
    if (count === this.#inputs.tensors.length) return;
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: 'the model takes another number of inputs.',
      expected: `${this.#inputs.tensors.length}: ${this.inputNames.join(', ')}`,
      received: String(count),
      fix: 'give one array for every input.',
    });
  }

  #join(layer: Layer<unknown>): void {
    if (this.#nameOf.has(layer)) return;
    const name = settleName(layer, this.#layers, 'Functional');
    layer.linkLayers((before) => this.#layers.get(before));
    this.#layers.set(name, layer);
    this.#nameOf.set(layer, name);
  }

  /** Weights, in the order of nodes; then all shapes again, which layers with weights know more of. */
  #build(): ReadonlyMap<SymbolicTensor, OpenShape> {
    withRandom(this.random, () => {
      for (const { layer, inputs } of this.nodes)
        layer.ensureBuilt(inputs[0]?.shape ?? layer.givenInputShape!, ...inputs.slice(1).map(({ shape }) => shape));
    });
    const shapes = this.#shapes(this.#inputs.tensors.map(({ shape }) => shape));
    this.noteBuilt(this.#inputs.tensors.map(({ shape }) => shape.slice(1).map((axis) => axis ?? 1)));
    return shapes;
  }

  /** The shapes of all tensors for those of the inputs. @throws SHAPE_MISMATCH naming the layer */
  #shapes(inputShapes: readonly OpenShape[]): ReadonlyMap<SymbolicTensor, OpenShape> {
    const shapes = new Map<SymbolicTensor, OpenShape>();
    this.#inputs.tensors.forEach((tensor, i) => {
      shapes.set(tensor, tensor.node.layer.computeOutputShape(inputShapes[i]));
    });
    const nameOf = (layer: Layer<unknown>): string => this.#nameOf.get(layer)!;
    for (const node of this.nodes) {
      if (node.inputs.length === 0) continue;
      const given = node.inputs.map((edge) => shapes.get(edge)!);
      for (const [path, shape] of leavesByPath(outputShapesOf(node, given, nameOf), isShape))
        shapes.set(node.outputs.get(path)!, shape);
    }
    return shapes;
  }

  /** The outputs. What no other node reads is computed when it is asked for. */
  #heads(inputs: Tensor | readonly Tensor[], options: CallOptions): OutputHead[] {
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    this.#requireCount(list.length, `${this.className} ${this.name}`);
    const values = new Map<SymbolicTensor, Tensor>();
    const heads = new Map<GraphNode, OutputHead>();
    const { training } = options;
    this.#inputs.tensors.forEach((tensor, i) => {
      // A mask that is given is that of the first input.
      const own = i === 0 ? options : { training };
      values.set(tensor, tensor.node.layer.apply(list[i], own) as Tensor);
    });
    for (const node of this.nodes) {
      if (node.inputs.length === 0) continue;
      if (this.#ends.has(node)) {
        const { inputs: received, options: own } = callOf(node, values, training);
        heads.set(node, node.layer.applyHead(received, own));
      } else for (const [tensor, value] of runNode(node, values, training)) values.set(tensor, value);
    }
    return this.#outputs.tensors.map((tensor) => heads.get(tensor.node) ?? headOf(values.get(tensor)!));
  }
}

/** Tensors with the names that messages call them. */
function keyed({ tensors, form }: SymbolicArrangement): readonly (readonly [name: string, tensor: SymbolicTensor])[] {
  return tensors.map((tensor, i) => [typeof form === 'string' ? tensor.node.layer.name : form[i], tensor]);
}

import { RondoError, refuseUnknownOptions } from '../../errors.js';
import { sendStates } from '../../layers/final-state.js';
import type { CallOptions, Json, Layer, OpenShape } from '../../layers/layer.js';
import { headOf, type OutputHead } from '../../layers/output-head.js';
import { type OutputAndState, RecurrentLayer } from '../../layers/recurrent-layer.js';
import type { Stepper } from '../../layers/stepper.js';
import { withStatesApart } from '../../layers/symbolic-states.js';
import { type GraphNode, outputShapeOf, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { withRandom } from '../../random.js';
import type { Shape } from '../../shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { settleName } from '../layer-names.js';
import { Model, type ModelOptions } from '../model.js';
import { arranged, type Outputs as ModelOutputs, type OutputForm } from '../model-outputs.js';
import { configOfGraph } from './graph-config.js';
import { stepperOfGraph } from './graph-stepper.js';
import { summaryOfGraph } from './graph-summary.js';
import { nodeNames } from './node-names.js';
import { orderedNodes } from './ordered-nodes.js';
import { withOwnMask } from './own-mask.js';
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
 * set of them. A mask belongs to the tensor it travels with, so each layer gets that of what it reads.
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
  /** The applications of layers, each after those it reads. */
  readonly nodes: readonly GraphNode[];
  readonly #inputs: SymbolicArrangement;
  readonly #outputs: SymbolicArrangement;
  /** Nodes of outputs that nothing else reads, of layers that have more than one form of output. */
  readonly #ends: ReadonlySet<GraphNode>;
  readonly #layers = new Map<string, Layer<unknown>>();
  readonly #nameOf = new Map<Layer<unknown>, string>();
  /** For inputs as they were stated. */
  readonly #shapeOf: ReadonlyMap<GraphNode, OpenShape>;

  constructor(given: FunctionalOptions<Outputs>) {
    const where = 'Functional';
    if (Object(given) !== given) refuseUnknownOptions(where, given, ['inputs', 'outputs', 'name', 'trainable']);
    const { inputs, outputs, ...options } = given;
    super(options);
    refuseUnknownOptions(where, options, ['name', 'trainable']);
    this.#inputs = arrangementOf(inputs, where, 'inputs');
    this.#outputs = arrangementOf(outputs, where, 'outputs');
    requireInputs(this.#inputs.tensors, where);
    const { form, tensors } = this.#inputs;
    const keyed = tensors.map((tensor, i): [string, SymbolicTensor] => [
      typeof form === 'string' ? tensor.node.layer.name : form[i],
      tensor,
    ]);
    this.nodes = orderedNodes(keyed, this.#outputs.tensors, where);
    const read = new Set(this.nodes.flatMap((node) => node.inputs.map((edge) => edge.node)));
    this.#ends = new Set(
      this.#outputs.tensors.map(({ node }) => node).filter((node) => node.layer.callHead && !read.has(node)),
    );
    for (const { layer } of this.nodes) this.#join(layer);
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

  override get outputArrangement(): OutputForm | undefined {
    return this.isBuilt ? this.#outputs.form : undefined;
  }

  override get numOutputs(): number {
    return this.#outputs.tensors.length;
  }

  override get outputWidths(): readonly (number | null)[] {
    return this.#outputs.tensors.map(({ shape }) => shape.at(-1) ?? null);
  }

  override ensureBuilt(): void {}

  /** @throws USAGE where the model has several outputs; SHAPE_MISMATCH */
  override computeOutputShape(...inputShapes: OpenShape[]): OpenShape {
    this.#requireCount(inputShapes.length, `${this.className} ${this.name}`);
    const shapes = this.#shapes(inputShapes);
    if (this.#outputs.form === 'one') return shapes.get(this.#outputs.tensors[0].node)!;
    throw new RondoError('USAGE', {
      where: `${this.className} ${this.name}`,
      what: 'a model with several outputs, or named ones, is no layer of another graph.',
      expected: 'one symbolic tensor as `outputs`',
      fix: 'apply its layers instead, or make models of one output.',
    });
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Computed<Outputs> {
    const values = this.#heads(inputs, options).map((head) => head.values());
    return arranged(values, this.#outputs.form) as Computed<Outputs>;
  }

  protected override outputsOf(inputs: Tensor | readonly Tensor[], options: CallOptions): ModelOutputs {
    const heads = this.runWith(inputs, options, (given, all) => this.#heads(given, all));
    return { heads, form: this.#outputs.form };
  }

  /** @throws USAGE for several inputs or outputs, and naming a layer that cannot be run so */
  override stepper(batch: number): Stepper {
    const where = `${this.className} ${this.name}`;
    if (this.#inputs.tensors.length > 1 || this.#outputs.form !== 'one') {
      throw new RondoError('USAGE', {
        where,
        what: 'the model cannot be run one time step at a time.',
        expected: 'one input, and one symbolic tensor as `outputs`',
        received: `inputs ${this.inputNames.join(', ')}, ${this.numOutputs} outputs`,
        fix: 'make a Functional of one input and one output; it may have the same layers.',
      });
    }
    const names = nodeNames(this.nodes, this.#nameOf);
    const nodes = new Map(this.nodes.map((node) => [names.get(node)!, node]));
    return stepperOfGraph({ nodes, output: this.#outputs.tensors[0].node, where }, batch);
  }

  /** Graph and layers as plain data, see {@link configOfGraph}. */
  override getConfig(): Record<string, Json | undefined> {
    return {
      ...super.getConfig(),
      ...configOfGraph({
        nodes: this.nodes,
        layers: this.#layers,
        inputs: this.#inputs,
        outputs: this.#outputs,
      }),
    };
  }

  /** A table of nodes with what each reads, output shapes and numbers of parameters. */
  override summary(): string {
    return summaryOfGraph(this, this.nodes, this.#shapeOf, this.#nameOf);
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
    const name = settleName(layer, new Set(this.#layers.keys()), 'Functional');
    layer.linkLayers((before) => this.#layers.get(before));
    this.#layers.set(name, layer);
    this.#nameOf.set(layer, name);
  }

  /** Weights, in the order of nodes; then all shapes again, which layers with weights know more of. */
  #build(): ReadonlyMap<GraphNode, OpenShape> {
    withRandom(this.random, () => {
      for (const { layer, inputs } of this.nodes)
        layer.ensureBuilt(inputs.length === 0 ? layer.givenInputShape! : inputs[0].shape);
    });
    const shapes = this.#shapes(this.#inputs.tensors.map(({ shape }) => shape));
    this.noteBuilt(this.#inputs.tensors.map(({ shape }) => shape.slice(1).map((axis) => axis ?? 1)));
    return shapes;
  }

  /** The shapes that nodes give for those of the inputs. @throws SHAPE_MISMATCH naming the layer */
  #shapes(inputShapes: readonly OpenShape[]): Map<GraphNode, OpenShape> {
    const shapes = new Map<GraphNode, OpenShape>();
    this.#inputs.tensors.forEach(({ node }, i) => {
      shapes.set(node, node.layer.computeOutputShape(inputShapes[i]));
    });
    const nameOf = (layer: Layer<unknown>): string => this.#nameOf.get(layer)!;
    for (const node of this.nodes) {
      const given = node.inputs.map((edge) => shapes.get(edge.node)!);
      if (!shapes.has(node)) shapes.set(node, outputShapeOf(node, given, nameOf));
    }
    return shapes;
  }

  /** The outputs. What no other node reads is computed when it is asked for. */
  #heads(inputs: Tensor | readonly Tensor[], options: CallOptions): OutputHead[] {
    const list = inputs instanceof Tensor ? [inputs] : inputs;
    this.#requireCount(list.length, `${this.className} ${this.name}`);
    const values = new Map<GraphNode, Tensor>();
    const heads = new Map<GraphNode, OutputHead>();
    const { training } = options;
    this.#inputs.tensors.forEach(({ node }, i) => {
      // A mask that is given is that of the first input.
      const own = i === 0 ? options : { training };
      values.set(node, this.#requireTensor(node, node.layer.apply(list[i], own)));
    });
    for (const node of this.nodes) {
      if (values.has(node)) continue;
      const received = given(node, values);
      if (this.#ends.has(node)) heads.set(node, headOfEnd(node.layer, received, { training }));
      else
        values.set(
          node,
          withOwnMask(received, () => this.#requireTensor(node, applied(node.layer, received, { training }))),
        );
    }
    return this.#outputs.tensors.map(({ node }) => heads.get(node) ?? headOf(values.get(node)!));
  }

  #requireTensor({ layer }: GraphNode, result: unknown): Tensor {
    if (result instanceof Tensor) return result;
    throw new RondoError('USAGE', {
      where: `${this.className} ${this.name}`,
      what: `the layer \`${this.#nameOf.get(layer)}\` returns more than one tensor.`,
      expected: 'a layer that returns one tensor',
      fix: "remove returnState, or mergeMode: 'none', or write a Model with a call method.",
    });
  }
}

/** A layer applied to what its node reads; the states that it returns go along with its output. */
function applied(layer: Layer<unknown>, received: Tensor | readonly Tensor[], options: CallOptions): unknown {
  const { inputs, ...states } = withStatesApart(layer, received);
  const result = layer.apply(inputs, { ...options, ...states } as CallOptions);
  if (!(layer instanceof RecurrentLayer) || result instanceof Tensor) return result;
  const { output, states: final } = result as OutputAndState;
  sendStates(output, final);
  return output;
}

function headOfEnd(layer: Layer<unknown>, received: Tensor | readonly Tensor[], options: CallOptions): OutputHead {
  const { inputs, ...states } = withStatesApart(layer, received);
  return layer.applyHead(inputs, { ...options, ...states } as CallOptions);
}

/** What a node is applied to. */
function given({ inputs }: GraphNode, values: ReadonlyMap<GraphNode, Tensor>): Tensor | readonly Tensor[] {
  const list = inputs.map(({ node }) => values.get(node)!);
  return list.length === 1 ? list[0] : list;
}

import { describeValue, RondoError } from '../errors.js';
import { titleOf } from './input-axes.js';
import { InputLayer, type InputOptions } from './input-layer.js';
import {
  type CallOptions,
  describeOpenShape,
  type Layer,
  type OpenShape,
  type OutputShapes,
  type Symbolic,
} from './layer.js';
import type { StatesOf } from './recurrent-layer.js';
import { isShape, mapLeaves } from './result-leaves.js';
import { outputShapes, requireStateShapes, withInitialStates } from './symbolic-states.js';

/** One application of a layer: a layer that is applied twice, with the same weights, has two. */
export interface GraphNode {
  readonly layer: Layer<unknown>;
  /** The edges that come in; the initial states of a recurrent layer stand behind its input, as in Keras. */
  readonly inputs: readonly SymbolicTensor[];
  /** What it gives, by path: '' for one tensor alone, else the place of each in what the layer returns. */
  readonly outputs: ReadonlyMap<string, SymbolicTensor>;
}

/** The states of a recurrent layer in a graph: one entry a cell, from the bottom, by name. */
export type SymbolicStates = StatesOf<SymbolicTensor>;

/** What a layer may be noted with. */
interface NoteOptions extends CallOptions {
  initialState?: unknown;
}

/**
 * A tensor of a model that is yet to be made: its shape without numbers, and the node of the graph that gives it. Made
 * by {@link input}, and by applying layers to others: what a layer returns several tensors in, a list or an object, it
 * gives several symbolic ones in.
 */
export class SymbolicTensor implements Symbolic {
  /** With the batch axis; null where an axis is of any size. */
  readonly shape: OpenShape;
  /** What gives it. */
  readonly node: GraphNode;

  /** Use {@link input}. */
  constructor(...made: never);
  /** @internal */
  constructor(shape: OpenShape, node: GraphNode);
  constructor(shape: OpenShape, node: GraphNode) {
    this.shape = shape;
    this.node = node;
  }

  /** What `layer.apply` does with symbolic tensors: notes the layer. @throws SHAPE_MISMATCH, UNKNOWN_NAME, USAGE */
  noteLayer(layer: Layer<unknown>, given: unknown, options: NoteOptions): unknown {
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    const { initialState, ...others } = options;
    const [unsaid] = Object.keys(others);
    if (unsaid !== undefined) {
      throw new RondoError('USAGE', {
        where: `${titleOf(layer)}.apply`,
        what: `an edge of a graph has no option \`${unsaid}\`.`,
        expected: 'symbolic tensors, and the initialState of a recurrent layer',
        received: `{ ${Object.keys(options).join(', ')} }`,
        fix: 'leave the option out; masks go along with the numbers.',
      });
    }
    if (!list.every(isSymbolic)) throw mixedInputs(layer, list);
    return noted(layer, initialState === undefined ? list : withInitialStates(layer, list, initialState, isSymbolic));
  }
}

/** Notes a layer on edges: what it gives, arranged as it returns it. @throws SHAPE_MISMATCH */
export function noted(layer: Layer<unknown>, inputs: readonly SymbolicTensor[]): unknown {
  const outputs = new Map<string, SymbolicTensor>();
  const node: GraphNode = { layer, inputs, outputs };
  const shapes = outputShapesOf(
    node,
    inputs.map(({ shape }) => shape),
  );
  return mapLeaves(shapes, isShape, (shape, path) => {
    const tensor = new SymbolicTensor(shape, node);
    outputs.set(path, tensor);
    return tensor;
  });
}

export function isSymbolic(value: unknown): value is SymbolicTensor {
  return value instanceof SymbolicTensor;
}

/**
 * An input of a model graph.
 *
 * @example
 * const text = input({ shape: [null, 7] });
 * const model = new Functional({ inputs: text, outputs: new LSTM({ units: 8 }).apply(text) });
 *
 * @param options the shape of one sample, without the batch axis; null for an axis of any size. The name is that of the
 *   input where the model takes several by name. @throws OUT_OF_RANGE
 */
export function input(options: InputOptions): SymbolicTensor {
  if (!Array.isArray(options?.shape))
    throw new RondoError('USAGE', {
      where: 'input',
      what: 'the shape of a sample is missing.',
      received: describeValue(options),
      fix: 'write input({ shape: [null, 7] }), without the batch axis.',
    });
  return inputOf(new InputLayer(options));
}

/** What an input layer gives in a graph. */
export function inputOf(layer: InputLayer): SymbolicTensor {
  const outputs = new Map<string, SymbolicTensor>();
  const tensor = new SymbolicTensor(layer.givenInputShape!, { layer, inputs: [], outputs });
  outputs.set('', tensor);
  return tensor;
}

/**
 * The shapes that a node gives for those of its inputs, arranged as what its layer returns.
 *
 * @param nameOf what messages call a layer. @throws SHAPE_MISMATCH naming the layer and what it receives from which
 */
export function outputShapesOf(
  { layer, inputs }: GraphNode,
  shapes: readonly OpenShape[],
  nameOf: (layer: Layer<unknown>) => string = ({ name }) => name,
): OutputShapes {
  const where = `the layer \`${nameOf(layer)}\` (${layer.className})`;
  const received = inputs
    .map(({ node }, i) => `${describeOpenShape(shapes[i])} from \`${nameOf(node.layer)}\``)
    .join(', ');
  const hasStates = shapes.length > 1 && !layer.takesSeveral && requireStateShapes(layer, shapes);
  if (shapes.length !== 1 && !layer.takesSeveral && !hasStates) {
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: 'the layer takes one tensor.',
      expected: 'one tensor',
      received: received === '' ? 'none' : received,
      fix: 'merge them first, with Concatenate or Add; a class of your own that takes several says takesSeveral.',
    });
  }
  try {
    return outputShapes(layer, hasStates ? shapes.slice(0, 1) : shapes);
  } catch (error) {
    if (!(error instanceof RondoError) || error.code !== 'SHAPE_MISMATCH') throw error;
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: error.facts.what,
      expected: error.facts.expected,
      received,
      fix: error.facts.fix,
      cause: error,
    });
  }
}

function mixedInputs(layer: Layer<unknown>, inputs: readonly unknown[]): RondoError {
  const at = inputs.findIndex((one) => !isSymbolic(one));
  return new RondoError('USAGE', {
    where: `${titleOf(layer)}.apply`,
    what: 'only some of the inputs are symbolic.',
    expected: 'tensors, or symbolic tensors',
    received: `input ${at}: ${describeValue(inputs[at])}`,
    fix: 'make every input of the graph with input({ shape }).',
  });
}

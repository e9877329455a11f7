import { describeValue, RondoError } from '../errors.js';
import { titleOf } from './input-axes.js';
import { InputLayer, type InputOptions } from './input-layer.js';
import { type CallOptions, describeOpenShape, type Layer, type OpenShape, type Symbolic } from './layer.js';
import type { StatesOf } from './recurrent-layer.js';
import { finalStates, requireStateShapes, withInitialStates } from './symbolic-states.js';

/** One application of a layer: a layer that is applied twice, with the same weights, has two. */
export interface GraphNode {
  readonly layer: Layer<unknown>;
  /** The edges that come in; the initial states of a recurrent layer stand behind its input, as in Keras. */
  readonly inputs: readonly SymbolicTensor[];
}

/** The states of a recurrent layer in a graph: one entry a cell, from the bottom, by name. */
export type SymbolicStates = StatesOf<SymbolicTensor>;

/** What a layer may be noted with. */
interface NoteOptions extends CallOptions {
  initialState?: SymbolicStates | SymbolicStates[number] | undefined;
}

/**
 * A tensor of a model that is yet to be made: its shape without numbers, and the node of the graph that gives it. Made
 * by {@link input}, and by applying layers to others.
 */
export class SymbolicTensor implements Symbolic {
  /** With the batch axis; null where an axis is of any size. */
  readonly shape: OpenShape;
  /** @internal */
  readonly node: GraphNode;
  #states: SymbolicStates | undefined;

  /** @internal */
  constructor(shape: OpenShape, node: GraphNode) {
    this.shape = shape;
    this.node = node;
  }

  /**
   * The states in which a recurrent layer with `returnState` ends that gives this tensor; one entry a cell, by name.
   *
   * @throws USAGE for what any other layer gives
   */
  get states(): SymbolicStates {
    return (this.#states ??= finalStates(this, this.node.layer));
  }

  /** What `layer.apply` does with symbolic tensors: notes the layer. @throws SHAPE_MISMATCH, USAGE */
  noteLayer(layer: Layer<unknown>, given: unknown, options: NoteOptions): SymbolicTensor {
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
    if (!list.every((one) => one instanceof SymbolicTensor)) throw mixedInputs(layer, list);
    const inputs = initialState === undefined ? list : withInitialStates(layer, list, initialState);
    if (!inputs.every((one) => one instanceof SymbolicTensor)) throw mixedInputs(layer, inputs);
    const node: GraphNode = { layer, inputs };
    return new SymbolicTensor(
      outputShapeOf(
        node,
        inputs.map(({ shape }) => shape),
      ),
      node,
    );
  }
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
  return new SymbolicTensor(layer.givenInputShape!, { layer, inputs: [] });
}

/**
 * The shape that a node gives for the shapes of its inputs.
 *
 * @param nameOf what messages call a layer. @throws SHAPE_MISMATCH naming the layer and what it receives from which
 */
export function outputShapeOf(
  { layer, inputs }: GraphNode,
  shapes: readonly OpenShape[],
  nameOf: (layer: Layer<unknown>) => string = ({ name }) => name,
): OpenShape {
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
    const [first, ...others] = shapes;
    return hasStates ? layer.computeOutputShape(first) : layer.computeOutputShape(first, ...others);
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
  const at = inputs.findIndex((one) => !(one instanceof SymbolicTensor));
  return new RondoError('USAGE', {
    where: `${titleOf(layer)}.apply`,
    what: 'only some of the inputs are symbolic.',
    expected: 'tensors, or symbolic tensors',
    received: `input ${at}: ${describeValue(inputs[at])}`,
    fix: 'make every input of the graph with input({ shape }).',
  });
}

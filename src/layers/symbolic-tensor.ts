import { describeValue, RondoError } from '../errors.js';
import { titleOf } from './input-axes.js';
import { InputLayer, type InputOptions } from './input-layer.js';
import { type CallOptions, describeOpenShape, type Layer, type OpenShape } from './layer.js';

/** One application of a layer: a layer that is applied twice, with the same weights, has two. */
export interface GraphNode {
  readonly layer: Layer<unknown>;
  /** The edges that come in. */
  readonly inputs: readonly SymbolicTensor[];
}

/**
 * A tensor of a model that is yet to be made: its shape without numbers, and the node of the graph that gives it. Made
 * by {@link input}, and by applying layers to others.
 */
export class SymbolicTensor {
  /** With the batch axis; null where an axis is of any size. */
  readonly shape: OpenShape;
  /** @internal */
  readonly node: GraphNode;

  /** @internal */
  constructor(shape: OpenShape, node: GraphNode) {
    this.shape = shape;
    this.node = node;
  }

  /** @internal What `layer.apply` does with symbolic tensors: notes the layer. @throws SHAPE_MISMATCH, USAGE */
  noteLayer(layer: Layer<unknown>, given: unknown, options: CallOptions): SymbolicTensor {
    const inputs: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (!inputs.every((one) => one instanceof SymbolicTensor)) throw mixedInputs(layer, inputs);
    const [unsaid] = Object.keys(options);
    if (unsaid !== undefined) {
      throw new RondoError('USAGE', {
        where: `${titleOf(layer)}.apply`,
        what: `an edge of a graph has no option \`${unsaid}\`.`,
        expected: 'symbolic tensors alone',
        received: `{ ${Object.keys(options).join(', ')} }`,
        fix: 'leave the option out; masks go along with the numbers. For initial states write a Model with a call method.',
      });
    }
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
  if (shapes.length !== 1 && !layer.takesSeveral) {
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
    return layer.computeOutputShape(first, ...others);
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

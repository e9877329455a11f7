import { RondoError } from '../../errors.js';
import { InputLayer } from '../../layers/input-layer.js';
import type { Layer, OpenShape } from '../../layers/layer.js';
import { type GraphNode, inputOf, isSymbolic, noted, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { Sequential } from '../sequential.js';
import { Functional } from './functional.js';
import type { ModelGraph } from './model-graph.js';

/**
 * A model as a graph: that of a Functional, or the one chain of a Sequential, whose layers are noted one after the
 * other.
 *
 * @throws USAGE for a model that has neither, or whose weights are not made yet
 */
export function graphOf(model: Layer<unknown>): ModelGraph {
  if (model instanceof Functional) return model.graph;
  const where = `${model.className} ${model.name}`;
  if (!(model instanceof Sequential)) {
    throw new RondoError('USAGE', {
      where,
      what: 'the model is no graph.',
      expected: 'a Functional or a Sequential',
      received: model.className,
      fix: 'write the model as a graph: new Functional({ inputs, outputs }).',
    });
  }
  const { buildShape } = model;
  if (buildShape === undefined) {
    throw new RondoError('USAGE', {
      where,
      what: 'the model has no weights yet.',
      fix: 'give it or its first layer an inputShape, or train it first.',
    });
  }
  return chainOf(model, buildShape);
}

function chainOf(model: Sequential, inputShape: OpenShape): ModelGraph {
  const [first] = model.layers;
  const layers = new Map<string, Layer<unknown>>(model.sublayers);
  const isStated = first instanceof InputLayer;
  const input = inputOf(isStated ? first : new InputLayer({ shape: inputShape.slice(1), name: 'input' }));
  const nodes: GraphNode[] = [input.node];
  let last: SymbolicTensor = input;
  for (const layer of isStated ? model.layers.slice(1) : model.layers) {
    const given = noted(layer, [last]);
    // A chain whose layers give several tensors cannot be run.
    if (!isSymbolic(given)) break;
    nodes.push(given.node);
    last = given;
  }
  return {
    nodes,
    layers: isStated ? layers : new Map([['input', input.node.layer], ...layers]),
    inputs: { tensors: [input], form: 'one' },
    outputs: { tensors: [last], form: 'one' },
    shapeOf: new Map(nodes.flatMap(({ outputs }) => [...outputs.values()].map((tensor) => [tensor, tensor.shape]))),
  };
}

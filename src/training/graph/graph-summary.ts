import { describeOpenShape, type Layer } from '../../layers/layer.js';
import { describeCount, sizeOfAll, summaryTable } from '../summary.js';
import type { ModelGraph } from './model-graph.js';
import { namesOf } from './node-names.js';

/** A table of a graph's nodes: what each reads, what it gives, and the parameters of its layer, counted once. */
export function summaryOfGraph(model: Layer<unknown>, graph: ModelGraph): string {
  const { nodes: names, tensors } = namesOf(graph);
  const met = new Set<Layer<unknown>>();
  const parameters = (layer: Layer<unknown>): string => {
    if (met.has(layer)) return 'shared';
    met.add(layer);
    return layer.isBuilt ? describeCount(sizeOfAll(layer.weights)) : 'not built';
  };
  return summaryTable(
    model,
    ['layer', 'output shape', 'parameters', 'connected to'],
    graph.nodes.map((node) => [
      `${names.get(node)} (${node.layer.className})`,
      [...node.outputs.values()].map((tensor) => describeOpenShape(graph.shapeOf.get(tensor)!)).join(', '),
      parameters(node.layer),
      node.inputs.map((edge) => tensors.get(edge)).join(', '),
    ]),
  );
}

import { describeOpenShape, type Layer } from '../../layers/layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { describeCount, sizeOfAll, summaryTable } from '../summary.js';
import { nodeNames } from './node-names.js';

/** A table of a graph's nodes: what each reads, what it gives, and the parameters of its layer, counted once. */
export function summaryOfGraph(
  model: Layer<unknown>,
  nodes: readonly GraphNode[],
  shapeOf: ReadonlyMap<GraphNode, SymbolicTensor['shape']>,
  nameOf: ReadonlyMap<Layer<unknown>, string>,
): string {
  const names = nodeNames(nodes, nameOf);
  const met = new Set<Layer<unknown>>();
  const parameters = (layer: Layer<unknown>): string => {
    if (met.has(layer)) return 'shared';
    met.add(layer);
    return layer.isBuilt ? describeCount(sizeOfAll(layer.weights)) : 'not built';
  };
  return summaryTable(
    model,
    ['layer', 'output shape', 'parameters', 'connected to'],
    nodes.map((node) => [
      `${names.get(node)} (${node.layer.className})`,
      describeOpenShape(shapeOf.get(node)!),
      parameters(node.layer),
      node.inputs.map((edge) => names.get(edge.node)).join(', '),
    ]),
  );
}

import { describeOpenShape, type Layer } from '../../layers/layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { describeCount, sizeOfAll, summaryTable } from '../summary.js';
import { nodeNames, tensorNames } from './node-names.js';

/** A table of a graph's nodes: what each reads, what it gives, and the parameters of its layer, counted once. */
export function summaryOfGraph(
  model: Layer<unknown>,
  nodes: readonly GraphNode[],
  shapeOf: ReadonlyMap<SymbolicTensor, SymbolicTensor['shape']>,
  nameOf: ReadonlyMap<Layer<unknown>, string>,
): string {
  const names = nodeNames(nodes, nameOf);
  const references = tensorNames(names);
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
      [...node.outputs.values()].map((tensor) => describeOpenShape(shapeOf.get(tensor)!)).join(', '),
      parameters(node.layer),
      node.inputs.map((edge) => references.get(edge)).join(', '),
    ]),
  );
}

import type { Layer } from '../../layers/layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import type { ModelGraph } from '../../training/graph/model-graph.js';

/**
 * The layers of a graph in the order in which Keras lists them, by which its files number those of one class: the longer the way to an
 * output the earlier, then as a walk from the outputs to what they read meets them. Keras 3, `map_graph`.
 */
export function kerasOrder({ outputs }: ModelGraph): Layer<unknown>[] {
  const indices = new Map<Layer<unknown>, number>();
  const met = new Set<GraphNode>();
  const byDepth: GraphNode[] = [];
  // Its own stack: a graph may be deeper than calls can be.
  const walk = (start: SymbolicTensor): void => {
    const stack: { node: GraphNode; next: number }[] = [];
    const meet = (node: GraphNode): void => {
      if (met.has(node)) return;
      met.add(node);
      if (!indices.has(node.layer)) indices.set(node.layer, indices.size);
      stack.push({ node, next: 0 });
    };
    meet(start.node);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.node.inputs.at(top.next++);
      if (input !== undefined) meet(input.node);
      else {
        byDepth.push(top.node);
        stack.pop();
      }
    }
  };
  for (const tensor of inKerasOrder(outputs)) walk(tensor);
  const depthOf = new Map<GraphNode, number>();
  const layerDepths = new Map<Layer<unknown>, number>();
  for (const node of [...byDepth].reverse()) {
    const depth = Math.max(depthOf.get(node) ?? 0, layerDepths.get(node.layer) ?? 0);
    layerDepths.set(node.layer, depth);
    depthOf.set(node, depth);
    for (const { node: read } of node.inputs) depthOf.set(read, Math.max(depth + 1, depthOf.get(read) ?? 0));
  }
  return [...layerDepths.keys()].sort(
    (a, b) => layerDepths.get(b)! - layerDepths.get(a)! || indices.get(a)! - indices.get(b)!,
  );
}

/** Outputs by name go in the order of their names. */
function inKerasOrder({ tensors, form }: ModelGraph['outputs']): readonly SymbolicTensor[] {
  if (typeof form === 'string') return tensors;
  return form
    .map((name, i) => ({ name, tensor: tensors[i] }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ tensor }) => tensor);
}

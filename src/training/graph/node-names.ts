import type { Layer } from '../../layers/layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';

/** Names of nodes: that of the layer, and `encoder#2` where it is applied for the second time. */
export function nodeNames(
  nodes: readonly GraphNode[],
  nameOf: ReadonlyMap<Layer<unknown>, string>,
): ReadonlyMap<GraphNode, string> {
  const taken = new Set(nameOf.values());
  const named = new Map<GraphNode, string>();
  const met = new Set<Layer<unknown>>();
  for (const node of nodes) {
    const base = nameOf.get(node.layer)!;
    let name = base;
    if (met.has(node.layer)) for (let count = 2; taken.has(name); count++) name = `${base}#${count}`;
    met.add(node.layer);
    taken.add(name);
    named.set(node, name);
  }
  return named;
}

/** What refers to a tensor that a node gives: `encoder` to its one tensor or its `output`, else `encoder/states/0/hidden`. */
export function referenceTo(node: string, path: string): string {
  return path === '' || path === 'output' ? node : `${node}/${path}`;
}

/** What refers to each tensor of a graph. */
export function tensorNames(names: ReadonlyMap<GraphNode, string>): ReadonlyMap<SymbolicTensor, string> {
  const found = new Map<SymbolicTensor, string>();
  for (const [{ outputs }, name] of names)
    for (const [path, tensor] of outputs) found.set(tensor, referenceTo(name, path));
  return found;
}

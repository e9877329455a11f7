import type { Layer } from '../../layers/layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import type { ModelGraph } from './model-graph.js';

/** What the parts of a graph are called. */
export interface GraphNames {
  readonly layers: ReadonlyMap<Layer<unknown>, string>;
  /** That of the layer, and `encoder#2` where it is applied for the second time. */
  readonly nodes: ReadonlyMap<GraphNode, string>;
  /** What refers to each tensor. */
  readonly tensors: ReadonlyMap<SymbolicTensor, string>;
}

export function namesOf({ nodes, layers }: Pick<ModelGraph, 'nodes' | 'layers'>): GraphNames {
  const nameOf = new Map([...layers].map(([name, layer]) => [layer, name]));
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
  const tensors = new Map<SymbolicTensor, string>();
  for (const [{ outputs }, name] of named)
    for (const [path, tensor] of outputs) tensors.set(tensor, referenceTo(name, path));
  return { layers: nameOf, nodes: named, tensors };
}

/** What refers to a tensor that a node gives: `encoder` to its one tensor or its `output`, else `encoder/states/0/hidden`. */
export function referenceTo(node: string, path: string): string {
  return path === '' || path === 'output' ? node : `${node}/${path}`;
}

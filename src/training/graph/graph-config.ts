import type { Json } from '../../layers/layer.js';
import type { SymbolicTensor } from '../../layers/symbolic-tensor.js';
import type { ModelGraph } from './model-graph.js';
import { namesOf } from './node-names.js';
import type { SymbolicArrangement } from './symbolic-arrangement.js';

/** One node, as files hold it. */
export interface StoredNode {
  readonly name: string;
  /** The name of its layer. */
  readonly layer: string;
  /** What it reads of nodes before it: the name of each, with a path where that gives several tensors. */
  readonly inputs: readonly string[];
}

/** What refers to one tensor, or to several in a list or by key. */
export type StoredNames = string | readonly string[] | Readonly<Record<string, string>>;

/** A layer, with the name by which nodes refer to it in its configuration. */
export interface StoredLayer {
  readonly className: string;
  readonly config: Readonly<Record<string, Json | undefined>>;
}

/** A graph as plain JSON: every layer once, nodes in an order in which they can run, and the names of both ends. */
export interface StoredGraph {
  readonly layers: readonly StoredLayer[];
  readonly nodes: readonly StoredNode[];
  readonly inputs: StoredNames;
  readonly outputs: StoredNames;
}

/** A graph as plain JSON. */
export function configOfGraph(graph: ModelGraph): Record<string, Json> {
  const names = namesOf(graph);
  const nameOf = (tensor: SymbolicTensor): string => names.tensors.get(tensor)!;
  return {
    layers: [...graph.layers].map(([name, layer]) => ({
      className: layer.className,
      config: { ...layer.getConfig(), name } as { [key: string]: Json },
    })),
    nodes: graph.nodes.map((node) => ({
      name: names.nodes.get(node)!,
      layer: names.layers.get(node.layer)!,
      inputs: node.inputs.map(nameOf),
    })),
    inputs: storedNames(graph.inputs, nameOf),
    outputs: storedNames(graph.outputs, nameOf),
  };
}

function storedNames(
  { tensors, form }: SymbolicArrangement,
  nameOf: (tensor: SymbolicTensor) => string,
): string | string[] | { [key: string]: string } {
  if (form === 'one') return nameOf(tensors[0]);
  if (form === 'list') return tensors.map(nameOf);
  return Object.fromEntries(form.map((key, i) => [key, nameOf(tensors[i])]));
}

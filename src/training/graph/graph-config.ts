import type { Json, Layer } from '../../layers/layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { nodeNames, tensorNames } from './node-names.js';
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

/** What a graph is written from. */
export interface GraphParts {
  readonly nodes: readonly GraphNode[];
  readonly layers: ReadonlyMap<string, Layer<unknown>>;
  readonly inputs: SymbolicArrangement;
  readonly outputs: SymbolicArrangement;
}

export function configOfGraph({ nodes, layers, inputs, outputs }: GraphParts): Record<string, Json> {
  const layerNames = new Map([...layers].map(([name, layer]) => [layer, name]));
  const names = nodeNames(nodes, layerNames);
  const references = tensorNames(names);
  const nameOf = (tensor: SymbolicTensor): string => references.get(tensor)!;
  return {
    layers: [...layers].map(([name, layer]) => ({
      className: layer.className,
      config: { ...layer.getConfig(), name } as { [key: string]: Json },
    })),
    nodes: nodes.map((node) => ({
      name: names.get(node)!,
      layer: layerNames.get(node.layer)!,
      inputs: node.inputs.map(nameOf),
    })),
    inputs: storedNames(inputs, nameOf),
    outputs: storedNames(outputs, nameOf),
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

import type { Json, Layer } from '../../layers/layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import type { Functional } from '../../training/graph/functional.js';
import type { SymbolicArrangement } from '../../training/graph/symbolic-arrangement.js';

/** An object as Keras 3 serializes it. */
export type KerasObject = { [field: string]: Json };

/** What Keras cannot say, by layer. */
export type Faults = string[];

/** Makes a layer inside of a graph. */
type ObjectOf = (layer: Layer<unknown>, name: string, faults: Faults) => KerasObject;

/** Layers that Keras gives all inputs in one list. */
const takesList: ReadonlySet<string> = new Set([
  'Add',
  'AdditiveAttention',
  'Attention',
  'Average',
  'Concatenate',
  'Dot',
  'Functional',
  'Maximum',
  'Minimum',
  'Multiply',
  'Subtract',
]);

/** A graph as Keras 3 stores functional models: every layer with its nodes, whose tensors are known by layer, node and number. */
export function functionalOf(model: Functional, name: string, faults: Faults, objectOf: ObjectOf): KerasObject {
  const { nodes, layers, inputs, outputs } = model.graph;
  const nameOf = new Map([...layers].map(([own, layer]) => [layer, own]));
  const numberOf = new Map<GraphNode, number>();
  const nodesOf = new Map<Layer<unknown>, GraphNode[]>();
  for (const node of nodes) {
    if (!nodesOf.has(node.layer)) nodesOf.set(node.layer, []);
    numberOf.set(node, nodesOf.get(node.layer)!.push(node) - 1);
  }
  const history = (tensor: SymbolicTensor, isEnd = false): Json[] => {
    const place = [...tensor.node.outputs.values()].indexOf(tensor);
    // Models inside have a first node of their own, which ends of a model count.
    const first = isEnd && tensor.node.layer.className === 'Functional' ? 1 : 0;
    return [nameOf.get(tensor.node.layer)!, numberOf.get(tensor.node)! + first, place];
  };
  const written = (tensor: SymbolicTensor): Json => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, ...tensor.shape.slice(1)], dtype: 'float32', keras_history: history(tensor) },
  });
  const ends = ({ tensors, form }: SymbolicArrangement): Json => {
    const list = tensors.map((tensor) => history(tensor, true));
    if (form === 'one') return list[0];
    return form === 'list' ? list : Object.fromEntries(form.map((key, i) => [key, list[i]]));
  };
  const stored = [...layers].map(([own, layer]) => ({
    ...objectOf(layer, own, faults),
    name: own,
    inbound_nodes: nodesOf
      .get(layer)!
      .filter((node) => node.inputs.length > 0)
      .map((node) => callOf(node, own, written, faults)),
  }));
  const config = {
    name,
    trainable: model.trainable,
    layers: stored,
    input_layers: ends(inputs),
    output_layers: ends(outputs),
  };
  return { module: 'keras.src.models.functional', class_name: 'Functional', config, registered_name: 'Functional' };
}

/** One call: its arguments, and those that Keras has in the place of options. */
function callOf(
  { layer, inputs }: GraphNode,
  name: string,
  written: (tensor: SymbolicTensor) => Json,
  faults: Faults,
): KerasObject {
  const tensors = inputs.map(written);
  const config = layer.getConfig();
  const attention = {
    ...(config.useCausalMask === true && { use_causal_mask: true }),
    ...(config.returnAttentionScores === true && { return_attention_scores: true }),
  };
  if (layer.className === 'MultiHeadAttention') {
    const [query, value = query, key] = tensors;
    return { args: [query, value], kwargs: { ...attention, ...(key !== undefined && { key }) } };
  }
  if (layer.takesSeveral && takesList.has(layer.className) && (tensors.length > 1 || layer.className !== 'Functional'))
    return { args: [tensors], kwargs: attention };
  if (tensors.length === 1) return { args: tensors, kwargs: {} };
  if (Array.isArray(config.cell) && config.cell.length > 1)
    faults.push(`${name} (${layer.className}): initial states of several cells`);
  return { args: tensors.slice(0, 1), kwargs: { initial_state: tensors.slice(1) } };
}

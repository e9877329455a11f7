import { Bidirectional } from '../../layers/bidirectional.js';
import { Embedding } from '../../layers/embedding.js';
import type { Layer } from '../../layers/layer.js';
import { RecurrentLayer } from '../../layers/recurrent-layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { Functional } from '../../training/graph/functional.js';
import type { Model } from '../../training/model.js';
import type { ModelOutput } from '../../training/model-outputs.js';
import { Sequential } from '../../training/sequential.js';
import { type NoteFault, type WrittenLayer, writtenLayer } from './layer-configs.js';

/** Layers of TensorFlow.js that take a mask; the others throw where one comes. */
const takeMasks: ReadonlySet<string> = new Set([
  'Activation',
  'Add',
  'AlphaDropout',
  'Average',
  'BatchNormalization',
  'Bidirectional',
  'Concatenate',
  'Dense',
  'Dot',
  'Dropout',
  'GaussianNoise',
  'GRU',
  'LayerNormalization',
  'LSTM',
  'Masking',
  'Maximum',
  'Minimum',
  'Multiply',
  'PReLU',
  'RNN',
  'SimpleRNN',
  'SpatialDropout1D',
  'TimeDistributed',
]);

/** Tells what is wrong with a layer by its name. */
export type FaultOf = (name: string) => NoteFault;

/** The `modelTopology` of a model. @returns undefined where it is of no known class */
export function writtenTopology(model: Model<ModelOutput>, faultOf: FaultOf): WrittenLayer | undefined {
  if (model instanceof Sequential) return writtenSequential(model, faultOf);
  return model instanceof Functional ? writtenGraph(model as Functional, faultOf) : undefined;
}

function writtenSequential(model: Sequential, faultOf: FaultOf): WrittenLayer {
  let isMasked = false;
  const layers = model.layers.map((layer) => {
    isMasked = maskAfter(layer, isMasked, faultOf(layer.name));
    return described(layer, layer.name, faultOf);
  });
  const [first, ...others] = layers;
  const begun = { ...first, config: { ...first.config, batch_input_shape: openBatch(model.buildShape!) } };
  return { class_name: 'Sequential', config: { name: model.name, layers: [begun, ...others] } };
}

function writtenGraph(model: Functional, faultOf: FaultOf): WrittenLayer {
  const { nodes, layers, inputs, outputs } = model.graph;
  const nameOf = new Map([...layers].map(([name, layer]) => [layer, name]));
  const indexOf = indicesOf(nodes);
  const reference = (tensor: SymbolicTensor): [string, number, number] => [
    nameOf.get(tensor.node.layer)!,
    indexOf.get(tensor.node)!,
    [...tensor.node.outputs.values()].indexOf(tensor),
  ];
  const masked = new Set<GraphNode>();
  for (const node of nodes) {
    const isMasked = node.inputs.some((tensor) => masked.has(tensor.node));
    if (maskAfter(node.layer, isMasked, faultOf(nameOf.get(node.layer)!))) masked.add(node);
  }
  const written = [...layers].map(([name, layer]) => {
    const applied = nodes.filter((node) => node.layer === layer);
    const isInput = layer.className === 'InputLayer';
    const { class_name, config } = isInput ? inputLayer(layer, name) : described(layer, name, faultOf);
    const inbound = applied.map((node) => node.inputs.map((tensor) => [...reference(tensor), {}]));
    return { name, class_name, config, inbound_nodes: isInput ? [] : inbound };
  });
  return {
    class_name: 'Model',
    config: {
      name: model.name,
      layers: written,
      input_layers: inputs.tensors.map(reference),
      output_layers: outputs.tensors.map(reference),
    },
  };
}

function described(layer: Layer<unknown>, name: string, faultOf: FaultOf): WrittenLayer {
  const config = { ...layer.getConfig(), name };
  return writtenLayer({ className: layer.className, config }, faultOf(name));
}

function inputLayer(layer: Layer<unknown>, name: string): WrittenLayer {
  const batch_input_shape = openBatch(layer.givenInputShape!);
  return { class_name: 'InputLayer', config: { name, batch_input_shape, dtype: 'float32', sparse: false } };
}

/** Of the applications of each layer, which one a node is. */
function indicesOf(nodes: readonly GraphNode[]): Map<GraphNode, number> {
  const counts = new Map<Layer<unknown>, number>();
  return new Map(
    nodes.map((node) => {
      const index = counts.get(node.layer) ?? 0;
      counts.set(node.layer, index + 1);
      return [node, index];
    }),
  );
}

/** Whether a mask goes on behind a layer. A layer that takes none in TensorFlow.js is noted where one comes. */
function maskAfter(layer: Layer<unknown>, isMasked: boolean, fault: NoteFault): boolean {
  if (layer.className === 'Masking' || (layer instanceof Embedding && layer.maskZero)) return true;
  if (!isMasked) return false;
  if (!takeMasks.has(layer.className)) fault('no masks in TensorFlow.js, and a mask comes to it');
  const recurrent = layer instanceof Bidirectional ? layer.forwardLayer : layer;
  return !(recurrent instanceof RecurrentLayer) || recurrent.getConfig().returnSequences === true;
}

function openBatch(shape: readonly (number | null)[]): (number | null)[] {
  return [null, ...shape.slice(1)];
}

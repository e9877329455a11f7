import type { ActivationName } from '../../../expression/activations.js';
import type { Embedding } from '../../../layers/embedding.js';
import { writeActivation } from './activation-writer.js';
import { axesOf, type Edge, type LayerCall, type LayerWriter, writeWeight } from './layer-writer.js';
import { elementNumbers } from './onnx-message.js';
import { bidirectionalWriter, recurrentWriter } from './recurrent-writers.js';

/** A layer that passes its input on outside of training. */
const passing: LayerWriter = { write: ({ inputs }) => inputs[0] };

const dense: LayerWriter = {
  write(call) {
    const { graph, inputs, weights, config } = call;
    const [input] = inputs;
    const product = graph.add('MatMul', [asFloat(call, input), writeWeight(call, 'kernel')]);
    const sum = weights.has('bias') ? graph.add('Add', [product, writeWeight(call, 'bias')]) : product;
    return floatEdge(call, writeActivation(graph, config.activation as ActivationName, sum), input.mask);
  },
};

const embedding: LayerWriter = {
  readsIndices: true,
  write(call) {
    const { graph, inputs, layer } = call;
    const [input] = inputs;
    const indices = asIndices(call, input);
    const rows = graph.add('Gather', [writeWeight(call, 'embeddings'), indices]);
    const { maskZero } = layer as Embedding;
    if (!maskZero) return floatEdge(call, rows, input.mask);
    const counts = graph.add('Not', [graph.add('Equal', [indices, graph.integer(0)])]);
    return floatEdge(call, rows, bothMasks(call, counts, input.mask));
  },
};

const activation: LayerWriter = {
  write(call) {
    const [input] = call.inputs;
    const value = writeActivation(call.graph, call.config.activation as ActivationName, asFloat(call, input));
    return floatEdge(call, value, input.mask);
  },
};

/** Every class of layers that ONNX's operators compute, by its name. */
export const layerWriters: ReadonlyMap<string, LayerWriter> = new Map(
  Object.entries({
    Activation: activation,
    ActivationPenalty: passing,
    AlphaDropout: passing,
    Bidirectional: bidirectionalWriter,
    Dense: dense,
    Dropout: passing,
    Embedding: embedding,
    GaussianNoise: passing,
    GRU: recurrentWriter,
    InputLayer: passing,
    LSTM: recurrentWriter,
    RNN: recurrentWriter,
    SimpleRNN: recurrentWriter,
    SpatialDropout1D: passing,
  }),
);

function floatEdge(call: LayerCall, value: string, mask?: string): Edge {
  return { value, axes: axesOf(call), type: 'float', mask };
}

function asFloat({ graph }: LayerCall, { value, type }: Edge): string {
  return type === 'float' ? value : graph.add('Cast', [value], { attributes: { to: elementNumbers.float } });
}

function asIndices({ graph }: LayerCall, { value, type }: Edge): string {
  return type === 'int64' ? value : graph.add('Cast', [value], { attributes: { to: elementNumbers.int64 } });
}

function bothMasks({ graph }: LayerCall, a: string, b: string | undefined): string {
  return b === undefined ? a : graph.add('And', [a, b]);
}

import { Bidirectional } from '../../layers/bidirectional.js';
import { Embedding } from '../../layers/embedding.js';
import type { Layer } from '../../layers/layer.js';
import { RecurrentLayer } from '../../layers/recurrent-layer.js';
import { graphOf } from '../../training/graph/graph-of.js';
import { Model } from '../../training/model.js';

/** Of a tensor: that it has no mask, has one, or has one that a layer has put in another order, which is named. */
type MaskState = 'none' | 'masked' | { readonly turnedBy: string };

/** Layers whose steps do not see each other, so that a mask changes nothing about what they give. */
const stepwise: ReadonlySet<string> = new Set([
  'Activation',
  'Add',
  'AlphaDropout',
  'Average',
  'Dense',
  'Dropout',
  'GaussianNoise',
  'LayerNormalization',
  'LeakyReLU',
  'Maximum',
  'Minimum',
  'Multiply',
  'PReLU',
  'SpatialDropout1D',
  'Subtract',
  'TimeDistributed',
]);

/**
 * Layers with `goBackwards` whose mask is put in the order of the steps and then read. Keras and TensorFlow.js turn steps round, and leave
 * the mask that goes on as it was (Keras 3.15, `RNN.compute_mask`): they hide other steps behind such a layer.
 */
export function turnedMasks(model: Layer<unknown>): string[] {
  const found = new Set<string>();
  statesAfter(model, 'none', found);
  return [...found];
}

/** What becomes of a mask in a model, whose inputs have it. */
function statesAfter(model: Layer<unknown>, given: MaskState, found: Set<string>): MaskState {
  const { nodes, layers, outputs } = graphOf(model);
  const nameOf = new Map([...layers].map(([name, layer]) => [layer, name]));
  const states = new Map<unknown, MaskState>();
  const among = (read: readonly { readonly node: unknown }[]): MaskState => {
    const all = read.map(({ node }) => states.get(node)!);
    return all.find((state) => typeof state === 'object') ?? all.find((state) => state === 'masked') ?? 'none';
  };
  for (const node of nodes) {
    const before = node.inputs.length === 0 ? given : among(node.inputs);
    states.set(node, stateAfter(node.layer, nameOf.get(node.layer)!, before, found));
  }
  return among(outputs.tensors);
}

function stateAfter(layer: Layer<unknown>, name: string, before: MaskState, found: Set<string>): MaskState {
  if (layer instanceof Model) return statesAfter(layer, before, found);
  if (layer instanceof Embedding && layer.maskZero) return 'masked';
  const isRead = !stepwise.has(layer.className) && layer.className !== 'InputLayer';
  if (isRead && typeof before === 'object') found.add(before.turnedBy);
  if (layer.className === 'Masking') return 'masked';
  if (before === 'none') return 'none';
  const recurrent = layer instanceof Bidirectional ? layer.forwardLayer : layer;
  if (!(recurrent instanceof RecurrentLayer)) return before;
  if (!recurrent.returnSequences) return 'none';
  return layer === recurrent && recurrent.reversesMask ? { turnedBy: name } : before;
}

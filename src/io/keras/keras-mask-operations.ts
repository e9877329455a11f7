import { isObject } from '../../data/saved-fields.js';
import type { LayerConfig } from '../../training/layer-registry.js';
import type { KerasFile } from './keras-fields.js';
import { notTaken } from './keras-fields.js';
import { type KerasCall, type TensorReference, tensorsOfMask } from './keras-inbound.js';

/** What Keras 3 computes masks with, and writes into functional models. */
const maskClasses: ReadonlySet<string> = new Set(['NotEqual', 'Any', 'LogicalOr', 'LogicalAnd']);

/** An operation on masks in a functional model. */
export interface MaskOperation {
  readonly className: string;
  readonly inputs: readonly TensorReference[];
  /** What steps that are padding are equal to, of `NotEqual`. */
  readonly value: unknown;
}

/** Layers and operations that are looked at for all masks of a model: thousands of masked layers. */
const mostLookups = 2 ** 28;

/** A layer that is called, as far as masks need it. */
interface Called {
  readonly layer: LayerConfig;
  readonly calls: readonly KerasCall[];
}

/** Layers through which a mask goes on; recurrent ones where they give every step. */
const passing: ReadonlySet<string> = new Set([
  'Activation',
  'Add',
  'AdditiveAttention',
  'AlphaDropout',
  'Attention',
  'Average',
  'BatchNormalization',
  'Concatenate',
  'Dense',
  'Dropout',
  'Embedding',
  'Functional',
  'GaussianNoise',
  'LayerNormalization',
  'LeakyReLU',
  'Masking',
  'Maximum',
  'Minimum',
  'MultiHeadAttention',
  'Multiply',
  'PReLU',
  'Sequential',
  'SpatialDropout1D',
  'Subtract',
  'TimeDistributed',
]);

/** A stored layer as an operation on masks; undefined for all others. */
export function maskOperationOf(stored: unknown): { name: string; operation: MaskOperation } | undefined {
  if (!isObject(stored) || typeof stored.class_name !== 'string' || !maskClasses.has(stored.class_name))
    return undefined;
  const nodes = stored.inbound_nodes;
  const node: unknown = Array.isArray(nodes) && nodes.length === 1 ? nodes[0] : undefined;
  const args: unknown = isObject(node) ? node.args : undefined;
  if (!Array.isArray(args) || typeof stored.name !== 'string') return undefined;
  const value: unknown = args[1];
  return { name: stored.name, operation: { className: stored.class_name, inputs: tensorsOfMask(args), value } };
}

/**
 * Here masks go along with what layers give, and no node computes them. That is the same where each mask of a call comes from an
 * Embedding or a Masking from which it would arrive at the call anyway.
 *
 * @throws FILE_FORMAT for a mask of another origin
 */
export function requireMasksAlong(
  file: KerasFile,
  members: ReadonlyMap<string, Called>,
  operations: ReadonlyMap<string, MaskOperation>,
): void {
  let left = mostLookups;
  const masking = maskingLayers(members);
  for (const [name, { calls }] of members)
    for (const call of calls) {
      if (call.masks === undefined || call.masks.length === 0) continue;
      // Each mask is followed to where it comes from, each input to what masks it.
      left -= (call.masks.length + 1) * (members.size + operations.size);
      if (left < 0)
        throw notTaken(
          file,
          `the layer \`${name}\``,
          'masks go more ways than are followed.',
          `${members.size} layers`,
        );
      const sources = sourcesOf(call.masks, masking, operations);
      const arriving = arrivingAt(call, members);
      if (sources !== undefined && [...sources].every((each) => arriving.has(each))) continue;
      const place = `the layer \`${name}\``;
      throw notTaken(file, place, 'a call is given a mask that does not come along with its input.', call.masks);
    }
}

/** The layers whose masks these are; undefined where one has another origin. */
function sourcesOf(
  masks: readonly TensorReference[],
  masking: ReadonlyMap<string, readonly string[]>,
  operations: ReadonlyMap<string, MaskOperation>,
): ReadonlySet<string> | undefined {
  const sources = new Set<string>();
  const seen = new Set<string>();
  const waiting = [...masks];
  for (let mask = waiting.pop(); mask !== undefined; mask = waiting.pop()) {
    if (seen.has(mask.layer)) continue;
    seen.add(mask.layer);
    const operation = operations.get(mask.layer);
    if (operation === undefined) return undefined;
    if (operation.className !== 'NotEqual') {
      for (const input of operation.inputs) waiting.push(input);
      continue;
    }
    const found = masking.get(hiddenKey(operation.inputs[0], operation.value)) ?? [];
    if (found.length === 0) return undefined;
    for (const name of found) sources.add(name);
  }
  return sources;
}

/** By a tensor and a value, the layers that hide its steps where they are equal to the value. */
function maskingLayers(members: ReadonlyMap<string, Called>): ReadonlyMap<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, { layer, calls }] of members) {
    const { className, config } = layer;
    const hidden = className === 'Masking' ? config.maskValue : config.maskZero === true ? 0 : undefined;
    if (hidden === undefined) continue;
    for (const key of new Set(calls.map(({ inputs: [input] }) => hiddenKey(input, hidden))))
      if (!found.get(key)?.push(name)) found.set(key, [name]);
  }
  return found;
}

function hiddenKey(tensor: TensorReference | undefined, value: unknown): string {
  return JSON.stringify([tensor?.layer, tensor?.tensor, value]);
}

/** Layers whose masks come along with what a call reads. */
function arrivingAt(call: KerasCall, members: ReadonlyMap<string, Called>): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const waiting = call.inputs.map(({ layer }) => layer);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const member = members.get(name);
    if (seen.has(name) || member === undefined) continue;
    seen.add(name);
    const { className, config } = member.layer;
    if (className === 'Masking' || config.maskZero === true) found.add(name);
    if (passing.has(className) || givesSteps(member.layer))
      for (const { inputs } of member.calls) for (const { layer } of inputs) waiting.push(layer);
  }
  return found;
}

function givesSteps({ className, config }: LayerConfig): boolean {
  const inside = className === 'Bidirectional' ? (config.layer as unknown as LayerConfig).config : config;
  return inside.returnSequences === true;
}

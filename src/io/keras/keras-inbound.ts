import { isObject } from '../../data/saved-fields.js';
import type { LayerConfig } from '../../training/layer-registry.js';
import { type KerasFile, type LayerFields, notTaken } from './keras-fields.js';

/** One tensor of a graph: which one of those that a call of a layer gives. */
export interface TensorReference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

/** One call of a layer in a graph. */
export interface KerasCall {
  readonly inputs: readonly TensorReference[];
  /** The states that a recurrent layer begins with, in Keras's order. */
  readonly states: readonly TensorReference[];
  /** Masks that Keras computes beside the layers. */
  readonly masks?: readonly TensorReference[] | undefined;
  /** Arguments of the call that are options of the layer here. */
  readonly options?: LayerFields | undefined;
}

/** Arguments that name inputs, in the order in which layers take them. */
const inputNames = ['inputs', 'sequences', 'sequence', 'query', 'value', 'key', 'x', 'x1', 'x2'];
const maskNames: ReadonlySet<string> = new Set(['mask', 'query_mask', 'value_mask', 'key_mask']);
const attention = new Set(['Attention', 'AdditiveAttention', 'MultiHeadAttention']);
const optionOf: Readonly<Record<string, string>> = {
  use_causal_mask: 'useCausalMask',
  return_attention_scores: 'returnAttentionScores',
};

/**
 * One entry of `inbound_nodes`: `{ args, kwargs }` of Keras 3, or the list `[[layer, node, tensor, kwargs], ...]` of those before it.
 *
 * @throws FILE_FORMAT for arguments that are not known
 */
export function callOf(file: KerasFile, name: string, layer: LayerConfig, node: unknown): KerasCall {
  const { args, kwargs } = argumentsOf(file, name, node);
  const named = new Map<string, TensorReference[]>();
  const options: LayerFields = {};
  const masks: TensorReference[] = [];
  for (const [key, value] of Object.entries(kwargs)) {
    if (value === null || value === undefined) continue;
    if (Object.hasOwn(optionOf, key) && typeof value === 'boolean' && attention.has(layer.className)) {
      if (value) options[optionOf[key]] = true;
    } else if (key === 'training' && value === false) continue;
    else if (maskNames.has(key) && isOnlyTensors(value)) for (const mask of tensorsOfMask(value)) masks.push(mask);
    else if (key === 'initial_state' || inputNames.includes(key)) named.set(key, tensorsIn(file, name, value));
    else
      throw notTaken(file, `the layer \`${name}\``, `the argument \`${key}\` of a call has no counterpart here.`, {
        [key]: value,
      });
  }
  const given = [...args, ...inputNames.flatMap((key) => named.get(key) ?? [])];
  const isRecurrent = layer.config.returnSequences !== undefined || layer.className === 'Bidirectional';
  const states = named.get('initial_state') ?? (isRecurrent ? given.slice(1) : []);
  const inputs = isRecurrent ? given.slice(0, 1) : given;
  if (inputs.length === 0)
    throw notTaken(file, `the layer \`${name}\``, 'a call has no inputs.', node, 'use an intact file.');
  return { inputs, states, masks, ...(Object.keys(options).length > 0 && { options }) };
}

function argumentsOf(
  file: KerasFile,
  name: string,
  node: unknown,
): { args: TensorReference[]; kwargs: Readonly<Record<string, unknown>> } {
  if (isObject(node) && Array.isArray(node.args)) {
    const kwargs = isObject(node.kwargs) ? node.kwargs : {};
    return {
      args: (node.args as unknown[]).filter((each) => each !== null).flatMap((each) => tensorsIn(file, name, each)),
      kwargs,
    };
  }
  if (!Array.isArray(node))
    throw notTaken(file, `the layer \`${name}\``, 'a node is not what it should be.', node, 'use an intact file.');
  const args = tensorsIn(file, name, node);
  const entries = (typeof node[0] === 'string' ? [node] : node) as readonly unknown[];
  const kwargs = Object.assign(
    {},
    ...entries.map((entry) => (Array.isArray(entry) && isObject(entry[3]) ? entry[3] : {})),
  );
  return { args, kwargs };
}

/** The tensors of an argument: one, or lists of them. @throws FILE_FORMAT where there is something else */
function tensorsIn(file: KerasFile, name: string, value: unknown, depth = 0): TensorReference[] {
  const one = tensorOf(value);
  if (one !== undefined) return [one];
  if (Array.isArray(value) && depth < 8) return value.flatMap((each) => tensorsIn(file, name, each, depth + 1));
  throw notTaken(file, `the layer \`${name}\``, 'a call reads something that is no tensor of the model.', value);
}

/** The tensors among what a mask is given as: one, or one for each input, or none. */
export function tensorsOfMask(value: unknown, depth = 0): TensorReference[] {
  const one = tensorOf(value);
  if (one !== undefined) return [one];
  return Array.isArray(value) && depth < 8 ? value.flatMap((each) => tensorsOfMask(each, depth + 1)) : [];
}

/** Whether a mask is made of tensors of the model alone; null stands for none. */
function isOnlyTensors(value: unknown, depth = 0): boolean {
  if (value === null || tensorOf(value) !== undefined) return true;
  return Array.isArray(value) && depth < 8 && value.every((each) => isOnlyTensors(each, depth + 1));
}

function tensorOf(value: unknown): TensorReference | undefined {
  const isNew = isObject(value) && value.class_name === '__keras_tensor__' && isObject(value.config);
  const history: unknown = isNew ? (value.config as { keras_history?: unknown }).keras_history : value;
  if (!Array.isArray(history) || history.length < 3 || history.length > 4) return undefined;
  const [layer, node, tensor] = history as unknown[];
  if (typeof layer !== 'string' || !Number.isSafeInteger(node) || !Number.isSafeInteger(tensor)) return undefined;
  return { layer, node: node as number, tensor: tensor as number };
}

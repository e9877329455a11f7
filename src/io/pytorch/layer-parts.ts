import { BatchNormalization } from '../../layers/batch-normalization.js';
import { Conv1D } from '../../layers/conv-1d.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import type { Layer } from '../../layers/layer.js';
import { LayerNormalization } from '../../layers/layer-normalization.js';
import { MultiHeadAttention } from '../../layers/multi-head-attention.js';
import { type Shape, sizeOf } from '../../shape.js';
import type { Variable } from '../../tensor/variable.js';
import type { TorchKind } from './torch-modules.js';

/** A weight of a layer, and where its numbers lie in a tensor of the module that computes the same. */
export interface Part {
  readonly variable: Variable;
  /** The tensor's name in its module, such as `in_proj_weight`, and its shape. */
  readonly role: string;
  readonly shape: Shape;
  /** The place of the weight's first number in the tensor; several weights may share one. */
  readonly begin: number;
  /** Sizes of the part's axes in PyTorch, where they stand in the reverse order here. */
  readonly reversed?: Shape | undefined;
}

/** A layer as a module of PyTorch. */
export interface Counterpart {
  readonly kind: TorchKind;
  readonly parts: readonly Part[];
}

/** Of a layer that is no recurrent one and has its weights: the module, or what keeps it from being one. */
export function counterpartOf(layer: Layer<unknown>): Counterpart | string {
  const weights = new Map([...layer.namedWeights('')].map(([path, { variable }]) => [path.slice(1), variable]));
  if (layer instanceof Dense) return { kind: 'Linear', parts: kernelParts(weights) };
  if (layer instanceof Conv1D) return { kind: 'Conv1d', parts: kernelParts(weights) };
  if (layer instanceof Embedding) {
    const table = weights.get('embeddings')!;
    return { kind: 'Embedding', parts: [same(table, 'weight')] };
  }
  if (layer instanceof LayerNormalization) {
    const parts = named(weights, { gamma: 'weight', beta: 'bias' });
    return weights.has('gamma') ? { kind: 'LayerNorm', parts } : 'it has no scale';
  }
  if (layer instanceof BatchNormalization) {
    const roles = { gamma: 'weight', beta: 'bias', movingMean: 'running_mean', movingVariance: 'running_var' };
    const isWhole = weights.has('gamma') === weights.has('beta');
    return isWhole ? { kind: 'BatchNorm1d', parts: named(weights, roles) } : 'it has one of scale and center alone';
  }
  if (layer instanceof MultiHeadAttention) return attentionCounterpart(layer, weights);
  return 'it has no counterpart';
}

/** `[in, out]` here and `[out, in]` there, or of a convolution `[kernelSize, in, filters]` and `[filters, in, kernelSize]`. */
function kernelParts(weights: ReadonlyMap<string, Variable>): Part[] {
  return [reversed(weights.get('kernel')!, 'weight'), ...named(weights, { bias: 'bias' })];
}

/**
 * `[features, heads, depth]` here and `[heads * depth, features]` there; query, key and value one below the other in
 * `in_proj_weight` where they have the same features.
 */
function attentionCounterpart(layer: MultiHeadAttention, weights: ReadonlyMap<string, Variable>): Counterpart | string {
  const { numHeads, keyDim, valueDim } = layer;
  const { slidingWindow, useGate } = layer.getConfig();
  if (slidingWindow !== undefined) return 'slidingWindow';
  if (useGate === true) return 'useGate';
  const width = numHeads * keyDim;
  const kernels = ['query', 'key', 'value'].map((name) => weights.get(`${name}/kernel`)!);
  const output = weights.get('attentionOutput/kernel')!;
  const isOfTorch =
    valueDim === keyDim && kernels[0].shape[0] === width && String(output.shape.slice(2)) === `${width}`;
  if (!isOfTorch) return 'heads whose widths are not together those of a query, of what is attended and of the output';
  const isPacked = kernels.every(({ shape }) => shape[0] === width);
  const roles = isPacked
    ? Array<string>(3).fill('in_proj_weight')
    : ['q_proj_weight', 'k_proj_weight', 'v_proj_weight'];
  const parts: Part[] = kernels.map((variable, i) => {
    const features = variable.shape[0];
    const shape = isPacked ? [3 * width, width] : [width, features];
    return { variable, role: roles[i], shape, begin: isPacked ? i * width * width : 0, reversed: [width, features] };
  });
  parts.push({ variable: output, role: 'out_proj.weight', shape: [width, width], begin: 0, reversed: [width, width] });
  const biases = ['query', 'key', 'value'].map((name) => weights.get(`${name}/bias`));
  biases.forEach((variable, i) => {
    if (variable !== undefined) parts.push({ variable, role: 'in_proj_bias', shape: [3 * width], begin: i * width });
  });
  return {
    kind: 'MultiheadAttention',
    parts: [...parts, ...named(weights, { 'attentionOutput/bias': 'out_proj.bias' })],
  };
}

function same(variable: Variable, role: string): Part {
  return { variable, role, shape: variable.shape, begin: 0 };
}

function reversed(variable: Variable, role: string): Part {
  const shape = [...variable.shape].reverse();
  return { variable, role, shape, begin: 0, reversed: shape };
}

function named(weights: ReadonlyMap<string, Variable>, roles: Readonly<Record<string, string>>): Part[] {
  return Object.entries(roles).flatMap(([name, role]) => {
    const variable = weights.get(name);
    return variable === undefined ? [] : [same(variable, role)];
  });
}

/** The numbers of a part, in the order of the weight. @param tensor the numbers of the whole tensor. */
export function weightNumbers({ variable, begin, reversed }: Part, tensor: ArrayLike<number>): ArrayLike<number> {
  if (reversed !== undefined) return reversedAxes(tensor, begin, reversed);
  return ArrayBuffer.isView(tensor) ? (tensor as Float32Array).subarray(begin, begin + variable.size) : tensor;
}

/** The inverse of {@link weightNumbers}. */
export function putIntoTensor({ begin, reversed }: Part, weight: ArrayLike<number>, tensor: Float32Array): void {
  tensor.set(reversed === undefined ? weight : reversedAxes(weight, 0, [...reversed].reverse()), begin);
}

/** Numbers of a shape of two or three axes, from `begin` on, with its axes in the reverse order. */
function reversedAxes(values: ArrayLike<number>, begin: number, shape: Shape): Float32Array {
  const [first, second, third = 1] = shape;
  const result = new Float32Array(sizeOf(shape));
  let at = 0;
  for (let k = 0; k < third; k++)
    for (let j = 0; j < second; j++)
      for (let i = 0; i < first; i++) result[at++] = values[begin + (i * second + j) * third + k];
  return result;
}

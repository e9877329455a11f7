import type { Layer } from '../../layers/layer.js';
import { type Shape, sizeOf } from '../../shape.js';
import type { Model } from '../../training/model.js';
import type { DecodedTensor } from '../safetensors.js';
import { type Counterpart, counterpartOf, putIntoTensor } from './layer-parts.js';
import { torchTensors } from './recurrent-weights.js';
import { cellsOf, isRecurrent, moduleOfLayer, type NamedLayer, type Recurrent, torchLayersOf } from './torch-layers.js';
import { batchCount, nameIn, torchModules } from './torch-modules.js';

/**
 * The weights of a model as PyTorch names and stores them, for modules with the names of the layers: recurrent layers as nn.RNN,
 * nn.LSTM and nn.GRU (`lstm.weight_ih_l0`), Dense as nn.Linear, Embedding, LayerNormalization, BatchNormalization as nn.BatchNorm1d,
 * Conv1D as nn.Conv1d (its kernel `[filters, features, kernelSize]`), MultiHeadAttention as nn.MultiheadAttention. Layers named `NAME_l0`,
 * `NAME_l1`, ... are one module of several layers. A second bias that PyTorch adds is zeros.
 *
 * A state dict holds no activations and no `epsilon`: PyTorch's nn.LayerNorm has 1e-5, LayerNormalization 1e-3 by default.
 *
 * @throws USAGE where a layer has no counterpart, or the model no weights yet
 *
 * @example
 * const bytes = encodeSafetensors(await stateDictOf(model), { format: 'pt' });
 */
export async function stateDictOf(model: Model): Promise<Map<string, DecodedTensor>> {
  const layers = torchLayersOf(model, 'stateDictOf');
  // Layers of one module of PyTorch are told by their names, and by fitting together.
  const grouped = await written(layers, true);
  return torchModules(grouped).leftOver.length === 0 ? grouped : written(layers, false);
}

async function written(layers: readonly NamedLayer[], isGrouped: boolean): Promise<Map<string, DecodedTensor>> {
  const state = new Map<string, DecodedTensor>();
  for (const named of layers) {
    const [name, layer] = named;
    const { module, first } = moduleOfLayer(named, isGrouped);
    const tensors = isRecurrent(layer) ? await recurrentTensors(layer, module, first) : await plainTensors(layer, name);
    for (const [key, tensor] of tensors) state.set(key, tensor);
  }
  return state;
}

async function recurrentTensors(layer: Recurrent, module: string, first: number): Promise<[string, DecodedTensor][]> {
  const result: [string, DecodedTensor][] = [];
  for (const { weights, sizes, shapes, nameOf } of cellsOf(layer, module, first)) {
    const read = await Promise.all(
      [...weights].map(async ([role, variable]) => [role, await variable.data()] as const),
    );
    for (const [role, values] of Object.entries(torchTensors(sizes, Object.fromEntries(read))))
      result.push([nameOf(role), single(values as Float64Array, shapes[role])]);
  }
  return result;
}

async function plainTensors(layer: Layer<unknown>, name: string): Promise<[string, DecodedTensor][]> {
  const { kind, parts } = counterpartOf(layer) as Counterpart;
  const tensors = new Map<string, DecodedTensor>();
  for (const part of parts) {
    const { role, shape, variable } = part;
    if (!tensors.has(role)) tensors.set(role, single(new Float32Array(sizeOf(shape)), shape));
    putIntoTensor(part, await variable.data(), tensors.get(role)!.data as Float32Array);
  }
  // PyTorch refuses a state dict without it; only a momentum of None reads it.
  if (kind === 'BatchNorm1d')
    tensors.set(batchCount, { dtype: 'I64', storedDtype: 'I64', shape: [], data: BigInt64Array.of(0n) });
  return [...tensors].map(([role, tensor]) => [nameIn(name, role), tensor]);
}

function single(values: ArrayLike<number>, shape: Shape): DecodedTensor {
  return { dtype: 'F32', storedDtype: 'F32', shape, data: Float32Array.from(values) };
}

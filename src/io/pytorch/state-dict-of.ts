import { RondoError, requireKind } from '../../errors.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import type { Layer } from '../../layers/layer.js';
import { LayerNormalization } from '../../layers/layer-normalization.js';
import { RecurrentLayer } from '../../layers/recurrent-layer.js';
import type { Shape } from '../../shape.js';
import type { Variable } from '../../tensor/variable.js';
import { Model } from '../../training/model.js';
import type { DecodedTensor } from '../safetensors.js';
import { torchTensors, transposed } from './recurrent-weights.js';
import { type RecurrentKind, recurrentName, torchModules } from './torch-modules.js';

/** The kinds of PyTorch that compute what cells compute. */
const kindOfCell: Readonly<Record<string, RecurrentKind>> = { lstm: 'LSTM', lstmp: 'LSTM', gru: 'GRU', simple: 'RNN' };

/**
 * The weights of a model as PyTorch names and stores them, for modules with the names of the layers: recurrent layers as nn.RNN,
 * nn.LSTM and nn.GRU (`lstm.weight_ih_l0`), Dense as nn.Linear, Embedding and LayerNormalization. Layers named `NAME_l0`,
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
  const where = 'stateDictOf';
  requireKind(model instanceof Model, model, {
    where,
    what: 'this is no model.',
    fix: 'give a Sequential or a Functional.',
  });
  if (!model.isBuilt)
    throw new RondoError('USAGE', {
      where,
      what: 'the model has no weights yet.',
      fix: 'give its first layer an inputShape.',
    });
  const layers = [...model.sublayers].filter(([, layer]) => [...layer.namedWeights('')].length > 0);
  const refused = layers.flatMap(([name, layer]) => {
    const fault = faultOf(layer);
    return fault === undefined ? [] : [`${name} (${layer.className}): ${fault}`];
  });
  if (refused.length > 0)
    throw new RondoError('USAGE', {
      where,
      what: 'PyTorch has no module that computes what these layers do.',
      expected:
        'LSTM, GRU, SimpleRNN and Bidirectional with the defaults of PyTorch, Dense, Embedding, LayerNormalization',
      received: refused.slice(0, 10).join('; '),
      fix: 'save the model with saveModel, or write its weights with encodeSafetensors.',
    });
  // Layers of one module of PyTorch are told by their names, and by fitting together.
  const grouped = await written(layers, true);
  return torchModules(grouped).leftOver.length === 0 ? grouped : written(layers, false);
}

async function written(
  layers: readonly (readonly [string, Layer<unknown>])[],
  isGrouped: boolean,
): Promise<Map<string, DecodedTensor>> {
  const state = new Map<string, DecodedTensor>();
  for (const [name, layer] of layers) {
    const parts = isGrouped && isRecurrent(layer) ? /^(.+)_l(\d{1,4})$/.exec(name) : null;
    const tensors = isRecurrent(layer)
      ? await recurrentTensors(layer, parts?.[1] ?? name, Number(parts?.[2] ?? 0))
      : await plainTensors(layer, name);
    for (const [key, tensor] of tensors) state.set(key, tensor);
  }
  return state;
}

type Recurrent = RecurrentLayer<boolean> | Bidirectional;

function isRecurrent(layer: Layer<unknown>): layer is Recurrent {
  return layer instanceof RecurrentLayer || layer instanceof Bidirectional;
}

/** Why PyTorch cannot compute what a layer does; undefined where it can. */
function faultOf(layer: Layer<unknown>): string | undefined {
  if ([...layer.namedWeights('')].some(([, { variable }]) => variable.compressed !== undefined))
    return 'its weights are compressed';
  if (layer instanceof Bidirectional) {
    if (layer.mergeMode !== 'concat') return `mergeMode ${layer.mergeMode}`;
    const { forwardLayer, backwardLayer } = layer;
    if (forwardLayer.cells.length > 1) return 'several cells in each direction';
    return (
      faultOf(forwardLayer) ??
      faultOf(backwardLayer) ??
      (forwardLayer.className === backwardLayer.className ? undefined : 'two different directions')
    );
  }
  if (layer instanceof RecurrentLayer) return faultOfRecurrent(layer as RecurrentLayer<boolean>);
  const isKnown = layer instanceof Dense || layer instanceof Embedding || layer instanceof LayerNormalization;
  if (!isKnown) return 'it has no counterpart';
  return layer instanceof LayerNormalization && !weightsOf(layer).has('gamma') ? 'it has no scale' : undefined;
}

function faultOfRecurrent(layer: RecurrentLayer<boolean>): string | undefined {
  const kinds = layer.cells.map(({ name }) => (Object.hasOwn(kindOfCell, name) ? kindOfCell[name] : undefined));
  const unknown = kinds.indexOf(undefined);
  if (unknown >= 0) return `the cell ${layer.cells[unknown].name}`;
  if (new Set(kinds).size > 1 || new Set(layer.units).size > 1) return 'cells that differ';
  const { goBackwards, activation = 'tanh', recurrentActivation = 'sigmoid', cell } = layer.getConfig();
  if (goBackwards === true) return 'goBackwards';
  if (kinds[0] === 'RNN' ? activation !== 'tanh' && activation !== 'relu' : activation !== 'tanh')
    return 'its activation';
  if (kinds[0] !== 'RNN' && recurrentActivation !== 'sigmoid') return 'its recurrentActivation';
  if ([cell].flat().some((member) => typeof member === 'object')) return 'cells with options of their own';
  const known = ['kernel', 'recurrentKernel', 'bias', 'projectionKernel'];
  for (const [path, { variable }] of layer.namedWeights('')) {
    const role = path.split('/').at(-1)!;
    if (!known.includes(role)) return `the weight ${role}`;
    if (role === 'recurrentKernel' && variable.shape.length !== 2) return 'several heads';
  }
  return undefined;
}

async function recurrentTensors(layer: Recurrent, module: string, first: number): Promise<[string, DecodedTensor][]> {
  const directions = layer instanceof Bidirectional ? [layer.forwardLayer, layer.backwardLayer] : [layer];
  const result: [string, DecodedTensor][] = [];
  for (const [backward, direction] of directions.entries()) {
    const cells = [...direction.sublayers.values()];
    for (const [i, cell] of cells.entries()) {
      const weights = weightsOf(cell);
      const numbers = Object.fromEntries(
        await Promise.all([...weights].map(async ([role, variable]) => [role, await variable.data()] as const)),
      );
      const sizes = {
        kind: kindOfCell[direction.cells[i].name],
        features: weights.get('kernel')!.shape[0],
        units: direction.units[i],
        projection: weights.get('projectionKernel')?.shape[1],
      };
      const rows = weights.get('kernel')!.shape[1];
      const { units, features, projection } = sizes;
      const shapes: Readonly<Record<string, Shape>> = {
        weight_ih: [rows, features],
        weight_hh: [rows, projection ?? units],
        weight_hr: [projection ?? 0, units],
        bias_ih: [rows],
        bias_hh: [rows],
      };
      for (const [role, values] of Object.entries(torchTensors(sizes, numbers)))
        result.push([
          recurrentName(module, role, first + i, backward === 1),
          single(values as Float64Array, shapes[role]),
        ]);
    }
  }
  return result;
}

async function plainTensors(layer: Layer<unknown>, name: string): Promise<[string, DecodedTensor][]> {
  const weights = weightsOf(layer);
  const result: [string, DecodedTensor][] = [];
  for (const [role, variable] of weights) {
    const values = await variable.data();
    const { shape } = variable;
    if (role === 'kernel')
      result.push([`${name}.weight`, single(transposed(values, shape[0], shape[1]), [shape[1], shape[0]])]);
    else result.push([`${name}.${role === 'bias' || role === 'beta' ? 'bias' : 'weight'}`, single(values, shape)]);
  }
  return result;
}

/** Weights by the last part of their path. */
function weightsOf(layer: Layer<unknown>): Map<string, Variable> {
  return new Map([...layer.namedWeights('')].map(([path, { variable }]) => [path.split('/').at(-1)!, variable]));
}

function single(values: ArrayLike<number>, shape: Shape): DecodedTensor {
  return { dtype: 'F32', storedDtype: 'F32', shape, data: Float32Array.from(values) };
}

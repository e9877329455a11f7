import { RondoError, requireKind } from '../../errors.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import type { Layer } from '../../layers/layer.js';
import { RecurrentLayer } from '../../layers/recurrent-layer.js';
import type { Shape } from '../../shape.js';
import type { Variable } from '../../tensor/variable.js';
import { Model } from '../../training/model.js';
import { counterpartOf } from './layer-parts.js';
import type { RecurrentSizes } from './recurrent-weights.js';
import { type RecurrentKind, recurrentName } from './torch-modules.js';

/** The kinds of PyTorch that compute what cells compute. */
const kindOfCell: Readonly<Record<string, RecurrentKind>> = { lstm: 'LSTM', lstmp: 'LSTM', gru: 'GRU', simple: 'RNN' };

export type NamedLayer = readonly [name: string, layer: Layer<unknown>];
export type Recurrent = RecurrentLayer<boolean> | Bidirectional;

/** The layers of a model that have weights. @throws USAGE where one has no counterpart in PyTorch, or there are no weights yet */
export function torchLayersOf(model: Model, where: string): NamedLayer[] {
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
  if (refused.length === 0) return layers;
  throw new RondoError('USAGE', {
    where,
    what: 'PyTorch has no module that computes what these layers do.',
    expected:
      'LSTM, GRU, SimpleRNN and Bidirectional with the defaults of PyTorch, Dense, Embedding, LayerNormalization, ' +
      'BatchNormalization, Conv1D, MultiHeadAttention',
    received: refused.slice(0, 10).join('; '),
    fix: 'save the model with saveModel, or write its weights with encodeSafetensors.',
  });
}

export function isRecurrent(layer: Layer<unknown>): layer is Recurrent {
  return layer instanceof RecurrentLayer || layer instanceof Bidirectional;
}

/** The module that a layer is, or, of `NAME_l0`, `NAME_l1`, ..., that it is a layer of, and its place in that. */
export function moduleOfLayer([name, layer]: NamedLayer, isGrouped: boolean): { module: string; first: number } {
  const parts = isGrouped && isRecurrent(layer) ? /^(.+)_l(\d{1,4})$/.exec(name) : null;
  return { module: parts?.[1] ?? name, first: Number(parts?.[2] ?? 0) };
}

/** One layer and direction of a recurrent module. */
export interface TorchCell {
  readonly sizes: RecurrentSizes;
  /** Weights of the cell by their last names. */
  readonly weights: ReadonlyMap<string, Variable>;
  /** Shapes of the module's tensors by role. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /** The name of the tensor of a role. */
  readonly nameOf: (role: string) => string;
}

/** @param first the place of the layer's first cell among the layers of its module. */
export function cellsOf(layer: Recurrent, module: string, first: number): TorchCell[] {
  const directions = layer instanceof Bidirectional ? [layer.forwardLayer, layer.backwardLayer] : [layer];
  return directions.flatMap((direction, backward) =>
    [...direction.sublayers.values()].map((cell, i): TorchCell => {
      const weights = weightsOf(cell);
      const [features, rows] = weights.get('kernel')!.shape;
      const units = direction.units[i];
      const projection = weights.get('projectionKernel')?.shape[1];
      return {
        sizes: { kind: kindOfCell[direction.cells[i].name], features, units, projection },
        weights,
        shapes: {
          weight_ih: [rows, features],
          weight_hh: [rows, projection ?? units],
          ...(projection !== undefined && { weight_hr: [projection, units] }),
          ...(weights.has('bias') && { bias_ih: [rows], bias_hh: [rows] }),
        },
        nameOf: (role) => recurrentName(module, role, first + i, backward === 1),
      };
    }),
  );
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
  const counterpart = counterpartOf(layer);
  return typeof counterpart === 'string' ? counterpart : undefined;
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

/** Weights by the last part of their path. */
export function weightsOf(layer: Layer<unknown>): Map<string, Variable> {
  return new Map([...layer.namedWeights('')].map(([path, { variable }]) => [path.split('/').at(-1)!, variable]));
}

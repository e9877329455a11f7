import type { ActivationName } from '../../expression/activations.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import type { Layer } from '../../layers/layer.js';
import { LayerNormalization } from '../../layers/layer-normalization.js';
import { LSTM } from '../../layers/lstm.js';
import type { RecurrentLayer } from '../../layers/recurrent-layer.js';
import { SimpleRNN } from '../../layers/simple-rnn.js';
import type { ChainedModule } from './chain-of-modules.js';
import type { StateDict } from './read-state-dict.js';
import { cellWeights, type TorchTensors, transposed } from './recurrent-weights.js';
import { type RecurrentKind, recurrentName } from './torch-modules.js';

/** PyTorch's default of nn.LayerNorm; Keras's is 1e-3. */
const layerNormEpsilon = 1e-5;

/** What a state dict does not say of a module. */
export interface ModuleOptions {
  /** Of a Linear its activation, of an nn.RNN its nonlinearity. */
  readonly activation?: ActivationName | undefined;
  /** Whether the last layer of a recurrent module gives every step. */
  readonly returnSequences: boolean;
}

/** Layers of a module, and what puts the module's tensors into them once they are built. */
export interface LayersOfModule {
  readonly layers: readonly Layer[];
  readonly load: () => void;
}

export function layersOfModule(
  { module, kind }: ChainedModule,
  state: StateDict,
  options: ModuleOptions,
): LayersOfModule {
  const name = module.name === '' ? kind.toLowerCase() : module.name;
  const prefix = module.name === '' ? '' : `${module.name}.`;
  const numbers = (role: string): ArrayLike<number> => state.get(prefix + role)!.data as Float64Array | Float32Array;
  if (module.recurrent !== undefined) return recurrentLayers(module.recurrent, { module, kind }, name, state, options);
  const [rows, columns = rows] = module.weightShape!;
  const { hasBias } = module;
  if (kind === 'LayerNorm')
    return loaded(new LayerNormalization({ name, epsilon: layerNormEpsilon, center: hasBias }), () => ({
      gamma: numbers('weight'),
      ...(hasBias && { beta: numbers('bias') }),
    }));
  if (kind === 'Embedding')
    return loaded(new Embedding({ name, inputDim: rows, outputDim: columns }), () => ({
      embeddings: numbers('weight'),
    }));
  return loaded(new Dense({ name, units: rows, useBias: hasBias, activation: options.activation }), () => ({
    kernel: transposed(numbers('weight'), rows, columns),
    ...(hasBias && { bias: numbers('bias') }),
  }));
}

function loaded(layer: Layer, weights: () => Readonly<Record<string, ArrayLike<number>>>): LayersOfModule {
  return { layers: [layer], load: () => assign(layer, weights()) };
}

/** One layer for each of the module's; with several their names end with `_l0`, `_l1`, ... */
function recurrentLayers(
  { features, units, projection, numLayers, isBidirectional }: NonNullable<ChainedModule['module']['recurrent']>,
  { module, kind }: ChainedModule,
  name: string,
  state: StateDict,
  { activation, returnSequences }: ModuleOptions,
): LayersOfModule {
  const width = (projection ?? units) * (isBidirectional ? 2 : 1);
  const members = Array.from({ length: numLayers }, (_, i) => {
    const own = numLayers === 1 ? name : `${name}_l${i}`;
    const options = {
      name: own,
      units,
      useBias: module.hasBias,
      returnSequences: returnSequences || i < numLayers - 1,
      ...(activation !== undefined && { activation }),
    };
    const layer =
      kind === 'LSTM'
        ? new LSTM({ ...options, ...(projection !== undefined && { projectionUnits: projection }) })
        : kind === 'GRU'
          ? new GRU(options)
          : new SimpleRNN(options);
    const outer = isBidirectional ? new Bidirectional({ name: own, layer: layer as RecurrentLayer<boolean> }) : layer;
    const directions = outer instanceof Bidirectional ? [outer.forwardLayer, outer.backwardLayer] : [outer];
    const load = (): void =>
      directions.forEach((direction, backward) => {
        const tensor = (role: string): ArrayLike<number> | undefined =>
          state.get(recurrentName(module.name, role, i, backward === 1))?.data as Float64Array | undefined;
        const roles = ['weight_ih', 'weight_hh', 'weight_hr', 'bias_ih', 'bias_hh'];
        const tensors = Object.fromEntries(roles.map((role) => [role, tensor(role)])) as unknown as TorchTensors;
        const sizes = { kind: kind as RecurrentKind, features: i === 0 ? features : width, units, projection };
        assign(direction as Layer, cellWeights(sizes, tensors));
      });
    return { layer: outer as Layer, load };
  });
  return { layers: members.map(({ layer }) => layer), load: () => members.forEach(({ load }) => load()) };
}

/** Weights by the last part of their path. */
function assign(layer: Layer, weights: Readonly<Record<string, ArrayLike<number>>>): void {
  for (const [path, { variable }] of layer.namedWeights('')) variable.assign(weights[path.split('/').at(-1)!]);
}

import { RondoError } from '../../errors.js';
import type { ActivationName } from '../../expression/activations.js';
import { BatchNormalization } from '../../layers/batch-normalization.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Conv1D } from '../../layers/conv-1d.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import type { Layer } from '../../layers/layer.js';
import { LayerNormalization } from '../../layers/layer-normalization.js';
import { LSTM } from '../../layers/lstm.js';
import { MultiHeadAttention } from '../../layers/multi-head-attention.js';
import type { RecurrentLayer } from '../../layers/recurrent-layer.js';
import { SimpleRNN } from '../../layers/simple-rnn.js';
import type { WindowPadding } from '../../layers/windows.js';
import { ZeroPadding1D } from '../../layers/zero-padding-1d.js';
import type { ChainedModule } from './chain-of-modules.js';
import { loadingOf, misfitsOf } from './load-layer.js';
import type { TorchModuleOptions } from './module-options.js';
import type { StateDict } from './read-state-dict.js';
import type { TorchKind, TorchModule } from './torch-modules.js';

/** PyTorch's default of normalisations; Keras's is 1e-3. */
const torchEpsilon = 1e-5;

/** What a state dict does not say of a module. */
export interface ModuleOptions {
  /** Of a Linear or a Conv1d its activation, of an nn.RNN its nonlinearity. */
  readonly activation?: ActivationName | undefined;
  /** What its constructor was given. */
  readonly module?: TorchModuleOptions | undefined;
  /** Whether the last layer of a recurrent module gives every step. */
  readonly returnSequences: boolean;
}

/** Layers of a module, and what puts the module's tensors into them once they are built. */
export interface LayersOfModule {
  readonly layers: readonly Layer[];
  readonly load: () => void;
}

/** @throws USAGE, OUT_OF_RANGE where options do not fit the module */
export function layersOfModule(
  { module, kind }: ChainedModule,
  state: StateDict,
  options: ModuleOptions,
): LayersOfModule {
  const name = module.name === '' ? kind.toLowerCase() : module.name;
  if (module.recurrent !== undefined) return recurrentLayers(module.recurrent, { module, kind }, name, state, options);
  const { activation, module: given = {} } = options;
  const layers = plainLayers(kind, name, module, given, activation);
  return { layers, load: () => load(layers.at(-1)!, module.name, 0, state) };
}

/** The layers of a module that is no recurrent one, of which the last has its weights. */
function plainLayers(
  kind: TorchKind,
  name: string,
  { hasBias, weightShape }: TorchModule,
  { stride = 1, dilation = 1, groups = 1, eps = torchEpsilon, momentum = 0.1, ...given }: TorchModuleOptions,
  activation: ActivationName | undefined,
): Layer[] {
  const [rows, columns = rows, kernelSize] = weightShape!;
  if (kind === 'LayerNorm') return [new LayerNormalization({ name, epsilon: eps, center: hasBias })];
  if (kind === 'BatchNorm1d')
    return [new BatchNormalization({ name, epsilon: eps, momentum: 1 - momentum, center: hasBias, scale: hasBias })];
  if (kind === 'Embedding') return [new Embedding({ name, inputDim: rows, outputDim: columns })];
  if (kind === 'Linear') return [new Dense({ name, units: rows, useBias: hasBias, activation })];
  if (kind === 'MultiheadAttention') {
    const { num_heads: numHeads = 1, is_causal: useCausalMask } = given;
    if (rows % numHeads !== 0)
      throw new RondoError('OUT_OF_RANGE', {
        where: name,
        what: 'the heads do not divide the features.',
        expected: `a divisor of ${rows}`,
        received: String(numHeads),
        fix: 'give the num_heads that the module was made with.',
      });
    return [new MultiHeadAttention({ name, numHeads, keyDim: rows / numHeads, useBias: hasBias, useCausalMask })];
  }
  const { padding = 0 } = given;
  const options = { name, filters: rows, kernelSize, strides: stride, dilationRate: dilation, groups, activation };
  const conv = (how: WindowPadding): Layer => new Conv1D({ ...options, useBias: hasBias, padding: how });
  if (padding === 'same' && stride > 1)
    throw new RondoError('USAGE', {
      where: name,
      what: 'PyTorch pads to the same length only where the stride is 1.',
      received: `stride ${stride}`,
      fix: 'give the padding as a number.',
    });
  if (padding === 'same' || padding === 'valid' || padding === 0) return [conv(padding || 'valid')];
  if (stride === 1 && 2 * padding === dilation * (kernelSize - 1)) return [conv('same')];
  return [new ZeroPadding1D({ name: `${name}_padding`, padding }), conv('valid')];
}

/** One layer for each of the module's; with several their names end with `_l0`, `_l1`, ... */
function recurrentLayers(
  { units, projection, numLayers, isBidirectional }: NonNullable<ChainedModule['module']['recurrent']>,
  { module, kind }: ChainedModule,
  name: string,
  state: StateDict,
  { activation, returnSequences }: ModuleOptions,
): LayersOfModule {
  const layers = Array.from({ length: numLayers }, (_, i) => {
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
    return outer as Layer;
  });
  return { layers, load: () => layers.forEach((layer, i) => load(layer, module.name, i, state)) };
}

/** @throws SHAPE_MISMATCH where the layer was built for another width than the module's */
function load(layer: Layer, module: string, first: number, state: StateDict): void {
  const loading = loadingOf(layer, module, first, state);
  const faults = misfitsOf(loading.wanted, state);
  if (faults.length === 0) return loading.load();
  throw new RondoError('SHAPE_MISMATCH', {
    where: layer.name,
    what: 'the module was made for another width than it is given.',
    received: faults.join('; '),
    fix: 'put the modules in the order in which they run, and give each the options it was made with.',
  });
}

import { BatchNormalization } from '../../layers/batch-normalization.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Conv1D } from '../../layers/conv-1d.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import type { Layer, OpenShape } from '../../layers/layer.js';
import { LayerNormalization } from '../../layers/layer-normalization.js';
import { MultiHeadAttention } from '../../layers/multi-head-attention.js';
import { activated, featuresFirst } from './module-forward.js';
import { isRecurrent, type Recurrent } from './torch-layers.js';
import type { TorchModule } from './torch-modules.js';

/** How a module is made and called in Python. */
export interface ModuleInPython {
  /** Such as `nn.Linear(3, 5)`. */
  readonly constructor: string;
  /** An expression of the module and of what it reads. */
  readonly call: (module: string, inputs: readonly string[]) => string;
}

/** Arguments of a call, those that have their defaults left out. */
function call(name: string, ...args: (string | number | undefined | false)[]): string {
  return `nn.${name}(${args.filter((each) => each !== undefined && each !== false).join(', ')})`;
}

/** A layer with weights as PyTorch makes and calls it, or what keeps it from that. @param rank of what it reads. */
export function moduleInPython(layer: Layer<unknown>, module: TorchModule, shape: OpenShape): ModuleInPython | string {
  const { hasBias, weightShape } = module;
  const config = layer.getConfig();
  const noBias = !hasBias && 'bias=False';
  if (isRecurrent(layer)) return recurrentInPython(layer, module);
  const [rows, columns = rows, kernelSize] = weightShape!;
  if (layer instanceof Dense) {
    const { activation = 'linear' } = config as { activation?: Parameters<typeof activated>[0] };
    return {
      constructor: call('Linear', columns, rows, noBias),
      call: (self, [x]) => activated(activation, `${self}(${x})`),
    };
  }
  if (layer instanceof Embedding) {
    if (config.maskZero === true) return 'maskZero: PyTorch has no masks that go along';
    return { constructor: call('Embedding', rows, columns), call: (self, [x]) => `${self}(${x}.long())` };
  }
  const isLast = config.axis === undefined || config.axis === -1 || config.axis === shape.length - 1;
  if (layer instanceof LayerNormalization)
    return isLast
      ? {
          constructor: call('LayerNorm', rows, `eps=${String(config.epsilon)}`, noBias),
          call: (self, [x]) => `${self}(${x})`,
        }
      : 'another axis than the last';
  if (layer instanceof BatchNormalization) {
    if (!isLast || shape.length > 3) return 'another axis than the last of two or three';
    const momentum = `momentum=${String(Number((1 - layer.momentum).toPrecision(12)))}`;
    const own = (self: string) => (x: string) => `${self}(${x})`;
    return {
      constructor: call('BatchNorm1d', rows, `eps=${String(config.epsilon)}`, momentum, !hasBias && 'affine=False'),
      call: (self, [x]) => (shape.length === 2 ? own(self)(x) : featuresFirst(own(self), x)),
    };
  }
  if (layer instanceof MultiHeadAttention) return attentionInPython(layer, module);
  return layer instanceof Conv1D
    ? convolutionInPython(layer, [rows, columns, kernelSize], hasBias)
    : 'it has no counterpart';
}

function convolutionInPython(
  layer: Conv1D,
  [filters, width, kernelSize]: readonly number[],
  hasBias: boolean,
): ModuleInPython {
  const config = layer.getConfig();
  const { activation = 'linear' } = config as { activation?: Parameters<typeof activated>[0] };
  const [stride, dilation, groups] = [config.strides, config.dilationRate, config.groups].map(Number);
  const isSame = config.padding === 'same';
  const constructor = call(
    'Conv1d',
    width * groups,
    filters,
    kernelSize,
    stride > 1 && `stride=${stride}`,
    isSame && stride === 1 && "padding='same'",
    dilation > 1 && `dilation=${dilation}`,
    groups > 1 && `groups=${groups}`,
    !hasBias && 'bias=False',
  );
  const reach = dilation * (kernelSize - 1);
  const padded = (x: string): string => {
    if (config.padding === 'causal' && reach > 0) return `F.pad(${x}, (${reach}, 0))`;
    return isSame && stride > 1 ? `_same(${x}, ${kernelSize}, ${stride})` : x;
  };
  return {
    constructor,
    call: (self, [x]) =>
      activated(
        activation,
        featuresFirst((y) => `${self}(${padded(y)})`, x),
      ),
  };
}

/** What `_same` is: zeros at both ends, one more at the right where their number is odd, for a stride above 1. */
export const samePadding = `def _same(x, size, stride):
    length = x.shape[-1]
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return F.pad(x, (total // 2, total - total // 2))
`;

function attentionInPython(
  layer: MultiHeadAttention,
  { hasBias, tensors, weightShape }: TorchModule,
): ModuleInPython | string {
  const { useCausalMask, returnAttentionScores } = layer.getConfig();
  if (returnAttentionScores === true) return 'returnAttentionScores';
  const isPacked = tensors.some((name) => name.endsWith('in_proj_weight'));
  const widths = new Map([...layer.namedWeights('')].map(([path, { variable }]) => [path, variable.shape[0]]));
  const constructor = call(
    'MultiheadAttention',
    weightShape![0],
    layer.numHeads,
    !hasBias && 'bias=False',
    !isPacked && `kdim=${widths.get('/key/kernel')}, vdim=${widths.get('/value/kernel')}`,
    'batch_first=True',
  );
  return {
    constructor,
    call: (self, [query, value = query, key = value]) => {
      const seen = useCausalMask === true ? `attn_mask=_later(${query}, ${key}), ` : '';
      return `${self}(${query}, ${key}, ${value}, ${seen}need_weights=False)[0]`;
    },
  };
}

/** What `_later` is: true where a key stands behind a query, and is hidden from it. */
export const laterKeys = `def _later(query, key):
    hidden = torch.ones(query.shape[1], key.shape[1], dtype=torch.bool, device=query.device)
    return torch.triu(hidden, diagonal=1)
`;

/** Options that change what a recurrent layer gives, and that PyTorch has not. */
const recurrentFaults: readonly string[] = ['stateful', 'zoneout', 'returnState'];

/** What of a recurrent layer PyTorch has not, in either direction. */
export function recurrentFault(layer: Recurrent): string | undefined {
  const directions = layer instanceof Bidirectional ? [layer.forwardLayer, layer.backwardLayer] : [layer];
  const configs = directions.map((direction) => direction.getConfig());
  return recurrentFaults.find((name) =>
    configs.some((config) => config[name] !== undefined && config[name] !== false && config[name] !== 0),
  );
}

/** What a module of PyTorch has once for all of its layers. */
export function nonlinearityOf(layer: Recurrent): string {
  const [forward, backward = forward] =
    layer instanceof Bidirectional ? [layer.forwardLayer, layer.backwardLayer] : [layer];
  return [forward, backward].map((direction) => String(direction.getConfig().activation ?? 'tanh')).join(' and ');
}

function recurrentInPython(layer: Recurrent, { kinds, recurrent, hasBias }: TorchModule): ModuleInPython | string {
  const [kind] = kinds;
  const { features, units, projection, numLayers, isBidirectional } = recurrent!;
  const inner = layer instanceof Bidirectional ? layer.forwardLayer : layer;
  const config = inner.getConfig();
  const fault = recurrentFault(layer);
  if (fault !== undefined) return fault;
  const nonlinearities = nonlinearityOf(layer);
  if (new Set(nonlinearities.split(' and ')).size > 1) return `the activations ${nonlinearities}`;
  const constructor = call(
    kind,
    features,
    units,
    numLayers > 1 && `num_layers=${numLayers}`,
    kind === 'RNN' && config.activation === 'relu' && "nonlinearity='relu'",
    !hasBias && 'bias=False',
    'batch_first=True',
    isBidirectional && 'bidirectional=True',
    projection !== undefined && `proj_size=${projection}`,
  );
  const width = projection ?? units;
  return {
    constructor,
    call: (self, [x]) => {
      if (config.returnSequences === true) return `${self}(${x})[0]`;
      return isBidirectional ? `_ends(${self}(${x})[0], ${width})` : `${self}(${x})[0][:, -1]`;
    },
  };
}

/** What `_ends` is: of two directions, what each has read all of. */
export const bothEnds = `def _ends(output, width):
    return torch.cat([output[:, -1, :width], output[:, 0, width:]], -1)
`;

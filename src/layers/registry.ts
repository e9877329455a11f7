import { RondoError, unknownName } from '../errors.js';
import { Activation } from './activation.js';
import { ActivationPenalty } from './activation-penalty.js';
import { AdaptiveSoftmax } from './adaptive-softmax.js';
import { Bidirectional } from './bidirectional.js';
import { Concatenate } from './concatenate.js';
import { Conv1D } from './conv-1d.js';
import { Dense } from './dense.js';
import { Dropout } from './dropout.js';
import { Embedding } from './embedding.js';
import { Flatten } from './flatten.js';
import { GlobalAveragePooling1D } from './global-average-pooling-1d.js';
import { GlobalMaxPooling1D } from './global-max-pooling-1d.js';
import { GRU } from './gru.js';
import { InputLayer } from './input-layer.js';
import { LayerNormalization } from './layer-normalization.js';
import type { Json, Layer } from './layer.js';
import { LSTM } from './lstm.js';
import { Masking } from './masking.js';
import { RepeatVector } from './repeat-vector.js';
import { Reshape } from './reshape.js';
import { RNN } from './rnn.js';
import { SampledSoftmax } from './sampled-softmax.js';
import { SimpleRNN } from './simple-rnn.js';
import { SpatialDropout1D } from './spatial-dropout-1d.js';
import { TiedDense } from './tied-dense.js';
import { TimeDistributed } from './time-distributed.js';

/** A layer as files store it: its class and what its `getConfig` returned. */
export interface LayerConfig {
  readonly className: string;
  readonly config: Readonly<Record<string, Json | undefined>>;
}

/** Makes a layer from what its `getConfig` returned. */
export type LayerMaker = (config: LayerConfig['config']) => Layer<unknown>;

/** The maker of a class whose configuration is its options. */
function plain<Options>(LayerClass: new (options: Options) => Layer<unknown>): LayerMaker {
  return (config) => new LayerClass(config as Options);
}

/** The layer inside another one's configuration. */
function nested(config: Json | undefined): Layer<unknown> {
  return layerFromConfig(config as unknown as LayerConfig);
}

const makers = new Map<string, LayerMaker>(
  Object.entries({
    Activation: plain(Activation),
    ActivationPenalty: plain(ActivationPenalty),
    AdaptiveSoftmax: plain(AdaptiveSoftmax),
    Bidirectional: (config) => {
      const backwardLayer = config.backwardLayer === undefined ? undefined : nested(config.backwardLayer);
      return new Bidirectional({ ...config, layer: nested(config.layer), backwardLayer } as ConstructorParameters<typeof Bidirectional>[0]);
    },
    Concatenate: plain(Concatenate),
    Conv1D: plain(Conv1D),
    Dense: plain(Dense),
    Dropout: plain(Dropout),
    Embedding: plain(Embedding),
    Flatten: plain(Flatten),
    GlobalAveragePooling1D: plain(GlobalAveragePooling1D),
    GlobalMaxPooling1D: plain(GlobalMaxPooling1D),
    GRU: plain(GRU),
    InputLayer: plain(InputLayer),
    LSTM: plain(LSTM),
    LayerNormalization: plain(LayerNormalization),
    Masking: plain(Masking),
    RepeatVector: plain(RepeatVector),
    Reshape: plain(Reshape),
    RNN: plain(RNN),
    SampledSoftmax: plain(SampledSoftmax),
    SimpleRNN: plain(SimpleRNN),
    SpatialDropout1D: plain(SpatialDropout1D),
    TiedDense: plain(TiedDense),
    TimeDistributed: (config) => new TimeDistributed({ ...config, layer: nested(config.layer) as Layer }),
  } satisfies Record<string, LayerMaker>),
);

const libraryNames: ReadonlySet<string> = new Set(makers.keys());

/** The names of all known layer classes. */
export function layerClassNames(): string[] {
  return [...makers.keys()];
}

/**
 * Makes a layer from its stored class and configuration, without its weights.
 *
 * @throws UNKNOWN_NAME with the nearest names; FILE_FORMAT where it is no configuration.
 */
export function layerFromConfig(stored: LayerConfig): Layer<unknown> {
  const { className, config } = stored ?? {};
  if (typeof className !== 'string' || config === null || typeof config !== 'object') {
    throw new RondoError('FILE_FORMAT', { where: 'layerFromConfig', what: 'this is no configuration of a layer.', expected: '{ className, config }', received: JSON.stringify(stored) ?? 'nothing', fix: 'use a file written by save(), or { className: layer.className, config: layer.getConfig() }.' });
  }
  const make = makers.get(className);
  if (make === undefined) throw unknownName('layerFromConfig', 'layer', className, layerClassNames());
  return make(config);
}

/**
 * Makes a class of your own known by its `className`, so that saved models that use it can be loaded:
 * `registerLayer('Scale', (config) => new Scale(config as ScaleOptions))`.
 *
 * @throws USAGE when the library has a layer of that name.
 */
export function registerLayer(className: string, make: LayerMaker): void {
  if (libraryNames.has(className)) {
    throw new RondoError('USAGE', { where: 'registerLayer', what: `\`${className}\` is a layer of the library.`, fix: 'give your class another className.' });
  }
  makers.set(className, make);
}

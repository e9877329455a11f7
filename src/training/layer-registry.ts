import { RondoError, requireKind, unknownName } from '../errors.js';
import { Activation } from '../layers/activation.js';
import { ActivationPenalty } from '../layers/activation-penalty.js';
import { AdaptiveSoftmax } from '../layers/adaptive-softmax.js';
import { Add } from '../layers/add.js';
import { AdditiveAttention } from '../layers/additive-attention.js';
import { AlphaDropout } from '../layers/alpha-dropout.js';
import { Attention } from '../layers/attention.js';
import { AttentionPooling1D } from '../layers/attention-pooling-1d.js';
import { AttentionRNN } from '../layers/attention-rnn.js';
import { Average } from '../layers/average.js';
import { AveragePooling1D } from '../layers/average-pooling-1d.js';
import { AveragePooling2D } from '../layers/average-pooling-2d.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { CategoryEncoding } from '../layers/category-encoding.js';
import { Concatenate } from '../layers/concatenate.js';
import { Conv1D } from '../layers/conv-1d.js';
import { Conv2D } from '../layers/conv-2d.js';
import { CRF } from '../layers/crf.js';
import { Cropping1D } from '../layers/cropping-1d.js';
import { Dense } from '../layers/dense.js';
import { Dot } from '../layers/dot.js';
import { Dropout } from '../layers/dropout.js';
import { Embedding } from '../layers/embedding.js';
import { Flatten } from '../layers/flatten.js';
import { GaussianNoise } from '../layers/gaussian-noise.js';
import { GlobalAveragePooling1D } from '../layers/global-average-pooling-1d.js';
import { GlobalAveragePooling2D } from '../layers/global-average-pooling-2d.js';
import { GlobalMaxPooling1D } from '../layers/global-max-pooling-1d.js';
import { GlobalMaxPooling2D } from '../layers/global-max-pooling-2d.js';
import { GroupNormalization } from '../layers/group-normalization.js';
import { GRU } from '../layers/gru.js';
import { InputLayer } from '../layers/input-layer.js';
import type { Json, Layer } from '../layers/layer.js';
import { LayerNormalization } from '../layers/layer-normalization.js';
import { LeakyReLU } from '../layers/leaky-relu.js';
import { LSTM } from '../layers/lstm.js';
import { Masking } from '../layers/masking.js';
import { MaxPooling1D } from '../layers/max-pooling-1d.js';
import { MaxPooling2D } from '../layers/max-pooling-2d.js';
import { Maximum } from '../layers/maximum.js';
import { Minimum } from '../layers/minimum.js';
import { MultiHeadAttention } from '../layers/multi-head-attention.js';
import { Multiply } from '../layers/multiply.js';
import { Permute } from '../layers/permute.js';
import { PointerGenerator } from '../layers/pointer-generator.js';
import { PReLU } from '../layers/prelu.js';
import { RepeatVector } from '../layers/repeat-vector.js';
import { Reshape } from '../layers/reshape.js';
import { restoring } from '../layers/restoring.js';
import { RNN } from '../layers/rnn.js';
import { SampledSoftmax } from '../layers/sampled-softmax.js';
import { SequencePooling1D } from '../layers/sequence-pooling-1d.js';
import { SimpleRNN } from '../layers/simple-rnn.js';
import { Softmax } from '../layers/softmax.js';
import { SpatialDropout1D } from '../layers/spatial-dropout-1d.js';
import { Subtract } from '../layers/subtract.js';
import { TiedDense } from '../layers/tied-dense.js';
import { TimeDistributed } from '../layers/time-distributed.js';
import { UpSampling1D } from '../layers/up-sampling-1d.js';
import { WordFeatures } from '../layers/word-features.js';
import { ZeroPadding1D } from '../layers/zero-padding-1d.js';
import { functionalFromConfig, type StoredFunctional } from './graph/functional-from-config.js';
import { Model } from './model.js';
import { Sequential, type SequentialOptions } from './sequential.js';

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

/** What `getConfig` of a Sequential returns. */
interface StoredSequential extends SequentialOptions {
  readonly layers: readonly LayerConfig[];
}

/**
 * Every class that a file may name. This is the only place that knows them all, and only what loads files imports it,
 * so that a page that builds its model in code carries the layers that it uses.
 */
const makers = new Map<string, LayerMaker>(
  Object.entries({
    Activation: plain(Activation),
    ActivationPenalty: plain(ActivationPenalty),
    AdaptiveSoftmax: plain(AdaptiveSoftmax),
    Add: plain(Add),
    AdditiveAttention: plain(AdditiveAttention),
    AlphaDropout: plain(AlphaDropout),
    Attention: plain(Attention),
    AttentionPooling1D: plain(AttentionPooling1D),
    AttentionRNN: plain(AttentionRNN),
    Average: plain(Average),
    AveragePooling1D: plain(AveragePooling1D),
    AveragePooling2D: plain(AveragePooling2D),
    BatchNormalization: plain(BatchNormalization),
    Bidirectional: (config) => {
      const backwardLayer = config.backwardLayer === undefined ? undefined : nested(config.backwardLayer);
      return new Bidirectional({ ...config, layer: nested(config.layer), backwardLayer } as ConstructorParameters<
        typeof Bidirectional
      >[0]);
    },
    CategoryEncoding: plain(CategoryEncoding),
    Concatenate: plain(Concatenate),
    Conv1D: plain(Conv1D),
    Conv2D: plain(Conv2D),
    CRF: plain(CRF),
    Cropping1D: plain(Cropping1D),
    Dense: plain(Dense),
    Dot: plain(Dot),
    Dropout: plain(Dropout),
    Embedding: plain(Embedding),
    Flatten: plain(Flatten),
    Functional: (config) => functionalFromConfig(config as unknown as StoredFunctional, layerFromConfig),
    GaussianNoise: plain(GaussianNoise),
    GlobalAveragePooling1D: plain(GlobalAveragePooling1D),
    GlobalAveragePooling2D: plain(GlobalAveragePooling2D),
    GlobalMaxPooling1D: plain(GlobalMaxPooling1D),
    GlobalMaxPooling2D: plain(GlobalMaxPooling2D),
    GroupNormalization: plain(GroupNormalization),
    GRU: plain(GRU),
    InputLayer: plain(InputLayer),
    LayerNormalization: plain(LayerNormalization),
    LeakyReLU: plain(LeakyReLU),
    LSTM: plain(LSTM),
    Masking: plain(Masking),
    Maximum: plain(Maximum),
    MaxPooling1D: plain(MaxPooling1D),
    MaxPooling2D: plain(MaxPooling2D),
    Minimum: plain(Minimum),
    MultiHeadAttention: plain(MultiHeadAttention),
    Multiply: plain(Multiply),
    Permute: plain(Permute),
    PointerGenerator: plain(PointerGenerator),
    PReLU: plain(PReLU),
    RepeatVector: plain(RepeatVector),
    Reshape: plain(Reshape),
    RNN: plain(RNN),
    SampledSoftmax: plain(SampledSoftmax),
    SequencePooling1D: plain(SequencePooling1D),
    Sequential: (config) => {
      const { layers, inputShape, name, trainable } = config as unknown as StoredSequential;
      return new Sequential(
        layers.map((layer) => layerFromConfig(layer) as Layer),
        { name, trainable, inputShape },
      );
    },
    SimpleRNN: plain(SimpleRNN),
    Softmax: plain(Softmax),
    SpatialDropout1D: plain(SpatialDropout1D),
    Subtract: plain(Subtract),
    TiedDense: plain(TiedDense),
    TimeDistributed: (config) => new TimeDistributed({ ...config, layer: nested(config.layer) as Layer }),
    UpSampling1D: plain(UpSampling1D),
    WordFeatures: plain(WordFeatures),
    ZeroPadding1D: plain(ZeroPadding1D),
  } satisfies Record<string, LayerMaker>),
);

const libraryNames: ReadonlySet<string> = new Set(makers.keys());

/** The names of the library's own layer classes. */
export function libraryLayerNames(): string[] {
  return [...libraryNames];
}

/**
 * Makes a layer from its stored class and configuration, without its weights.
 *
 * @throws UNKNOWN_NAME with the nearest names; FILE_FORMAT where it is no configuration.
 */
export function layerFromConfig(stored: LayerConfig): Layer<unknown> {
  const { className, config } = stored ?? {};
  if (typeof className !== 'string' || config === null || typeof config !== 'object') {
    throw new RondoError('FILE_FORMAT', {
      where: 'layerFromConfig',
      what: 'this is no configuration of a layer.',
      expected: '{ className, config }',
      received: JSON.stringify(stored) ?? 'nothing',
      fix: 'use a file written by save(), or { className: layer.className, config: layer.getConfig() }.',
    });
  }
  const make = makers.get(className);
  if (make === undefined) {
    const own =
      `A layer or model of your own is made known before: registerLayer('${className}', (config) => new ` +
      `${className}(config)).`;
    throw unknownName('layerFromConfig', 'layer', className, [...makers.keys()], own);
  }
  return restoring(() => make(config));
}

/**
 * Makes a class of your own known by its `className`, so that saved models that use it can be loaded:
 * `registerLayer('Scale', (config) => new Scale(config as ScaleOptions))`.
 *
 * @throws USAGE when the library has a layer of that name.
 */
export function registerLayer(className: string, make: LayerMaker): void {
  if (libraryNames.has(className)) {
    throw new RondoError('USAGE', {
      where: 'registerLayer',
      what: `\`${className}\` is a layer of the library.`,
      fix: 'give your class another className.',
    });
  }
  requireKind(typeof className === 'string' && typeof make === 'function', make, {
    where: 'registerLayer',
    what: 'a name and a function that makes the layer are needed.',
    fix: "write registerLayer('Scale', (config) => new Scale(config)).",
  });
  makers.set(className, make);
}

/**
 * Makes a model from its stored class and configuration, with new weights.
 *
 * @throws UNKNOWN_NAME for a class that is not registered; FILE_FORMAT where it is no model
 */
export function modelFromConfig(config: LayerConfig): Model {
  const model = layerFromConfig(config);
  if (model instanceof Model) return model;
  throw new RondoError('FILE_FORMAT', {
    where: 'modelFromConfig',
    what: `\`${config.className}\` is a layer, not a model.`,
    expected: 'a Sequential, or a class that extends Model',
    received: config.className,
    fix: 'make the layer with layerFromConfig.',
  });
}

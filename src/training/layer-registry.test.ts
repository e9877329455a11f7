import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../kernels/select.js';
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
import { maxNorm } from '../layers/constraints.js';
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
import { randomUniform } from '../layers/initializers.js';
import { InputLayer } from '../layers/input-layer.js';
import { Layer, singleInput } from '../layers/layer.js';
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
import { l2 } from '../layers/regularizers.js';
import { RepeatVector } from '../layers/repeat-vector.js';
import { Reshape } from '../layers/reshape.js';
import { RNN } from '../layers/rnn.js';
import { SampledSoftmax } from '../layers/sampled-softmax.js';
import { SequencePooling1D } from '../layers/sequence-pooling-1d.js';
import { SimpleRNN } from '../layers/simple-rnn.js';
import { Softmax } from '../layers/softmax.js';
import { SpatialDropout1D } from '../layers/spatial-dropout-1d.js';
import { Subtract } from '../layers/subtract.js';
import { input } from '../layers/symbolic-tensor.js';
import { TiedDense } from '../layers/tied-dense.js';
import { TimeDistributed } from '../layers/time-distributed.js';
import { UpSampling1D } from '../layers/up-sampling-1d.js';
import { WordFeatures } from '../layers/word-features.js';
import { ZeroPadding1D } from '../layers/zero-padding-1d.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Functional } from './graph/functional.js';
import {
  type LayerConfig,
  layerFromConfig,
  libraryLayerNames,
  modelFromConfig,
  registerLayer,
} from './layer-registry.js';
import { Sequential } from './sequential.js';

const start = input({ shape: [5, 7] });

const table = new Embedding({ inputDim: 11, outputDim: 7, name: 'table' });

/** Layers of every class, each with options that are not the defaults, and the shape of an input. */
const layers: readonly (readonly [layer: Layer<unknown>, inputShape: readonly number[]])[] = [
  [new Activation({ activation: 'gelu' }), [3, 7]],
  [new AdaptiveSoftmax({ units: 11, cutoffs: [3, 7], divValue: 2, headBias: true }), [3, 5, 7]],
  [new AdditiveAttention({ useScale: false, dropout: 0.2 }), [3, 5, 7]],
  [new AttentionRNN({ cell: 'lstm', units: 5, score: 'additive', inputFeeding: true, zoneout: 0.1 }), [3, 5, 7]],
  [new Attention({ useScale: true, scoreMode: 'concat', useCausalMask: true }), [3, 5, 7]],
  [
    new MultiHeadAttention({
      numHeads: 2,
      keyDim: 3,
      valueDim: 5,
      outputShape: [2, 3],
      useGate: true,
      slidingWindow: 3,
      kernelRegularizer: 'l2',
      biasInitializer: 'ones',
    }),
    [3, 5, 7],
  ],
  [new AlphaDropout({ rate: 0.3, noiseShape: [null, 1, null] }), [3, 5, 7]],
  [new AttentionPooling1D({ units: 4, biasInitializer: 'ones' }), [3, 5, 7]],
  [new BatchNormalization({ axis: 1, momentum: 0.5, scale: false, movingMeanInitializer: 'ones' }), [3, 5, 7]],
  [
    new Bidirectional({
      layer: new LSTM({ units: 5, returnSequences: true, dropout: 0.1 }),
      mergeMode: 'ave',
      name: 'both',
    }),
    [3, 5, 7],
  ],
  [
    new Bidirectional({
      layer: new GRU({ units: 5 }),
      backwardLayer: new GRU({ units: 4, goBackwards: true, resetAfter: false }),
    }),
    [3, 5, 7],
  ],
  [new Concatenate({ axis: 1 }), [3, 5, 7]],
  [
    new Conv1D({
      filters: 5,
      kernelSize: 3,
      padding: 'causal',
      dilationRate: 2,
      activation: 'relu',
      kernelRegularizer: 'l1',
    }),
    [3, 5, 7],
  ],
  [new Conv1D({ filters: 6, kernelSize: 2, groups: 3, strides: 2 }), [3, 5, 9]],
  [new Conv2D({ filters: 6, kernelSize: [2, 3], padding: 'same', groups: 2, dilationRate: 2 }), [3, 5, 7, 4]],
  [
    new CRF({
      constraints: {
        start: [true, false],
        end: [true, true],
        next: [
          [true, false],
          [true, true],
        ],
      },
    }),
    [3, 5, 2],
  ],
  [
    new Dense({
      units: 5,
      activation: 'tanh',
      useBias: false,
      kernelConstraint: maxNorm({ maxValue: 3 }),
      trainable: false,
    }),
    [3, 7],
  ],
  [new Dropout({ rate: 0.3, noiseShape: [null, 1, null] }), [3, 5, 7]],
  [
    new Embedding({
      inputDim: 11,
      outputDim: 7,
      maskZero: true,
      embeddingsInitializer: randomUniform({ minval: -1, maxval: 1 }),
    }),
    [3, 5],
  ],
  [new Flatten({ name: 'flat' }), [3, 5, 7]],
  [
    new Functional({ inputs: start, outputs: new GRU({ units: 4 }).apply(start), name: 'graph', trainable: false }),
    [3, 5, 7],
  ],
  [new Add({ name: 'sum' }), [3, 5, 7]],
  [new Average(), [3, 5, 7]],
  [new AveragePooling1D({ poolSize: 3, strides: 2, padding: 'same' }), [3, 5, 7]],
  [new AveragePooling2D({ poolSize: [3, 2], strides: 2 }), [3, 5, 7, 2]],
  [new MaxPooling2D({ padding: 'same' }), [3, 5, 7, 2]],
  [new GlobalAveragePooling2D({ keepdims: true }), [3, 5, 7, 2]],
  [new GlobalMaxPooling2D({ keepdims: true }), [3, 5, 7, 2]],
  [new Cropping1D({ cropping: [1, 2] }), [3, 5, 7]],
  [new Dot({ axes: [2, 1], normalize: true }), [3, 5, 7]],
  [new GaussianNoise({ stddev: 0.5 }), [3, 5, 7]],
  [new LeakyReLU({ negativeSlope: 0.1 }), [3, 5, 7]],
  [new MaxPooling1D({ poolSize: 3, strides: 1, padding: 'same' }), [3, 5, 7]],
  [new Maximum(), [3, 5, 7]],
  [new Minimum(), [3, 5, 7]],
  [new Multiply(), [3, 5, 7]],
  [new Permute({ dims: [2, 1] }), [3, 5, 7]],
  [new PReLU({ sharedAxes: [1], alphaInitializer: 'ones', alphaRegularizer: 'l2' }), [3, 5, 7]],
  [new Softmax({ axis: 1 }), [3, 5, 7]],
  [new Subtract(), [3, 5, 7]],
  [new UpSampling1D({ size: 3 }), [3, 5, 7]],
  [new ZeroPadding1D({ padding: [2, 0] }), [3, 5, 7]],
  [new GlobalAveragePooling1D({ keepdims: true }), [3, 5, 7]],
  [new GlobalMaxPooling1D({ keepdims: true }), [3, 5, 7]],
  [new GroupNormalization({ groups: 7, epsilon: 0.5, gammaRegularizer: 'l2' }), [3, 5, 7]],
  [new GRU({ units: 5, resetAfter: false, goBackwards: true, biasInitializer: 'ones' }), [3, 5, 7]],
  [new InputLayer({ shape: [null, 7], name: 'start' }), [3, 5, 7]],
  [
    new LSTM({
      units: 5,
      returnSequences: true,
      unitForgetBias: false,
      zoneout: { hidden: 0.1 },
      inputShape: [null, 7],
      recurrentRegularizer: l2({ l2: 0.5 }),
    }),
    [3, 5, 7],
  ],
  [new LayerNormalization({ epsilon: 0.1, center: false }), [3, 5, 7]],
  [new Masking({ maskValue: -1 }), [3, 5, 7]],
  [new CategoryEncoding({ numTokens: 11, outputMode: 'count' }), [3, 7]],
  [new PointerGenerator(), [3, 5, 7]],
  [new RepeatVector({ n: 4 }), [3, 7]],
  [new Reshape({ targetShape: [7, -1] }), [3, 5, 7]],
  [new RNN({ cell: ['gru', 'peepholeLSTM'], units: [5, 6], returnState: true, stateful: true }), [3, 5, 7]],
  [
    new RNN({
      cell: [
        { cell: 'lstmp', units: 5, widths: { projection: 2 }, kernelRegularizer: l2({ l2: 0.1 }) },
        { cell: 'gru', activation: 'relu' },
        'minGRU',
      ],
      units: 6,
      dropout: 0.1,
    }),
    [3, 5, 7],
  ],
  [new SampledSoftmax({ units: 11, numSampled: 4, kernelRegularizer: 'l2', biasInitializer: 'ones' }), [3, 5, 7]],
  [new SequencePooling1D({ pooling: ['last', 'mean'], bidirectional: true }), [3, 5, 8]],
  [new SimpleRNN({ units: 5, activation: 'relu', recurrentInitializer: 'identity' }), [3, 5, 7]],
  [new SpatialDropout1D({ rate: 0.3 }), [3, 5, 7]],
  [new ActivationPenalty({ size: 2, change: 1 }), [3, 5, 7]],
  [
    new Sequential([new Dense({ units: 5 }), new TimeDistributed({ layer: new Activation({ activation: 'elu' }) })], {
      inputShape: [5, 7],
      name: 'chain',
    }),
    [3, 5, 7],
  ],
  [new WordFeatures({ words: 11, wordUnits: 3, characters: 11, characterFeatures: 5, wordDropout: 0.1 }), [3, 5, 7]],
  [
    new WordFeatures({
      words: 11,
      wordUnits: 3,
      affixes: 11,
      affixesPerWord: 2,
      affixUnits: 6,
      characters: 11,
      characterFeatures: 5,
    }),
    [3, 5, 7],
  ],
  [new TiedDense({ embedding: table, activation: 'softmax', biasInitializer: 'ones' }), [3, 5, 7]],
  [new TimeDistributed({ layer: new Bidirectional({ layer: new LSTM({ units: 5 }) }) }), [3, 2, 5, 7]],
];

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

describe('layers and their configurations', () => {
  it('the cases cover every class of the library', () => {
    expect([...new Set(layers.map(([layer]) => layer.className))].sort()).toEqual(libraryLayerNames().sort());
  });

  it.each(layers.map(([layer, inputShape]) => [layer.className, layer, inputShape] as const))(
    '%s survives its configuration as JSON: same configuration, same weights, same output',
    (_, layer, inputShape) => {
      const stored = JSON.parse(
        JSON.stringify({ className: layer.className, config: layer.getConfig() }),
      ) as LayerConfig;
      const copy = layerFromConfig(stored);
      copy.linkLayers((name) => (name === table.name ? table : undefined));
      expect(copy.constructor).toBe(layer.constructor);
      expect(JSON.parse(JSON.stringify(copy.getConfig()))).toEqual(stored.config);
      const random = new Random(3);
      const size = inputShape.reduce((a, b) => a * b, 1);
      const input = tensor(
        Float64Array.from({ length: size }, () =>
          [CategoryEncoding, Embedding, WordFeatures].some((ofIndices) => layer instanceof ofIndices)
            ? random.integer(11)
            : random.normal(),
        ),
        inputShape,
      );
      layer.ensureBuilt(inputShape);
      copy.ensureBuilt(inputShape);
      const named = [...layer.namedWeights()];
      expect(
        [...copy.namedWeights()].map(([path, { variable, regularizer, constraint }]) => [
          path,
          variable.shape,
          variable.trainable,
          regularizer?.getConfig(),
          constraint?.getConfig(),
        ]),
      ).toEqual(
        named.map(([path, { variable, regularizer, constraint }]) => [
          path,
          variable.shape,
          variable.trainable,
          regularizer?.getConfig(),
          constraint?.getConfig(),
        ]),
      );
      copy.weights.forEach((variable, i) => variable.assign(layer.weights[i].dataSync()));
      expect(copy.trainableWeights.length).toBe(layer.trainableWeights.length);
      const inputs = inputsOf(layer, input);
      expect(numbersOf(copy.apply(inputs))).toEqual(numbersOf(layer.apply(inputs)));
    },
  );

  it('a class of the user is known once it is registered', () => {
    class Doubled extends Layer {
      readonly className = 'Doubled';
      override build(): void {}
      override computeOutputShape(shape: readonly (number | null)[]): readonly (number | null)[] {
        return shape;
      }
      override call(inputs: Tensor | readonly Tensor[]): Tensor {
        return singleInput(this.name, inputs);
      }
      override getConfig(): ReturnType<Layer['getConfig']> {
        return this.baseConfig();
      }
    }
    const stored = {
      className: 'TimeDistributed',
      config: { layer: { className: 'Doubled', config: { name: 'inner' } } },
    };
    expect(() => layerFromConfig(stored)).toThrow('unknown layer `Doubled`');
    registerLayer('Doubled', (config) => new Doubled('Doubled', config, []));
    expect((layerFromConfig(stored) as TimeDistributed).layer).toBeInstanceOf(Doubled);
    expect(() => registerLayer('Dense', (config) => new Doubled('Dense', config, []))).toThrow(
      '`Dense` is a layer of the library.',
    );
  });

  it('an unknown class, an unknown option and a damaged configuration are refused with the nearest name', () => {
    expect(() => layerFromConfig({ className: 'LTSM', config: { units: 5 } })).toThrow(
      'unknown layer `LTSM`; did you mean `LSTM`',
    );
    expect(() => layerFromConfig({ className: 'Dense', config: { unit: 5 } })).toThrow(
      'unknown option `unit`; did you mean `units`?',
    );
    expect(() => layerFromConfig({ className: 'TimeDistributed', config: {} })).toThrow(
      '[FILE_FORMAT] layerFromConfig: this is no configuration of a layer.',
    );
    expect(() => modelFromConfig({ className: 'Dense', config: { units: 5 } })).toThrow(
      '[FILE_FORMAT] modelFromConfig: `Dense` is a layer, not a model.',
    );
  });
});

/** The input, with what a layer of several takes besides. */
function inputsOf(layer: Layer<unknown>, input: Tensor): Tensor | readonly Tensor[] {
  if (layer instanceof Subtract) return [input, input];
  if (layer instanceof Dot) return [input, ops.transpose(input, [0, 2, 1])];
  if (!(layer instanceof PointerGenerator)) return input;
  const [batch, time, features] = input.shape;
  return [input, input, ops.zeros([batch, features, features]), ops.ones([batch, time, 1])];
}

function numbersOf(output: unknown): unknown {
  if (output !== null && typeof output === 'object' && 'dataSync' in output)
    return Array.from((output as Tensor).dataSync());
  if (Array.isArray(output)) return output.map(numbersOf);
  return Object.fromEntries(Object.entries(output as object).map(([name, value]) => [name, numbersOf(value)]));
}

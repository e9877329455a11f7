import { describe, expect, it } from 'vitest';
import { expectSameInRuntime } from '../../../../test/support/onnx-export.js';
import { normals, randomise } from '../../../../test/support/random.js';
import { defineCell } from '../../../cells/define-cell.js';
import { activationNames } from '../../../expression/activations.js';
import * as e from '../../../expression/build.js';
import { Activation } from '../../../layers/activation.js';
import { Add } from '../../../layers/add.js';
import { AdditiveAttention } from '../../../layers/additive-attention.js';
import { Attention } from '../../../layers/attention.js';
import { AttentionPooling1D } from '../../../layers/attention-pooling-1d.js';
import { Average } from '../../../layers/average.js';
import { AveragePooling1D } from '../../../layers/average-pooling-1d.js';
import { AveragePooling2D } from '../../../layers/average-pooling-2d.js';
import { BatchNormalization } from '../../../layers/batch-normalization.js';
import { Bidirectional } from '../../../layers/bidirectional.js';
import { CategoryEncoding } from '../../../layers/category-encoding.js';
import { Concatenate } from '../../../layers/concatenate.js';
import { Conv1D } from '../../../layers/conv-1d.js';
import { Conv2D } from '../../../layers/conv-2d.js';
import { Cropping1D } from '../../../layers/cropping-1d.js';
import { Dense } from '../../../layers/dense.js';
import { Dot } from '../../../layers/dot.js';
import { Dropout } from '../../../layers/dropout.js';
import { Embedding } from '../../../layers/embedding.js';
import { Flatten } from '../../../layers/flatten.js';
import { GlobalAveragePooling1D } from '../../../layers/global-average-pooling-1d.js';
import { GlobalAveragePooling2D } from '../../../layers/global-average-pooling-2d.js';
import { GlobalMaxPooling1D } from '../../../layers/global-max-pooling-1d.js';
import { GlobalMaxPooling2D } from '../../../layers/global-max-pooling-2d.js';
import { GroupNormalization } from '../../../layers/group-normalization.js';
import { GRU } from '../../../layers/gru.js';
import type { Layer } from '../../../layers/layer.js';
import { LayerNormalization } from '../../../layers/layer-normalization.js';
import { LeakyReLU } from '../../../layers/leaky-relu.js';
import { LSTM } from '../../../layers/lstm.js';
import { Masking } from '../../../layers/masking.js';
import { MaxPooling1D } from '../../../layers/max-pooling-1d.js';
import { MaxPooling2D } from '../../../layers/max-pooling-2d.js';
import { Maximum } from '../../../layers/maximum.js';
import { Minimum } from '../../../layers/minimum.js';
import { MultiHeadAttention } from '../../../layers/multi-head-attention.js';
import { Multiply } from '../../../layers/multiply.js';
import { Permute } from '../../../layers/permute.js';
import { PReLU } from '../../../layers/prelu.js';
import { RepeatVector } from '../../../layers/repeat-vector.js';
import { Reshape } from '../../../layers/reshape.js';
import { RNN } from '../../../layers/rnn.js';
import { SampledSoftmax } from '../../../layers/sampled-softmax.js';
import { SequencePooling1D } from '../../../layers/sequence-pooling-1d.js';
import { SimpleRNN } from '../../../layers/simple-rnn.js';
import { Softmax } from '../../../layers/softmax.js';
import { Subtract } from '../../../layers/subtract.js';
import { input, type SymbolicTensor } from '../../../layers/symbolic-tensor.js';
import { TiedDense } from '../../../layers/tied-dense.js';
import { TimeDistributed } from '../../../layers/time-distributed.js';
import { UpSampling1D } from '../../../layers/up-sampling-1d.js';
import { ZeroPadding1D } from '../../../layers/zero-padding-1d.js';
import { Random } from '../../../random.js';
import { type Tensor, tensor } from '../../../tensor/tensor.js';
import { Functional } from '../../../training/graph/functional.js';
import { Sequential } from '../../../training/sequential.js';

const random = new Random(37);
const features = 6;
const own = defineCell({
  name: 'own',
  gates: ['update', 'candidate'],
  states: ['hidden'],
  step({ gates, states }) {
    const update = e.sigmoid(gates.update);
    return { hidden: e.add(e.mul(update, states.hidden), e.mul(e.sub(1, update), e.tanh(gates.candidate))) };
  },
});

/** Layers of `[batch, time, 6]`, each also behind a mask with gaps, late beginnings and a sequence of padding alone. */
const ofSteps: readonly (() => Layer<unknown>)[] = [
  () => new Activation({ activation: 'gelu' }),
  () => new AdditiveAttention(),
  () => new Attention({ useScale: true, scoreMode: 'concat' }),
  () => new Attention({ useCausalMask: true }),
  () => new AttentionPooling1D({ units: 5 }),
  () => new AveragePooling1D({ poolSize: 3, strides: 2, padding: 'same' }),
  () => new AveragePooling1D(),
  () => new BatchNormalization(),
  () => new Bidirectional({ layer: new LSTM({ units: 5, returnSequences: true }) }),
  () => new Bidirectional({ layer: new GRU({ units: 5, resetAfter: false }), mergeMode: 'mul' }),
  () => new Bidirectional({ layer: new RNN({ cell: own, units: 5, returnSequences: true }), mergeMode: 'ave' }),
  () => new Bidirectional({ layer: new SimpleRNN({ units: 3, returnSequences: true }), mergeMode: 'sum' }),
  () => new Conv1D({ filters: 5, kernelSize: 2, padding: 'causal', dilationRate: 2, activation: 'relu' }),
  () => new Conv1D({ filters: 3, kernelSize: 3, padding: 'same', groups: 3 }),
  () => new Conv1D({ filters: 3, kernelSize: 3, padding: 'same', strides: 2, useBias: false }),
  () => new Conv1D({ filters: 3, kernelSize: 2, strides: 2 }),
  () => new Conv1D({ filters: 3, kernelSize: 2, padding: 'causal', strides: 3 }),
  () => new Cropping1D({ cropping: [0, 1] }),
  () => new Dense({ units: 5, activation: 'softmax' }),
  () => new Dropout({ rate: 0.5 }),
  () => new GlobalAveragePooling1D({ keepdims: true }),
  () => new GlobalMaxPooling1D(),
  () => new GroupNormalization({ groups: 3 }),
  () => new GRU({ units: 5, activation: 'relu', recurrentActivation: 'hardSigmoid', useBias: false }),
  () => new GRU({ units: 5, returnSequences: true, zeroOutputForMask: true, goBackwards: true }),
  () => new GRU({ units: 5, returnSequences: true, zeroOutputForMask: true, goBackwards: true, reverseMask: false }),
  () => new LayerNormalization({ scale: false }),
  () => new LeakyReLU(),
  () => new LSTM({ units: 5, activation: 'elu', recurrentActivation: 'softsign', returnSequences: true }),
  () => new LSTM({ units: 5, activation: 'gelu', zoneout: { hidden: 0.1, cell: 0.3 }, returnSequences: true }),
  () => new LSTM({ units: 5, projectionUnits: 3, returnSequences: true }),
  () => new LSTM({ units: 6, heads: 3, kernelRank: 2 }),
  () => new GRU({ units: 5, recurrentRank: 2, resetAfter: false, goBackwards: true }),
  () => new RNN({ cell: ['lstm', { cell: 'gru', activation: 'softplus' }], units: [5, 3], returnSequences: true }),
  () => new RNN({ cell: ['sru', 'peepholeLSTM'], units: 5, goBackwards: true }),
  () => new MaxPooling1D({ poolSize: 2, strides: 1, padding: 'same' }),
  () => new MultiHeadAttention({ numHeads: 2, keyDim: 3, valueDim: 5, useGate: true, slidingWindow: 2 }),
  () => new MultiHeadAttention({ numHeads: 3, keyDim: 2, useCausalMask: true, outputShape: 5 }),
  () => new PReLU({ sharedAxes: [1] }),
  () => new SampledSoftmax({ units: 11, numSampled: 3 }),
  () => new SequencePooling1D({ pooling: ['last', 'max', 'mean'], bidirectional: true }),
  () => new SequencePooling1D({ pooling: ['last'] }),
  () => new SimpleRNN({ units: 5, activation: 'linear' }),
  () => new Softmax(),
  () => new Softmax({ axis: 1 }),
  () => new TimeDistributed({ layer: new Dense({ units: 5 }) }),
  () => new TimeDistributed({ layer: new Sequential([new Dense({ units: 5 }), new LayerNormalization()]) }),
  () => new UpSampling1D({ size: 3 }),
  () => new ZeroPadding1D({ padding: [2, 1] }),
];

/** Steps of which some are zeros: `Masking` hides them. */
function withPadding(batch: number, time: number): Tensor {
  const values = normals([batch, time, features], random).dataSync();
  const isPadding = (b: number, t: number): boolean =>
    b === 1 ? t < 2 : b === 2 ? t === 1 || t === time - 1 : b === batch - 1 && b > 2;
  return tensor(
    Float32Array.from(values, (x, i) =>
      isPadding(Math.floor(i / (time * features)), Math.floor(i / features) % time) ? 0 : x,
    ),
    [batch, time, features],
  );
}

const batches = [[withPadding(5, 7)], [withPadding(3, 9)]];

/** What a layer gives, and where it gives steps also their mean, which shows the mask. */
function shown(steps: SymbolicTensor, layer: Layer<unknown>): SymbolicTensor[] {
  const output = layer.apply(steps) as SymbolicTensor;
  return output.shape.length === 3 ? [output, new GlobalAveragePooling1D().apply(output)] : [output];
}

describe('layers of steps in ONNX Runtime', () => {
  it.each(ofSteps.map((make, i) => [`${i} ${make().className}`, make] as const))('%s', async (_, make) => {
    const read = input({ shape: [null, features] });
    const layer = make();
    const inputs = new Masking().apply(read);
    const model = new Functional({ inputs: read, outputs: [...shown(read, layer), ...shown(inputs, layer)] });
    randomise(model, random);
    await expectSameInRuntime(model, batches);
  });

  it('every activation', async () => {
    const read = input({ shape: [null, features] });
    const outputs = activationNames.map((activation) => new Activation({ activation }).apply(read));
    await expectSameInRuntime(new Functional({ inputs: read, outputs }), batches);
  });
});

const merges: readonly (readonly [string, () => Layer<unknown>])[] = [
  ['Add', () => new Add()],
  ['Average', () => new Average()],
  ['Concatenate', () => new Concatenate()],
  ['Concatenate along time', () => new Concatenate({ axis: 1 })],
  ['Maximum', () => new Maximum()],
  ['Minimum', () => new Minimum()],
  ['Multiply', () => new Multiply()],
  ['Subtract', () => new Subtract()],
];

it.each(merges)('%s merges steps, masked or not, in ONNX Runtime', async (_, make) => {
  const [left, right] = [
    input({ shape: [null, features], name: 'left' }),
    input({ shape: [null, features], name: 'right' }),
  ];
  const [masked, other] = [left, right].map((each) => new Masking().apply(each));
  const pairs = [
    [left, right],
    [masked, right],
    [masked, other],
  ];
  const outputs = pairs.flatMap((pair) => {
    const merged = make().apply(pair as never) as SymbolicTensor;
    return [merged, new GlobalAveragePooling1D().apply(merged)];
  });
  const model = new Functional({ inputs: { left, right }, outputs });
  const shifted = (x: Tensor): Tensor => tensor(Float32Array.from(x.dataSync()).reverse(), x.shape);
  await expectSameInRuntime(
    model,
    batches.map(([x]) => [x, shifted(x)]),
  );
});

it('Dot, attention of several inputs and its shares in ONNX Runtime', async () => {
  const [query, value] = [
    input({ shape: [null, features], name: 'query' }),
    input({ shape: [null, features], name: 'value' }),
  ];
  const masked = new Masking().apply(value);
  const attention = new MultiHeadAttention({ numHeads: 2, keyDim: 3, returnAttentionScores: true });
  const { output, scores } = attention.apply([query, masked]) as unknown as Record<string, SymbolicTensor>;
  const model = new Functional({
    inputs: [query, value],
    outputs: {
      output,
      scores,
      pairs: new Dot({ axes: 2 }).apply([query, masked]),
      cosines: new Dot({ axes: -1, normalize: true }).apply([query, value]),
      kernels: new Attention().apply([query, masked, value]),
    },
  });
  randomise(model, random);
  await expectSameInRuntime(
    model,
    batches.map(([x], i) => [normals([x.shape[0], 4 + i, features], random), x]),
  );
});

it('layers of images in ONNX Runtime', async () => {
  const image = input({ shape: [null, null, 4] });
  const known = input({ shape: [5, 7, 4], name: 'known' });
  const outputs = [
    new Conv2D({ filters: 6, kernelSize: [2, 3], padding: 'same', groups: 2, dilationRate: 2 }).apply(image),
    new Conv2D({ filters: 5, kernelSize: 3, strides: [2, 1], padding: 'same', activation: 'tanh' }).apply(image),
    new Conv2D({ filters: 5, kernelSize: 2 }).apply(image),
    new MaxPooling2D({ poolSize: [2, 3], strides: 2, padding: 'same' }).apply(image),
    new AveragePooling2D({ poolSize: [3, 2], strides: 1, padding: 'same' }).apply(image),
    new GlobalAveragePooling2D({ keepdims: true }).apply(image),
    new GlobalMaxPooling2D().apply(image),
    new GroupNormalization({ groups: 2 }).apply(image),
    new BatchNormalization({ axis: 2 }).apply(known),
    new Flatten().apply(known),
    new Reshape({ targetShape: [-1, 14] }).apply(known),
    new Permute({ dims: [3, 1, 2] }).apply(known),
    new PReLU().apply(known),
  ];
  const model = new Functional({ inputs: [image, known], outputs });
  randomise(model, random);
  await expectSameInRuntime(model, [
    [normals([3, 5, 7, 4], random), normals([3, 5, 7, 4], random)],
    [normals([2, 6, 9, 4], random), normals([2, 5, 7, 4], random)],
  ]);
});

it('vectors, token ids and their masks in ONNX Runtime', async () => {
  const ids = input({ shape: [null], name: 'ids' });
  const vector = input({ shape: [features], name: 'vector' });
  const words = input({ shape: [null, 3], name: 'words' });
  const table = new Embedding({ inputDim: 11, outputDim: 5, maskZero: true });
  const steps = table.apply(ids);
  const spelled = new Embedding({ inputDim: 11, outputDim: 5, maskZero: true }).apply(words);
  const inner = new TimeDistributed({ layer: new GRU({ units: 3 }) }).apply(spelled);
  const outputs = {
    tied: new TiedDense({ embedding: table, activation: 'softmax' }).apply(
      new LSTM({ units: 5, returnSequences: true }).apply(steps),
    ),
    repeated: new RepeatVector({ n: 3 }).apply(vector),
    inner,
    last: new LSTM({ units: 3 }).apply(inner),
    code: new CategoryEncoding({ numTokens: 11, outputMode: 'oneHot' }).apply(ids),
    both: new Add().apply([steps, new Dense({ units: 5 }).apply(vector)]),
  };
  const model = new Functional({ inputs: { ids, vector, words }, outputs });
  randomise(model, random);
  const drawn = (...shape: number[]): Tensor =>
    tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => Math.floor(random.uniform() * 4) % 4),
      shape,
    );
  const bytes = await expectSameInRuntime(model, [
    [drawn(3, 7), normals([3, features], random), drawn(3, 5, 3)],
    [drawn(2, 4), normals([2, features], random), drawn(2, 6, 3)],
  ]);
  expect(bytes.length).toBeGreaterThan(1000);
});

it('states from one layer into another, and a model inside of a model, in ONNX Runtime', async () => {
  const source = input({ shape: [null, features], name: 'source' });
  const target = input({ shape: [null, 3], name: 'target' });
  const { states } = new LSTM({ units: 5, returnState: true }).apply(new Masking().apply(source)) as unknown as {
    states: readonly Record<string, SymbolicTensor>[];
  };
  const decoder = new LSTM({ units: 5, returnSequences: true }).apply(target, { initialState: states as never });
  const both = new Bidirectional({ layer: new GRU({ units: 5, returnState: true }), mergeMode: 'none' }).apply(
    source,
  ) as unknown as {
    output: SymbolicTensor[];
    forward: Record<string, SymbolicTensor>[];
  };
  const inside = new Sequential([new Dense({ units: 7 }), new LayerNormalization()], { name: 'inside' });
  const model = new Functional({
    inputs: [source, target],
    outputs: {
      words: inside.apply(decoder as never),
      masked: new RNN({ cell: 'qrnn', units: 5, returnSequences: true }).apply(new Masking().apply(target)),
      begun: new RNN({ cell: 'gru', units: 5, returnSequences: true }).apply(new Masking().apply(source), {
        initialState: both.forward as never,
      }),
      forward: both.output[0],
      backward: both.output[1],
    } as never,
  });
  randomise(model, random);
  await expectSameInRuntime(
    model,
    batches.map(([x], i) => [x, normals([x.shape[0], 3 + 2 * i, 3], random)]),
  );
});

import { afterAll, describe, expect, it } from 'vitest';
import { normals } from '../../test/support/random.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../io/safetensors.js';
import { useBackend } from '../kernels/select.js';
import { Conv1D } from '../layers/conv-1d.js';
import { Conv2D } from '../layers/conv-2d.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { LSTM } from '../layers/lstm.js';
import { MultiHeadAttention } from '../layers/multi-head-attention.js';
import { SampledSoftmax } from '../layers/sampled-softmax.js';
import { input } from '../layers/symbolic-tensor.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { scope, type Tensor, tensor } from '../tensor/tensor.js';
import { Functional } from '../training/graph/functional.js';
import type { Model } from '../training/model.js';
import { Sequential } from '../training/sequential.js';
import { compressWeights } from './compress-weights.js';
import { QuantizationAware } from './quantization-aware.js';
import { quantize } from './quantize.js';

afterAll(() => useBackend('wasm'));

const biases = { biasInitializer: 'randomNormal' } as const;

function convolutions(): Model {
  setSeed(5);
  return new Sequential([
    new Conv1D({ filters: 11, kernelSize: 3, padding: 'causal', dilationRate: 2, inputShape: [null, 7], ...biases }),
    new Conv1D({ filters: 5, kernelSize: 2, padding: 'causal', activation: 'tanh', ...biases }),
  ]);
}

function attention(): Model {
  setSeed(6);
  const x = input({ shape: [5, 7] });
  const heads = new MultiHeadAttention({ numHeads: 3, keyDim: 5, valueDim: 6, useGate: true, outputShape: [2, 9] });
  return new Functional({ inputs: x, outputs: heads.apply([x, x]) });
}

const pictures = (): Model => {
  setSeed(7);
  return new Sequential([new Conv2D({ filters: 6, kernelSize: [2, 3], inputShape: [5, 7, 3], ...biases })]);
};

const nets: [name: string, make: () => Model, shape: number[], inputs: Record<string, [k: number, n: number]>][] = [
  ['Conv1D', convolutions, [3, 5, 7], { 'conv1D/kernel': [21, 11], 'conv1D1/kernel': [22, 5] }],
  [
    'MultiHeadAttention',
    attention,
    [3, 5, 7],
    {
      'multiHeadAttention/query/kernel': [7, 15],
      'multiHeadAttention/key/kernel': [7, 15],
      'multiHeadAttention/gate/kernel': [7, 18],
      'multiHeadAttention/value/kernel': [7, 18],
      'multiHeadAttention/attentionOutput/kernel': [18, 18],
    },
  ],
  ['Conv2D', pictures, [3, 5, 7, 3], { 'conv2D/kernel': [18, 6] }],
];

const predictionsOf = (model: Model, x: Tensor): number[] => [...scope(() => model.apply(x) as Tensor).dataSync()];

/** As far as two lists differ, relative to the second. */
function difference(received: readonly number[], expected: readonly number[]): number {
  expect(received).toHaveLength(expected.length);
  const off = Math.sqrt(received.reduce((sum, value, i) => sum + (value - expected[i]) ** 2, 0));
  return off / Math.sqrt(expected.reduce((sum, value) => sum + value ** 2, 0));
}

const compressedOf = (model: Model) => [...model.namedWeights()].filter(([, { variable }]) => variable.compressed);

describe.each(nets)('kernels of several axes with 8 bits: %s', (_, make, shape, inputs) => {
  it('are off by half a step of their output at most', async () => {
    const before = new Map([...make().namedWeights()].map(([name, { variable }]) => [name, variable.dataSync()]));
    const found = compressedOf(await quantize(make()));
    expect(found.map(([name]) => name).sort()).toEqual(Object.keys(inputs).sort());
    for (const [name, { variable }] of found) {
      const [k, n] = inputs[name];
      expect(variable.compressed!.matrices).toMatchObject([{ k, n }]);
      const exact = before.get(name)!;
      const largest = Array.from({ length: n }, (_, output) =>
        Math.max(...Array.from({ length: k }, (_, input) => Math.abs(exact[input * n + output]))),
      );
      variable.dataSync().forEach((value, i) => {
        expect(Math.abs(value - exact[i])).toBeLessThanOrEqual((largest[i % n] / 127 / 2) * (1 + 1e-6));
      });
    }
  });

  it('give nearly the same, on both backends alike, and from a smaller file', async () => {
    const x = normals(shape, new Random(2));
    const exact = predictionsOf(make(), x);
    const small = await quantize(make());
    const received = predictionsOf(small, x);
    expect(difference(received, exact)).toBeLessThan(0.03);
    // What is multiplied is rounded too: that the kernels are read as they are.
    const numbers = make();
    const rounded = new Map(compressedOf(small));
    for (const [name, { variable }] of numbers.namedWeights())
      if (rounded.has(name)) variable.assign(rounded.get(name)!.variable.dataSync());
    expect(difference(received, predictionsOf(numbers, x))).toBeGreaterThan(1e-4);

    const bytes = serializeModel(small);
    const weightBytes = (of: Uint8Array): number =>
      [...decodeSafetensors(of, 'model').tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(weightBytes(bytes)).toBeLessThan(0.6 * weightBytes(serializeModel(make())));
    const again = deserializeModel(bytes).model;
    expect(predictionsOf(again, x)).toEqual(received);
    expect(compressedOf(again)).toHaveLength(Object.keys(inputs).length);

    useBackend('reference');
    const reference = predictionsOf(again, x);
    useBackend('wasm');
    expect(difference(received, reference)).toBeLessThan(0.02);
  });

  it('let gradients pass to what they multiply', async () => {
    const x = normals(shape, new Random(3));
    const gradient = (of: Model): number[] => [
      ...valueAndGradients(() => ops.sum(of.apply(x) as Tensor), [x]).gradients[0].dataSync(),
    ];
    expect(difference(gradient(await quantize(make())), gradient(make()))).toBeLessThan(0.05);
  });

  it('leave out what pruning made zero, in files too', () => {
    const x = normals(shape, new Random(4));
    for (const format of ['blocks', 'int8'] as const) {
      const model = make();
      for (const [name, { variable }] of model.namedWeights()) {
        const [, n] = inputs[name] ?? [];
        if (n === undefined) continue;
        variable.assign(variable.dataSync().map((value, i) => (Math.floor(i / n) >= 2 ? 0 : value)));
      }
      const dense = predictionsOf(model, x);
      const changed = compressWeights(model, format);
      expect(changed.sort()).toEqual(expect.arrayContaining(Object.keys(inputs).slice(0, 1)));
      const received = predictionsOf(model, x);
      expect(difference(received, dense)).toBeLessThan(format === 'blocks' ? 1e-6 : 0.03);
      const bytes = serializeModel(model);
      expect([...decodeSafetensors(bytes, 'model').tensors.keys()]).toContain(`${changed[0]}.inputAxes`);
      expect(predictionsOf(deserializeModel(bytes).model, x)).toEqual(received);
    }
  });
});

describe('kernels of several axes', () => {
  it('of a causal convolution are the same numbers in a stream', async () => {
    const small = (await quantize(convolutions())) as Sequential;
    const x = normals([3, 5, 7], new Random(2));
    const whole = predictionsOf(small, x);
    const numbers = x.dataSync();
    const stream = small.stream({ batchSize: 3 });
    for (let t = 0; t < 5; t++) {
      const now = [0, 1, 2].flatMap((row) => [...numbers.slice((row * 5 + t) * 7, (row * 5 + t + 1) * 7)]);
      const expected = [0, 1, 2].flatMap((row) => whole.slice((row * 5 + t) * 5, (row * 5 + t + 1) * 5));
      expect(difference([...stream.step(now)], expected)).toBeLessThan(1e-6);
    }
  });

  it('of groups stay as they are, which are multiplied apart', () => {
    const model = new Sequential([new Conv1D({ filters: 6, kernelSize: 3, groups: 2, inputShape: [5, 4] })]);
    expect(compressWeights(model, 'int8')).toEqual([]);
  });

  it('are rounded in training to what is validated', async () => {
    const model = convolutions() as Sequential;
    const random = new Random(8);
    const [x, y] = [normals([6, 5, 7], random), normals([6, 5, 5], random)];
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const { metrics } = await model.fit(x, y, {
      epochs: 2,
      batchSize: 3,
      validationData: [x, y],
      callbacks: [new QuantizationAware({ from: 0 })],
    });
    const rounded = new Map([...(await quantize(model)).namedWeights()]);
    for (const [name, { variable }] of model.namedWeights()) variable.assign(rounded.get(name)!.variable.dataSync());
    expect((await model.evaluate(x, y, { batchSize: 3 })).loss).toBe(metrics.valLoss[1]);
  });

  it('of a file are refused where they do not fit the layer', async () => {
    const small = await quantize(convolutions());
    const damaged = (change: (tensors: Map<string, StoredTensor>) => void) => () => {
      const { tensors, metadata } = decodeSafetensors(serializeModel(small), 'model');
      const { 'rondo.checksum': _, ...unchecked } = metadata;
      change(tensors as Map<string, StoredTensor>);
      return deserializeModel(encodeSafetensors(tensors as Map<string, StoredTensor>, unchecked), 'model');
    };
    const scale = (shape: number[]): ((tensors: Map<string, StoredTensor>) => void) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1);
      return (tensors) => void tensors.set('conv1D/kernel.scale', { dtype: 'F32', shape, data });
    };
    expect(damaged(scale([3, 1, 11]))).toThrow(/compressed as the layer cannot read it/);
    expect(damaged(scale([1, 7, 11]))).toThrow(/compressed as the layer cannot read it/);
    expect(damaged(scale([3, 7, 1]))).toThrow(/FILE_FORMAT.*`conv1D\/kernel` is damaged/s);
    expect(damaged(scale([1, 1, 11]))).not.toThrow();
  });

  it('of a file without their zeros are refused where no axes are left for inputs or outputs', () => {
    const model = convolutions();
    for (const [name, { variable }] of model.namedWeights())
      if (name.endsWith('kernel')) variable.assign(new Float32Array(variable.size).fill(1, 0, 22));
    compressWeights(model, 'blocks');
    for (const inputAxes of [[0], [1], [3], [], [2, 2]]) {
      const { tensors, metadata } = decodeSafetensors(serializeModel(model), 'model');
      const { 'rondo.checksum': _, ...unchecked } = metadata;
      const changed = tensors as Map<string, StoredTensor>;
      const data = Uint32Array.from(inputAxes);
      changed.set('conv1D/kernel.inputAxes', { dtype: 'U32', shape: [data.length], data });
      expect(() => deserializeModel(encodeSafetensors(changed, unchecked), 'model'), String(inputAxes)).toThrow(
        /FILE_FORMAT/,
      );
    }
  });
});

describe('a sampled softmax with weights of 8 bits', () => {
  const ids = tensor([[1, 4, 9, 20, 29]]);
  const made = (): Sequential => {
    setSeed(3);
    const model = new Sequential([
      new Embedding({ inputDim: 31, outputDim: 7, inputShape: [null] }),
      new LSTM({ units: 7, returnSequences: true }),
      new SampledSoftmax({ units: 31, numSampled: 5, kernelInitializer: 'randomNormal', ...biases }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    return model;
  };

  it('gives nearly the same, from a file too, and scores labels by all classes', async () => {
    const exact = predictionsOf(made(), ids);
    const { loss } = await made().evaluate(ids, ids);
    const small = (await quantize(made())) as Sequential;
    expect(compressedOf(small).map(([name]) => name)).toContain('sampledSoftmax/kernel');
    const received = predictionsOf(small, ids);
    expect(difference(received, exact)).toBeLessThan(0.02);
    expect(received).not.toEqual(exact);
    expect(predictionsOf(deserializeModel(serializeModel(small)).model, ids)).toEqual(received);
    small.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    expect((await small.evaluate(ids, ids)).loss).toBeCloseTo(loss, 2);
    // A bias can be trained beside it: the loss is then that of all classes.
    expect((await small.fit(ids, ids)).metrics.loss[0]).toBeCloseTo(loss, 2);
  });

  it('is trained for them on its sample', async () => {
    const model = made();
    const { metrics } = await model.fit(ids, ids, {
      epochs: 2,
      validationData: [ids, ids],
      callbacks: [new QuantizationAware({ from: 0 })],
    });
    const small = (await quantize(model)) as Sequential;
    small.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    expect((await small.evaluate(ids, ids)).loss).toBeCloseTo(metrics.valLoss[1], 2);
  });
});

it('layers with one head and one feature read their kernels from files', async () => {
  setSeed(9);
  const x = input({ shape: [5, 1] });
  const heads = new MultiHeadAttention({ numHeads: 1, keyDim: 3 });
  const model = new Functional({ inputs: x, outputs: new Dense({ units: 2 }).apply(heads.apply([x, x])) });
  const small = await quantize(model);
  const given = normals([2, 5, 1], new Random(1));
  expect(predictionsOf(deserializeModel(serializeModel(small)).model, given)).toEqual(predictionsOf(small, given));
});

import { afterAll, describe, expect, it } from 'vitest';
import { normals } from '../../test/support/random.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../io/safetensors.js';
import { useBackend } from '../kernels/select.js';
import { createWasmBackend } from '../kernels/wasm/backend.js';
import { AdaptiveSoftmax } from '../layers/adaptive-softmax.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { LSTM } from '../layers/lstm.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { scope, tensor } from '../tensor/tensor.js';
import { EarlyStopping } from '../training/callbacks/early-stopping.js';
import { distill } from '../training/distillation/distill.js';
import { factorize } from '../training/graph/factorize.js';
import { keepZeros, prune } from '../training/pruning/prune.js';
import { Sequential } from '../training/sequential.js';
import { compressWeights } from './compress-weights.js';
import { quantize } from './quantize.js';

afterAll(() => useBackend('wasm'));

function made(units = 20): Sequential {
  setSeed(2);
  return new Sequential([
    new LSTM({ units, useBias: false, returnSequences: true, inputShape: [null, 3] }),
    new Dense({ units: 2 }),
  ]);
}

/** Three of four blocks of every kernel become 0. */
function prunedByHand(model: Sequential): Sequential {
  for (const [, { variable, form }] of model.namedWeights())
    if (form === 'matrix') {
      const n = variable.shape[1];
      variable.assign(variable.dataSync().map((value, i) => (Math.floor(i / n) % 4 === 0 ? value : 0)));
    }
  return model;
}

const weightOf = (model: Sequential, name: string) => new Map(model.namedWeights()).get(name)!.variable;

describe('a stream of a model with compressed weights', () => {
  it('goes on to the same numbers whatever else multiplies with them', async () => {
    const model = (await quantize(made())) as Sequential;
    const expected = [...model.stream().step([1, 2, 3])];
    const stream = model.stream();
    scope(() => ops.matmul(normals([2, 20], new Random(1)), weightOf(model, 'lstm/cell/recurrentKernel')));
    expect([...stream.step([1, 2, 3])]).toEqual(expected);
    stream.reset();
    useBackend('reference');
    scope(() => model.apply(normals([1, 2, 3], new Random(1))));
    useBackend('wasm');
    expect([...stream.step([1, 2, 3])]).toEqual(expected);
  });

  it('gives all memory back with the model, which cannot be used then', async () => {
    // A backend of its own: on a shared one, variables that earlier tests dropped may be collected meanwhile.
    const backend = useBackend(createWasmBackend());
    const original = made();
    // Compiles the kernels.
    const first = (await quantize(original)) as Sequential;
    first.stream().step([1, 2, 3]);
    const before = backend.memory().persistentBytes;
    const model = (await quantize(original)) as Sequential;
    const stream = model.stream();
    stream.step([1, 2, 3]);
    stream.dispose();
    model.dispose();
    expect(() => scope(() => model.apply(normals([1, 2, 3], new Random(1))))).toThrow(/used after dispose/);
    expect(backend.memory().persistentBytes).toBe(before);
    useBackend('wasm');
  });
});

describe('compressed weights', () => {
  it('as blocks of gates are their numbers for a product that knows no gates', () => {
    const model = prunedByHand(made());
    const h = normals([3, 20], new Random(4));
    const product = (): number[] => [
      ...scope(() => ops.matmul(h, weightOf(model, 'lstm/cell/recurrentKernel'))).dataSync(),
    ];
    const dense = product();
    compressWeights(model, 'blocks');
    expect(weightOf(model, 'lstm/cell/recurrentKernel').compressed).toBeDefined();
    product().forEach((value, i) => expect(value).toBeCloseTo(dense[i], 5));
  });

  it('of a file are refused where the layer cannot read their form', () => {
    const damaged = (change: (tensors: Map<string, StoredTensor>) => void, format: 'int8' | 'blocks') => () => {
      const model = prunedByHand(made());
      compressWeights(model, format);
      const { tensors, metadata } = decodeSafetensors(serializeModel(model), 'model');
      const { 'rondo.checksum': _, ...unchecked } = metadata;
      change(tensors as Map<string, StoredTensor>);
      return deserializeModel(encodeSafetensors(tensors as Map<string, StoredTensor>, unchecked), 'model');
    };
    const name = 'lstm/cell/recurrentKernel';
    const asTable = damaged(
      (tensors) =>
        void tensors.set(`${name}.scale`, { dtype: 'F32', shape: [20, 1], data: new Float32Array(20).fill(1) }),
      'int8',
    );
    expect(asTable).toThrow(/compressed as the layer cannot read it/);
    const oneSegment = damaged(
      (tensors) =>
        void tensors.set(`${name}.starts`, { dtype: 'U32', shape: [1, 1, 5], data: Uint32Array.of(0, 5, 5, 5, 5) }),
      'blocks',
    );
    expect(oneSegment).toThrow(/compressed as the layer cannot read it/);
  });

  it('change nothing of a model where weights do not fit', async () => {
    const small = (await quantize(made(), { exclude: ['lstm'] })) as Sequential;
    const weights = Object.fromEntries([...made(20).namedWeights()].map(([name, { variable }]) => [name, variable]));
    const before = weightOf(small, 'lstm/cell/kernel').dataSync();
    weightOf(small, 'lstm/cell/kernel').assign(before.map((value) => value + 1));
    const now = weightOf(small, 'lstm/cell/kernel').dataSync();
    expect(() => small.setWeights(weights)).toThrow(/`dense\/kernel` is compressed and cannot change/);
    expect(weightOf(small, 'lstm/cell/kernel').dataSync()).toEqual(now);
  });

  it('stay while the others are trained, and callbacks put those back', async () => {
    const small = (await quantize(made(), { exclude: ['dense'] })) as Sequential;
    small.compile({ optimizer: 'adam', loss: 'mse' });
    const [x, y] = [normals([6, 4, 3], new Random(1)), normals([6, 4, 2], new Random(2))];
    const before = weightOf(small, 'lstm/cell/kernel').dataSync();
    const stopping = new EarlyStopping({ monitor: 'loss', restoreBestWeights: true, patience: 1 });
    const { epochs } = await small.fit(x, y, { epochs: 3, callbacks: [stopping] });
    expect(epochs.length).toBeGreaterThan(0);
    expect(weightOf(small, 'lstm/cell/kernel').dataSync()).toEqual(before);
  });

  it('that are not finite are refused before anything has changed', () => {
    const model = made();
    weightOf(model, 'dense/kernel').assign(new Float32Array(40).fill(NaN));
    expect(() => compressWeights(model, 'int8')).toThrow(/NOT_FINITE/);
    expect(weightOf(model, 'lstm/cell/kernel').compressed).toBeUndefined();
    expect(() => serializeModel(model, { weightFormat: 'int4' })).toThrow(/NOT_FINITE/);
    weightOf(model, 'dense/kernel').assign(new Float32Array(40).fill(1e6));
    expect(() => serializeModel(model, { weightFormat: 'int4' })).toThrow(/OUT_OF_RANGE/);
    weightOf(model, 'dense/kernel').assign(Float32Array.from({ length: 40 }, (_, i) => (i === 0 ? NaN : 1e6)));
    expect(() => serializeModel(model, { weightFormat: 'float16' })).toThrow(/OUT_OF_RANGE/);
  });

  it('with more inputs than sums of 32 bits hold stay as they are', () => {
    const model = new Sequential([new Dense({ units: 1, kernelInitializer: 'ones', inputShape: [140_000] })]);
    expect(compressWeights(model, 'int8')).toEqual([]);
  });

  it('serve an adaptive softmax, whose labels are then scored through all classes', async () => {
    setSeed(3);
    const model = new Sequential([
      new Embedding({ inputDim: 30, outputDim: 8, inputShape: [null] }),
      new LSTM({ units: 8, returnSequences: true }),
      new AdaptiveSoftmax({ units: 30, cutoffs: [6, 12] }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const ids = tensor([[1, 4, 9, 20, 29]]);
    const { loss } = await model.evaluate(ids, ids);
    compressWeights(model, 'int8');
    expect((await model.evaluate(ids, ids)).loss).toBeCloseTo(loss, 1);
  });
});

describe('pruning beside other forms', () => {
  it('goes on where a file or kept zeros left it', async () => {
    const model = made();
    await prune(model, { sparsity: 0.5, block: [16, 1] });
    const again = deserializeModel(serializeModel(model)).model as Sequential;
    const { gates } = await prune(again, { sparsity: 0.75, block: [16, 1] });
    const recurrent = gates.filter(({ weight }) => weight === 'recurrentKernel');
    expect(recurrent).toHaveLength(4);
    for (const { sparsity } of recurrent) expect(sparsity).toBeGreaterThan(0.6);
    const other = prunedByHand(made());
    keepZeros(other);
    await prune(other, { sparsity: 0.8, block: [16, 1] });
  });

  it('is refused for compressed kernels, as parting them into factors is', async () => {
    const small = (await quantize(made())) as Sequential;
    await expect(prune(small, { sparsity: 0.5 })).rejects.toThrow(/is compressed, and cannot change/);
    await expect(factorize(small, { ratio: 0.25 })).rejects.toThrow(/is compressed/);
  });

  it('stays in the kernels that factorize leaves whole', async () => {
    const model = made();
    await prune(model, { sparsity: 0.5, block: [16, 1] });
    const smaller = await factorize(model, { ratio: 0.2, kernels: ['recurrentKernel'] });
    const kernel = weightOf(smaller, 'lstm/cell/kernel');
    const numZeros = (): number => [...kernel.dataSync()].filter((value) => value === 0).length;
    const before = numZeros();
    expect(before).toBeGreaterThan(50);
    smaller.compile({ optimizer: 'adam', loss: 'mse' });
    await smaller.fit(normals([6, 4, 3], new Random(1)), normals([6, 4, 2], new Random(2)), { epochs: 2 });
    expect(numZeros()).toBe(before);
  });
});

it('a batch of no rows is refused before a teacher is asked', async () => {
  const [teacher, student] = [0, 1].map(() => {
    const model = new Sequential([new Dense({ units: 3, activation: 'softmax', inputShape: [2] })]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    return model;
  });
  await expect(distill(teacher, student, { x: [[1, 2]], batchSize: 0, epochs: 1 })).rejects.toThrow(/batchSize/);
});

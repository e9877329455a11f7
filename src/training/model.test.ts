import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { GRU } from '../layers/gru.js';
import type { CallOptions } from '../layers/layer.js';
import { LSTM } from '../layers/lstm.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { Model } from './model.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

/** Encoder and decoder, with the states of one given to the other. */
class Translator extends Model<Tensor> {
  override readonly inputNames = ['source', 'target'];
  embed = new Embedding({ inputDim: 9, outputDim: 4, maskZero: true });
  encoder = new LSTM({ units: 6, returnState: true });
  decoder = new LSTM({ units: 6, returnSequences: true });
  words = new Dense({ units: 9, activation: 'softmax' });

  override call([source, target]: readonly Tensor[], options: CallOptions): Tensor {
    const { states } = this.encoder.apply(this.embed.apply(source), options);
    return this.words.apply(
      this.decoder.apply(this.embed.apply(target), { training: options.training, initialState: states }),
    );
  }
}

/** Two outputs, layers in an array and in a Map. */
class TwoHeads extends Model<Readonly<Record<string, Tensor>>> {
  blocks = [new GRU({ units: 3, returnSequences: true }), new GRU({ units: 3 })];
  heads = new Map([
    ['value', new Dense({ units: 1 })],
    ['kind', new Dense({ units: 3, activation: 'softmax' })],
  ]);

  override call(x: Tensor): Readonly<Record<string, Tensor>> {
    const code = this.blocks.reduce((value, block) => block.apply(value), x);
    return Object.fromEntries([...this.heads].map(([name, head]) => [name, head.apply(code)]));
  }
}

const random = new Random(5);
const x = Array.from({ length: 10 }, () => Array.from({ length: 4 }, () => [random.normal(), random.normal()]));
const value = x.map((steps) => [steps[0][0] + steps[3][1]]);
const kind = x.map((steps) => (steps[1][0] > 0.3 ? 2 : steps[1][0] < -0.3 ? 0 : 1));

describe('a Model with several inputs', () => {
  const source = [
    [3, 4, 5],
    [6, 2, 0],
    [7, 0, 0],
    [1, 8, 3],
  ];
  const target = [
    [1, 5, 4, 3],
    [1, 2, 6, 0],
    [1, 7, 0, 0],
    [1, 3, 8, 1],
  ];
  const next = [
    [5, 4, 3, 2],
    [2, 6, 2, 0],
    [7, 2, 0, 0],
    [3, 8, 1, 2],
  ];

  it('learns to reverse, with data by name, and padding does not count', async () => {
    setSeed(2);
    const model = new Translator();
    model.compile({
      optimizer: { name: 'adam', config: { learningRate: 0.03 } },
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    const history = await model.fit({ source, target }, next, { epochs: 80, batchSize: 4 });
    expect(history.metrics.loss.at(-1)).toBeLessThan(0.1);
    expect(history.metrics.accuracy.at(-1)).toBe(1);
    // Targets at padded places may be anything.
    const changed = next.map((row, i) => row.map((word, t) => (target[i][t] === 0 ? 4 : word)));
    expect(await model.evaluate({ target, source }, changed)).toEqual(await model.evaluate({ source, target }, next));
    expect((await model.predict({ source, target })).shape).toEqual([4, 4, 9]);
  });

  it('has weights named by its properties, made with the first data', async () => {
    const model = new Translator();
    expect(model.isBuilt).toBe(false);
    await model.predict({ source, target });
    expect(model.isBuilt).toBe(true);
    expect(Object.keys(model.getWeights())).toEqual([
      'embed/embeddings',
      'encoder/cell/kernel',
      'encoder/cell/recurrentKernel',
      'encoder/cell/bias',
      'decoder/cell/kernel',
      'decoder/cell/recurrentKernel',
      'decoder/cell/bias',
      'words/kernel',
      'words/bias',
    ]);
    expect(model.encoder.name).toBe('encoder');
    expect(model.summary()).toContain('decoder (LSTM)');
  });

  it('refuses inputs under other names or in another number', async () => {
    const model = new Translator();
    await expect(model.predict({ source, sink: target })).rejects.toThrow(
      /expected: { source, target }\n {2}received: { source, sink }/,
    );
    await expect(model.predict({ source, target: [[1]] })).rejects.toThrow(
      /`x.target` has another number of rows than `x.source`/,
    );
    await expect(new TwoHeads().predict({ a: x, b: x })).rejects.toThrow(/declare `inputNames`/);
  });
});

describe('a Model with several outputs', () => {
  const compiled = (): TwoHeads => {
    setSeed(4);
    const model = new TwoHeads();
    model.compile({
      optimizer: 'adam',
      loss: { value: 'meanSquaredError', kind: 'sparseCategoricalCrossentropy' },
      lossWeights: { value: 0.25 },
      metrics: { kind: ['accuracy'], value: ['mae'] },
    });
    return model;
  };

  it('adds up weighted losses and logs each output', async () => {
    const model = compiled();
    const history = await model.fit(x, { kind, value }, { epochs: 2, batchSize: 4, validationSplit: 0.3 });
    const { loss, valueLoss, kindLoss } = history.metrics;
    expect(Object.keys(history.metrics)).toEqual([
      'loss',
      'valueLoss',
      'kindLoss',
      'valueMae',
      'kindAccuracy',
      'valLoss',
      'valValueLoss',
      'valKindLoss',
      'valValueMae',
      'valKindAccuracy',
    ]);
    expectClose(
      loss,
      loss.map((_, i) => 0.25 * valueLoss[i] + kindLoss[i]),
      1e-12,
      'loss',
    );
    const predicted = await model.predict(x);
    expect(predicted.value.shape).toEqual([10, 1]);
    expect(predicted.kind.shape).toEqual([10, 3]);
  });

  it('finds layers in arrays and Maps', async () => {
    const model = compiled();
    await model.predict(x);
    expect(Object.keys(model.getWeights()).map((name) => name.replace(/\/(cell\/)?\w+$/, ''))).toEqual([
      ...Array<string>(3).fill('blocks/0'),
      ...Array<string>(3).fill('blocks/1'),
      'heads/value',
      'heads/value',
      'heads/kind',
      'heads/kind',
    ]);
  });

  it('takes sample weights by output', async () => {
    const weight = x.map((_, i) => (i < 5 ? 1 : 0));
    const model = compiled();
    await model.predict(x);
    const all = await model.evaluate(x, { value, kind }, { sampleWeight: { value: weight } });
    const half = await model.evaluate(x.slice(0, 5), { value: value.slice(0, 5), kind: kind.slice(0, 5) });
    const plain = await model.evaluate(x, { value, kind });
    expect(all.valueLoss).toBeCloseTo(half.valueLoss / 2, 12);
    expect(all.kindLoss).toBeCloseTo(plain.kindLoss, 12);
  });

  it('takes class weights and weighted metrics by output', async () => {
    const factors = [3, 1, 0.5];
    const weight = x.map((_, i) => 1 + (i % 4));
    const byClass = kind.map((label) => factors[label]);
    const results = [];
    for (const options of [
      { classWeight: { kind: { 0: 3, 2: 0.5 } }, sampleWeight: { kind: weight } },
      { sampleWeight: { kind: weight.map((factor, i) => factor * byClass[i]) } },
    ]) {
      const model = compiled();
      model.compile({
        optimizer: 'adam',
        loss: { value: 'meanSquaredError', kind: 'sparseCategoricalCrossentropy' },
        weightedMetrics: { kind: ['accuracy'], value: ['mae'] },
      });
      const { metrics } = await model.fit(x, { value, kind }, { ...options, epochs: 2, batchSize: 4 });
      results.push({ metrics, weights: Object.values(model.getWeights()).map((values) => [...values.dataSync()]) });
    }
    expect(Object.keys(results[0].metrics)).toEqual(['loss', 'valueLoss', 'kindLoss', 'valueMae', 'kindAccuracy']);
    expect(results[0]).toEqual(results[1]);
  });

  it('refuses losses, metrics and targets for other outputs', async () => {
    const model = compiled();
    await expect(model.fit(x, { value, sort: kind })).rejects.toThrow(/the names of `y` are not those of the model/);
    await expect(model.fit(x, value)).rejects.toThrow(/expected: 2: value, kind/);
    model.compile({ optimizer: 'sgd', loss: { value: 'mse', kinds: 'mse' } });
    await expect(model.fit(x, { value, kind })).rejects.toThrow(/unknown output `kinds`; did you mean `kind`/);
    model.compile({ optimizer: 'sgd', loss: ['mse', 'sparseCategoricalCrossentropy'], metrics: ['accuracy'] });
    await expect(model.fit(x, { value, kind })).rejects.toThrow(/does not say which output each metric is for/);
    model.compile({ optimizer: 'sgd', loss: ['mse', 'sparseCategoricalCrossentropy'] });
    await expect(model.fit(x, { value, kind }, { classWeight: { 0: 2 } })).rejects.toThrow(
      /`classWeight` does not say[\s\S]*classWeight: { value: { 0: 1, 1: 5 } }/,
    );
    await expect(model.fit(x, { value, kind }, { classWeight: { knd: { 0: 2 } } })).rejects.toThrow(
      /unknown output `knd`; did you mean `kind`/,
    );
    await expect(model.fit(x, { value, kind }, { classWeight: { kind: { 3: 2 } } })).rejects.toThrow(
      /OUT_OF_RANGE.*classWeight[\s\S]*0 to 2\n.*received: 3\n/,
    );
    await expect(model.fit(x, { value, kind }, { classWeight: { kind: { 1: -2 } } })).rejects.toThrow(
      /OUT_OF_RANGE.*`classWeight\[1\]`[\s\S]*received: -2\n/,
    );
  });
});

describe('a loss given as a function', () => {
  it('trains', async () => {
    setSeed(9);
    const model = new TwoHeads();
    const pinball = (yTrue: Tensor, yPred: Tensor): Tensor => ops.mean(ops.abs(ops.sub(yTrue, yPred)), -1);
    model.compile({ optimizer: 'adam', loss: { value: pinball, kind: 'sparseCategoricalCrossentropy' } });
    const { metrics } = await model.fit(x, { value, kind }, { epochs: 3 });
    expect(metrics.loss[2]).toBeLessThan(metrics.loss[0]);
  });
});

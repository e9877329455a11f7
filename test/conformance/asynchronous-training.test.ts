import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QuantizationAware } from '../../src/compression/quantization-aware.js';
import { createReferenceBackend } from '../../src/kernels/reference/backend.js';
import { currentBackend, useBackend } from '../../src/kernels/select.js';
import { Bidirectional } from '../../src/layers/bidirectional.js';
import { Dense } from '../../src/layers/dense.js';
import { Dropout } from '../../src/layers/dropout.js';
import { Embedding } from '../../src/layers/embedding.js';
import type { Layer } from '../../src/layers/layer.js';
import { LSTM } from '../../src/layers/lstm.js';
import { Masking } from '../../src/layers/masking.js';
import { Random, setSeed } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { type FlatArray, Tensor, tensor } from '../../src/tensor/tensor.js';
import type { CompileOptions } from '../../src/training/compiled.js';
import type { MetricLike } from '../../src/training/metrics/index.js';
import { adam, averagedSGD, type Optimizer, type OptimizerLike, sgd } from '../../src/training/optimizers/index.js';
import { exponentialDecay } from '../../src/training/schedules.js';
import { Sequential } from '../../src/training/sequential.js';
import { asynchronousReference, onBothReferences } from '../support/asynchronous.js';
import { expectClose } from '../support/close.js';
import { normals } from '../support/random.js';

const asynchronous = asynchronousReference;

const [rows, time, features, units] = [7, 5, 3, 4];
const sequences = (): Tensor => normals([rows, time, features], new Random(1));
const targets = (): Tensor => normals([rows, 2], new Random(2));

/** What is compared of a model after a training: every weight, and what the optimizer keeps. */
async function numbersOf(model: Sequential): Promise<Record<string, FlatArray>> {
  const numbers: Record<string, FlatArray> = {};
  for (const one of [...model.weights, ...model.optimizer.stateVariables()]) numbers[one.name] = await one.data();
  return numbers;
}

function modelOf(layers: Layer[], inputShape: readonly number[], compile: CompileOptions): Sequential {
  const model = new Sequential(layers, { inputShape });
  model.compile(compile);
  return model;
}

const regression = (optimizer: OptimizerLike, metrics: MetricLike[] = []): Sequential =>
  modelOf([new LSTM({ units }), new Dense({ units: 2 })], [time, features], { optimizer, loss: 'mse', metrics });

type LogsOfEpochs = Readonly<Record<string, number | readonly number[]>>;

/** Metrics that a device adds up, it adds in another order. */
function expectSameLogs(actual: LogsOfEpochs, expected: LogsOfEpochs): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) expectClose([actual[name]].flat(), [value].flat(), 1e-13, name);
}

/** Fails where any number is read at once. */
function refuseReading(): () => void {
  const before = Tensor.prototype.dataSync;
  Tensor.prototype.dataSync = () => expect.fail('a step reads at once');
  return () => {
    Tensor.prototype.dataSync = before;
  };
}

describe('training on a device that is read asynchronously only', () => {
  beforeAll(() => void useBackend(asynchronous));
  afterAll(() => void useBackend('wasm'));

  const optimizers: Readonly<Record<string, () => Optimizer>> = {
    adam: () => adam(),
    'a norm of all gradients that is clipped': () => adam({ globalClipNorm: 0.01 }),
    'norms that are clipped': () => sgd({ clipNorm: 0.01, momentum: 0.9 }),
    'values that are clipped': () => sgd({ clipValue: 0.001 }),
    'weight decay and averages': () => adam({ weightDecay: 0.01, useEMA: true, emaOverwriteFrequency: 3 }),
    'gradients that are accumulated': () => adam({ gradientAccumulationSteps: 2, globalClipNorm: 0.1 }),
    'averages from some step on': () => averagedSGD({ t0: 3 }),
    'a rate that falls': () =>
      sgd({ learningRate: exponentialDecay({ initialLearningRate: 0.1, decaySteps: 2, decayRate: 0.5 }) }),
  };

  it('gives the same weights when it trains for 8 bits', async () => {
    const results = await onBothReferences(async () => {
      const model = regression(sgd({ learningRate: 0.1 }));
      const callbacks = [new QuantizationAware({ from: 1 })];
      const validationData = [sequences(), targets()] as const;
      const { metrics } = await model.fit(sequences(), targets(), {
        epochs: 3,
        batchSize: 3,
        validationData,
        callbacks,
      });
      return { numbers: await numbersOf(model), metrics };
    });
    expect(results[0].numbers).toEqual(results[1].numbers);
    expectSameLogs(results[0].metrics, results[1].metrics);
  });

  it.each(Object.entries(optimizers))('gives the same weights with %s', async (_, optimizer) => {
    const results = await onBothReferences(async () => {
      const model = regression(optimizer());
      const { metrics } = await model.fit(sequences(), targets(), { epochs: 3, batchSize: 2 });
      return { metrics, numbers: await numbersOf(model) };
    });
    expect(results[0]).toEqual(results[1]);
  });

  const models: Readonly<Record<string, () => { model: Sequential; x: Tensor; y: Tensor }>> = {
    'a regression': () => ({
      model: regression('adam', ['mae', 'rootMeanSquaredError']),
      x: sequences(),
      y: targets(),
    }),
    'a classification': () => ({
      model: modelOf(
        [
          new Masking({}),
          new Bidirectional({ layer: new LSTM({ units }) }),
          new Dense({ units: 3, activation: 'softmax' }),
        ],
        [time, features],
        { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', 'f1'] },
      ),
      x: sequences(),
      y: tensor([0, 1, 2, 2, 1, 0, 1]),
    }),
    'a language model': () => ({
      model: modelOf(
        [
          new Embedding({ inputDim: 11, outputDim: 4, maskZero: true }),
          new LSTM({ units, returnSequences: true, dropout: 0.2 }),
          new Dense({ units: 11, activation: 'softmax' }),
        ],
        [time],
        { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', 'perplexity'] },
      ),
      x: tensor(
        Int32Array.from({ length: rows * time }, (_, i) => (i * 7) % 11),
        [rows, time],
      ),
      y: tensor(
        Int32Array.from({ length: rows * time }, (_, i) => (i * 5) % 11),
        [rows, time],
      ),
    }),
  };

  it.each(Object.entries(models))('%s reads nothing at once, and says the same of each epoch', async (_, make) => {
    const results = await onBothReferences(async () => {
      const { model, x, y } = make();
      const putBack = currentBackend() === asynchronous ? refuseReading() : () => undefined;
      try {
        const { metrics } = await model.fit(x, y, { epochs: 2, batchSize: 2, validationSplit: 0.3 });
        const logs = await model.evaluate(x, y, { batchSize: 3 });
        return { logs: { ...metrics, ...logs }, numbers: await numbersOf(model) };
      } finally {
        putBack();
      }
    });
    const [there, here] = results;
    expect(there.numbers).toEqual(here.numbers);
    expectSameLogs(there.logs, here.logs);
  });

  /** Targets and predictions that a metric may be given, by the metric; predictions are the inputs. */
  const judged: readonly (readonly [metric: MetricLike, y: Tensor, predictions: Tensor])[] = [
    ['meanAbsoluteError', normals([rows, 3], new Random(5)), normals([rows, 3], new Random(6))],
    ['meanSquaredError', normals([rows, time, 2], new Random(5)), normals([rows, time, 2], new Random(6))],
    ['rootMeanSquaredError', normals([rows], new Random(5)), normals([rows, 1], new Random(6))],
    ['accuracy', tensor([0, 1, 1, 0, 1, 0, 0]), normals([rows, 1], new Random(6))],
    ['accuracy', tensor([2, 1, 0, 0, 1, 2, 2]), normals([rows, 3], new Random(6))],
    [
      'accuracy',
      tensor(
        new Float32Array(rows * time).map((_, i) => i % 3),
        [rows, time],
      ),
      normals([rows, time, 3], new Random(6)),
    ],
    [
      'binaryAccuracy',
      tensor(
        new Float32Array(rows * 2).map((_, i) => i % 2),
        [rows, 2],
      ),
      normals([rows, 2], new Random(6)),
    ],
    ['sparseCategoricalAccuracy', tensor([2, 1, 0, 0, 1, 2, 2]), normals([rows, 3], new Random(6))],
    [
      'categoricalAccuracy',
      tensor(
        new Float32Array(rows * 3).map((_, i) => Number(i % 4 === 0)),
        [rows, 3],
      ),
      normals([rows, 3], new Random(6)),
    ],
    ['r2Score', normals([rows, 3], new Random(5)), normals([rows, 3], new Random(6))],
    ['precision', tensor([0, 1, 1, 0, 1, 0, 0]), normals([rows, 1], new Random(6))],
  ];

  it.each(judged)('a device adds up %s as the host does, with weights and without', async (metric, y, predictions) => {
    const results = await onBothReferences(async () => {
      const loss = (_: Tensor, yPred: Tensor): Tensor => ops.mean(yPred, -1);
      const compile: CompileOptions = { optimizer: 'sgd', loss, metrics: [metric], weightedMetrics: [metric] };
      const model = modelOf([new Dropout({ rate: 0 })], predictions.shape.slice(1), compile);
      const sampleWeight = tensor([1, 0, 2.5, 1, 0.5, 0, 3]);
      const putBack = currentBackend() === asynchronous ? refuseReading() : () => undefined;
      try {
        return await model.evaluate(predictions, y, { batchSize: 3, sampleWeight });
      } finally {
        putBack();
      }
    });
    expectSameLogs(results[0], results[1]);
  });

  it('takes steps while readings are under way, but not without end', async () => {
    const slow = createReferenceBackend({ readsNow: false });
    const read = slow.read.bind(slow);
    let [underWay, most] = [0, 0];
    slow.read = async (...place) => {
      const numbers = await read(...place);
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 5));
      underWay--;
      return numbers;
    };
    const train = async (): Promise<Record<string, FlatArray>> => {
      setSeed(3);
      const model = regression('adam', ['mae', 'r2Score']);
      await model.fit(sequences(), targets(), { epochs: 4, batchSize: 1 });
      return numbersOf(model);
    };
    useBackend(slow);
    try {
      const weights = await train();
      const mostOfTraining = most;
      useBackend(asynchronous);
      expect(weights).toEqual(await train());
      // Two readings a step: the check, and what logs show.
      expect(mostOfTraining).toBeGreaterThanOrEqual(4);
      expect(mostOfTraining).toBeLessThanOrEqual(6);
    } finally {
      useBackend(asynchronous);
    }
  });

  it('shows callbacks the loss of every batch', async () => {
    const results = await onBothReferences(async () => {
      const losses: number[] = [];
      await regression('sgd', ['mae']).fit(sequences(), targets(), {
        batchSize: 2,
        callbacks: [{ onBatchEnd: ({ loss, logs }) => void losses.push(loss, logs.mae) }],
      });
      return losses;
    });
    expect(results[0]).toHaveLength(8);
    expectClose(results[0], results[1], 1e-13, 'losses and errors');
  });
});

describe('a step that is not finite, on a device that is read asynchronously only', () => {
  beforeAll(() => void useBackend(asynchronous));
  afterAll(() => void useBackend('wasm'));

  /** Batch 3 of 12 divides by zero. */
  const x = tensor(
    Float64Array.from({ length: 12 }, (_, i) => (i === 2 ? 0 : i + 1)),
    [12, 1],
  );
  const y = tensor(new Float64Array(12).fill(1), [12, 1]);
  const distance = (yTrue: Tensor, yPred: Tensor): Tensor => ops.sum(ops.sqrt(ops.mul(yPred, yTrue)), -1);

  const forms: Readonly<Record<string, () => Optimizer>> = {
    adam: () => adam({ learningRate: 0.01 }),
    averages: () => adam({ learningRate: 0.01, useEMA: true, weightDecay: 0.1 }),
    'accumulated gradients': () => adam({ learningRate: 0.01, gradientAccumulationSteps: 2 }),
    'a clipped norm': () => sgd({ globalClipNorm: 1 }),
  };

  it.each(Object.entries(forms))('leaves all as it was, and says the same as elsewhere: %s', async (_, optimizer) => {
    const results = await onBothReferences(async () => {
      const model = modelOf(
        [
          new Dense({
            units: 1,
            useBias: false,
            kernelInitializer: 'ones',
            kernelConstraint: { name: 'maxNorm', config: { maxValue: 0.3 } },
          }),
        ],
        [1],
        { optimizer: optimizer(), loss: distance },
      );
      const message = await model.fit(x, y, { batchSize: 1, shuffle: false, epochs: 2 }).catch(String);
      return { message, numbers: await numbersOf(model), state: model.optimizer.getState() };
    });
    expect(results[0]).toEqual(results[1]);
    expect(results[0].message).toContain('a gradient is not finite at step 3; the step was not taken');
  });

  it('is noticed in a loss whose gradients are finite', async () => {
    const results = await onBothReferences(async () => {
      const model = modelOf([new Dense({ units: 1, kernelInitializer: 'ones' })], [1], {
        optimizer: 'sgd',
        loss: (yTrue, yPred) => ops.sum(ops.add(ops.mul(yPred, 1e-3), ops.log(yTrue)), -1),
      });
      const message = await model.fit(y, x, { batchSize: 1, shuffle: false }).catch(String);
      return { message, numbers: await numbersOf(model) };
    });
    expect(results[0]).toEqual(results[1]);
    expect(results[0].message).toContain('the loss is -Infinity at step 3; the step was not taken');
  });
});

describe('a fault of a step that was not read yet', () => {
  const rows = [[0.5], [-0.2]];

  it('is what a failing dataset ends in', async () => {
    const results = await onBothReferences(async () => {
      const model = modelOf([new Dense({ units: 1, kernelInitializer: 'ones' })], [1], {
        optimizer: 'adam',
        loss: 'mse',
      });
      function* batches() {
        for (let i = 0; i < 8; i++) {
          if (i === 6) throw new Error('the disk is gone');
          yield { x: rows, y: [[i === 4 ? 1e300 : 0.3], [0.5]] };
        }
      }
      const message = await model.fit(batches).catch(String);
      return { message, batches: model.optimizer.batches };
    });
    expect(results[0]).toEqual(results[1]);
    expect(results[0].message).toContain('at step 5; the step was not taken');
    expect(results[0].batches).toBe(4);
  });

  it('takes back no other step of batches that are not awaited one by one', async () => {
    const results = await onBothReferences(async () => {
      const model = modelOf([new Dense({ units: 1, kernelInitializer: 'ones' })], [1], {
        optimizer: 'adam',
        loss: 'mse',
      });
      const all = [0, 1, 2, 3].map((i) => model.trainOnBatch(rows, [[i === 1 ? 1e300 : 1], [2]]));
      const ends = (await Promise.allSettled(all)).map(({ status }) => status);
      return { ends, batches: model.optimizer.batches, numbers: await numbersOf(model) };
    });
    expect(results[0]).toEqual(results[1]);
    expect(results[0].ends).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(results[0].batches).toBe(3);
  });
});

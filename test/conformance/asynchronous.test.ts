import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { libraryCells } from '../../src/cells/registry.js';
import { RondoError } from '../../src/errors.js';
import { deserializeModel, serializeModel, serializeModelAsync } from '../../src/io/checkpoint.js';
import { currentBackend, useBackend } from '../../src/kernels/select.js';
import { Bidirectional } from '../../src/layers/bidirectional.js';
import { CRF } from '../../src/layers/crf.js';
import { Dense } from '../../src/layers/dense.js';
import { Embedding } from '../../src/layers/embedding.js';
import type { Layer } from '../../src/layers/layer.js';
import { LSTM } from '../../src/layers/lstm.js';
import { Masking } from '../../src/layers/masking.js';
import { RNN } from '../../src/layers/rnn.js';
import { Random, setSeed } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { scope, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { Variable } from '../../src/tensor/variable.js';
import { EarlyStopping } from '../../src/training/callbacks/early-stopping.js';
import type { FitOptions } from '../../src/training/fit-options.js';
import type { ModelStream } from '../../src/training/model-stream.js';
import { sgd } from '../../src/training/optimizers/index.js';
import { Sequential } from '../../src/training/sequential.js';
import type { TrainingSnapshot } from '../../src/training/snapshot.js';
import { asynchronousReference, onBothReferences, synchronousReference } from '../support/asynchronous.js';
import { normals } from '../support/random.js';

const [asynchronous, synchronous] = [asynchronousReference, synchronousReference];

const dataOf = (tensors: readonly Tensor[]): Promise<ArrayLike<number>[]> =>
  Promise.all(tensors.map((one) => one.data()));

const [batch, time, features, units] = [3, 5, 7, 5];
const sequence = (): Tensor => normals([batch, time, features], new Random(1));

function built(layers: Layer[] = [new LSTM({ units }), new Dense({ units: 2 })]): Sequential {
  const model = new Sequential(layers, { inputShape: [time, features] });
  model.compile({ optimizer: 'adam', loss: 'mse' });
  model.ensureBuilt([batch, time, features]);
  return model;
}

const streamed = (): ModelStream => new Sequential([new LSTM({ units })], { inputShape: [null, features] }).stream();
const firstStep = Float32Array.from({ length: features }, (_, i) => i / 7);

function errorOf(work: () => unknown): RondoError {
  try {
    work();
  } catch (error) {
    if (error instanceof RondoError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

describe('on a device that is read asynchronously only', () => {
  beforeAll(() => void useBackend(asynchronous));
  afterAll(() => void useBackend('wasm'));

  it('results stay where they are until they are read, and go into later work', async () => {
    const sum = ops.add(tensor([1, 2, 3]), tensor([10, 20, 30]));
    expect([...(await sum.data())]).toEqual([11, 22, 33]);
    const twice = scope(() => ops.mul(sum, 2));
    expect([...(await twice.data())]).toEqual([22, 44, 66]);
    expect([...(await sum.data())]).toEqual([11, 22, 33]);
    expect([...(await scope(() => ops.reshape(twice, [3, 1])).data())]).toEqual([22, 44, 66]);
  });

  it('what cannot be read at once says so, and how it can', () => {
    const sum = ops.add(tensor([1, 2]), tensor([3, 4]));
    expect(() => sum.dataSync()).toThrow('await tensor.data()');
    expect(String(sum)).toBe('Tensor [2] (`reference` cannot be read synchronously.)');
  });

  it('memory of results that are dropped is given back', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const before = currentBackend().memory().persistentBytes;
    for (let i = 0; i < 100; i++) ops.add(tensor([1, 2, 3]), i);
    expect(currentBackend().memory().persistentBytes).toBe(before + 100 * 3 * 8);
    for (let i = 0; i < 20 && currentBackend().memory().persistentBytes > before; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(currentBackend().memory().persistentBytes).toBeLessThanOrEqual(before);
  });

  it('a result cannot go on on another device without a word', () => {
    const sum = ops.add(tensor([1, 2]), tensor([3, 4]));
    useBackend(synchronous);
    try {
      expect(() => ops.mul(sum, 2)).toThrow(RondoError);
    } finally {
      useBackend(asynchronous);
    }
  });

  it('loss and gradients leave their step', async () => {
    const results = await onBothReferences(async () => {
      const weight = new Variable([2, 3], [0.3, -0.2, 0.5, 0.9, -0.4, 0.1], 'weight');
      const { value, gradients } = valueAndGradients(
        () => ops.sum(ops.tanh(ops.matmul(tensor([[1, 2]]), weight))),
        [weight],
      );
      return dataOf([value, ...gradients]);
    });
    expect(results[0]).toEqual(results[1]);
  });

  it.each(libraryCells.map(({ name }) => name))('%s runs and is derived along time', async (cell) => {
    const results = await onBothReferences(async () => {
      const layer = new RNN({ cell, units, returnSequences: true });
      layer.ensureBuilt([batch, time, features]);
      const { value, gradients } = valueAndGradients(
        () =>
          ops.sum(
            ops.square(
              layer.apply(sequence(), {
                mask: Uint8Array.from({ length: batch * time }, (_, i) => Number(i % time < 3 + (i % 2))),
              }) as Tensor,
            ),
          ),
        layer.trainableWeights,
      );
      return dataOf([value, ...gradients]);
    });
    expect(results[0]).toEqual(results[1]);
  });

  it('weights are copied where they are', async () => {
    const model = built();
    const weights = model.getWeights();
    const [name] = Object.keys(weights);
    const before = await weights[name].data();
    model.weights[0].assign(new Float64Array(model.weights[0].size));
    expect(await weights[name].data()).toEqual(before);
    expect(before.some((value) => value !== 0)).toBe(true);
  });

  it.each([
    [
      'recurrent layers, masked, in both directions',
      () => [new Masking({}), new Bidirectional({ layer: new LSTM({ units }) }), new Dense({ units: 2 })],
      [time, features],
      sequence,
    ],
    [
      'words',
      () => [new Embedding({ inputDim: 11, outputDim: 4, maskZero: true }), new LSTM({ units })],
      [time],
      () =>
        tensor(
          Float32Array.from({ length: batch * time }, (_, i) => (i * 7) % 11),
          [batch, time],
        ),
    ],
  ] as const)('predicts: %s', async (_, layers, inputShape, input) => {
    const results = await onBothReferences(async () => {
      const model = new Sequential([...layers()], { inputShape: [...inputShape] });
      return dataOf([(await model.predict(input(), { batchSize: 2 })) as Tensor]);
    });
    expect(results[0]).toEqual(results[1]);
  });
});

/** What gives its numbers at once everywhere else, and what to await in its place. */
const atOnce: Readonly<Record<string, readonly [work: () => unknown, instead: string]>> = {
  'data of a tensor': [() => ops.add(tensor([1]), 1).dataSync(), 'await tensor.data()'],
  'a step of a stream': [() => streamed().step(firstStep), 'await stream.stepAsync(input)'],
  'the state of a stream': [() => streamed().getState(), 'await stream.getStateAsync()'],
  'a norm that is checked': [
    () => {
      const weight = new Variable([2], [1, 2], 'weight');
      scope(() => sgd().applyGradients([ops.mul(weight, 2)], [weight], { requireFinite: true }));
    },
    'await',
  ],
  'the bytes of a file': [() => serializeModel(built()), 'await serializeModelAsync(model)'],
  'the labels of a chain': [
    () => {
      const crf = new CRF();
      crf.ensureBuilt([1, 2, 3]);
      return crf.decode({ scores: tensor(new Float32Array(6), [1, 2, 3]) });
    },
    'await crf.readWeights()',
  ],
};

describe('what gives its numbers at once', () => {
  beforeAll(() => void useBackend(asynchronous));
  afterAll(() => void useBackend('wasm'));

  it.each(Object.entries(atOnce))('%s says that it cannot, and how it can', (_, [work, instead]) => {
    const error = errorOf(work);
    expect(error).toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    expect(error.message).toContain(instead);
  });
});

describe('files and streams on a device that is read asynchronously only', () => {
  beforeAll(() => void useBackend(asynchronous));
  afterAll(() => void useBackend('wasm'));

  it('a model is written with its optimizer, and read again', async () => {
    const results = await onBothReferences(async () => {
      const model = built();
      await model.fit(sequence(), normals([batch, 2], new Random(4)));
      const bytes = await serializeModelAsync(model, { includeOptimizer: true });
      const { model: loaded } = deserializeModel(bytes);
      const more = await loaded.trainOnBatch(sequence(), normals([batch, 2], new Random(4)));
      return { bytes, more, weights: await dataOf(loaded.weights) };
    });
    expect(results[0]).toEqual(results[1]);
  });

  it('an interrupted training goes on from a snapshot as if nothing had happened', async () => {
    const results = await onBothReferences(async () => {
      const train = async (model: Sequential, options: FitOptions): Promise<unknown> => {
        const { metrics } = await model.fit(sequence(), normals([batch, 2], new Random(4)), {
          epochs: 3,
          batchSize: 1,
          callbacks: [new EarlyStopping({ monitor: 'loss', patience: 1, restoreBestWeights: true })],
          ...options,
        });
        return { metrics, weights: await dataOf(model.weights) };
      };
      const stateful = (): Sequential => built([new LSTM({ units, stateful: true }), new Dense({ units: 2 })]);
      const whole = await train(stateful(), {});
      setSeed(3);
      const controller = new AbortController();
      let bytes = new Uint8Array();
      const save = async (model: Sequential, training: TrainingSnapshot): Promise<void> => {
        bytes = new Uint8Array(await serializeModelAsync(model, { training }));
        if (training.values.numSteps === 4) controller.abort();
      };
      await train(stateful(), {
        signal: controller.signal,
        checkpoint: { everySteps: 4, save: save as NonNullable<FitOptions['checkpoint']>['save'] },
      });
      const { model, training } = deserializeModel(bytes);
      return { whole, resumed: await train(model as unknown as Sequential, { resumeFrom: training }) };
    });
    expect(results[0]).toEqual(results[1]);
    expect(results[0].resumed).toEqual(results[0].whole);
  });

  it('a stream gives what the model gives of the whole sequence', async () => {
    const results = await onBothReferences(async () => {
      const stream = streamed();
      const steps = [firstStep, firstStep.map((value) => -value)];
      const outputs = await Promise.all(steps.map((step) => stream.stepAsync(step)));
      const state = await stream.getStateAsync();
      stream.setState(state);
      return { outputs, state: [...state] };
    });
    expect(results[0]).toEqual(results[1]);
    expect(results[0].outputs[0]).not.toEqual(results[0].outputs[1]);
  });
});

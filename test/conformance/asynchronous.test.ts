import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { libraryCells } from '../../src/cells/registry.js';
import { RondoError } from '../../src/errors.js';
import { serializeModel } from '../../src/io/checkpoint.js';
import { createReferenceBackend } from '../../src/kernels/reference/backend.js';
import { currentBackend, useBackend } from '../../src/kernels/select.js';
import { Bidirectional } from '../../src/layers/bidirectional.js';
import { Dense } from '../../src/layers/dense.js';
import { Embedding } from '../../src/layers/embedding.js';
import { LSTM } from '../../src/layers/lstm.js';
import { Masking } from '../../src/layers/masking.js';
import { RNN } from '../../src/layers/rnn.js';
import { Random, setSeed } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { scope, type Tensor, tensor, Variable } from '../../src/tensor/tensor.js';
import { Sequential } from '../../src/training/sequential.js';
import { normals } from '../support/random.js';

/** A device whose memory the host cannot see, as a GPU's: it is read asynchronously only. */
const asynchronous = createReferenceBackend({ readsNow: false });
const synchronous = createReferenceBackend();

/** The numbers that `work` gives on each of the two. */
async function onBoth(work: () => Promise<ArrayLike<number>[]>): Promise<ArrayLike<number>[][]> {
  const results: ArrayLike<number>[][] = [];
  for (const backend of [asynchronous, synchronous]) {
    useBackend(backend);
    setSeed(3);
    results.push(await work());
  }
  useBackend(asynchronous);
  return results;
}

const dataOf = (tensors: readonly Tensor[]): Promise<ArrayLike<number>[]> =>
  Promise.all(tensors.map((one) => one.data()));

const [batch, time, features, units] = [3, 5, 7, 5];
const sequence = (): Tensor => normals([batch, time, features], new Random(1));

function compiled(): Sequential {
  const model = new Sequential([new LSTM({ units }), new Dense({ units: 2 })], { inputShape: [time, features] });
  model.compile({ optimizer: 'adam', loss: 'mse' });
  return model;
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
    const results = await onBoth(async () => {
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
    const results = await onBoth(async () => {
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
    const model = compiled();
    model.ensureBuilt([batch, time, features]);
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
    const results = await onBoth(async () => {
      const model = new Sequential([...layers()], { inputShape: [...inputShape] });
      return dataOf([(await model.predict(input(), { batchSize: 2 })) as Tensor]);
    });
    expect(results[0]).toEqual(results[1]);
  });
});

/**
 * What still reads synchronously, and so cannot run there. The list may only become shorter: what works must leave it.
 */
const notYet: Readonly<Record<string, () => unknown>> = {
  'files, which hold weights of the host': () => {
    const model = compiled();
    model.ensureBuilt([batch, time, features]);
    return serializeModel(model);
  },
  'streams, which read the output of every step': () => {
    const model = new Sequential([new LSTM({ units })], { inputShape: [null, features] });
    return model.stream().step(Float32Array.from({ length: features }, (_, i) => i / 7));
  },
};

describe('on a device that is read asynchronously only, not yet', () => {
  beforeAll(() => void useBackend(asynchronous));
  afterAll(() => void useBackend('wasm'));

  it.each(Object.entries(notYet))('%s', async (_, work) => {
    await expect((async () => work())()).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
  });
});

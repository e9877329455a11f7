import { afterEach, expect, it } from 'vitest';
import { asynchronousReference, onBothReferences } from '../../../test/support/asynchronous.js';
import { normals } from '../../../test/support/random.js';
import { deserializeModel, serializeModelAsync } from '../../io/checkpoint.js';
import { useBackend } from '../../kernels/select.js';
import { Add } from '../../layers/add.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { GlobalAveragePooling1D } from '../../layers/global-average-pooling-1d.js';
import { LSTM } from '../../layers/lstm.js';
import { MaxPooling1D } from '../../layers/max-pooling-1d.js';
import { Softmax } from '../../layers/softmax.js';
import { input } from '../../layers/symbolic-tensor.js';
import { Random, setSeed } from '../../random.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Model } from '../model.js';
import { Functional } from './functional.js';

afterEach(() => void useBackend('wasm'));

const random = new Random(8);
const x = { a: normals([22, 5, 3], random), b: normals([22, 2], random) };
const y = { first: normals([22, 1], random), second: normals([22, 2], random) };

function compiled() {
  const [a, b] = [input({ shape: [null, 3] }), input({ shape: [2] })];
  const states = new LSTM({ units: 3, dropout: 0.2, returnSequences: true }).apply(a);
  const pooled = new MaxPooling1D().apply(new Softmax({ axis: 1 }).apply(new Add().apply([states, a])));
  const both = new Concatenate().apply([new GlobalAveragePooling1D().apply(pooled), b]);
  const first = new Dense({ units: 1 }).apply(new Dropout({ rate: 0.3 }).apply(both));
  const model = new Functional({ inputs: { a, b }, outputs: { first, second: new Dense({ units: 2 }).apply(both) } });
  model.compile({ optimizer: 'adam', loss: { first: 'mse', second: 'mae' }, metrics: { second: ['mae'] } });
  return model;
}

const plan = { epochs: 4, batchSize: 6 };

async function weightsOf(model: Pick<Model, 'getWeights'>): Promise<unknown> {
  const named = Object.entries(model.getWeights());
  return Promise.all(named.map(async ([name, weight]) => [name, [...(await weight.data())]]));
}

it('a graph whose training was interrupted ends with the same bits', async () => {
  setSeed(4);
  const files: Uint8Array[] = [];
  const model = compiled();
  const whole = await model.fit(x, y, {
    ...plan,
    checkpoint: {
      everySteps: 7,
      save: async (saved, training) => void files.push(await serializeModelAsync(saved, { training })),
    },
  });
  const loaded = deserializeModel<Readonly<Record<string, Tensor>>>(files[0]);
  const rest = await loaded.model.fit(x, y, { ...plan, resumeFrom: loaded.training });
  expect(rest.metrics).toEqual(whole.metrics);
  expect(await weightsOf(loaded.model)).toEqual(await weightsOf(model));
});

it('a graph trains, answers and is stored on a device that is read asynchronously only, with the same bits', async () => {
  useBackend(asynchronousReference);
  const [asynchronous, synchronous] = await onBothReferences(async () => {
    const model = compiled();
    const { metrics } = await model.fit(x, y, plan);
    const { model: loaded } = deserializeModel<Readonly<Record<string, Tensor>>>(await serializeModelAsync(model));
    const answers = Object.values(await loaded.predict(x));
    return {
      loss: metrics.loss,
      weights: await weightsOf(model),
      answers: await Promise.all(answers.map(async (answer) => [...(await answer.data())])),
    };
  });
  expect(asynchronous).toEqual(synchronous);
});

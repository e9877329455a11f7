import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../src/kernels/select.js';
import { AdaptiveSoftmax } from '../../src/layers/adaptive-softmax.js';
import { AttentionPooling1D } from '../../src/layers/attention-pooling-1d.js';
import { BatchNormalization } from '../../src/layers/batch-normalization.js';
import { Conv1D } from '../../src/layers/conv-1d.js';
import { Dense } from '../../src/layers/dense.js';
import { Dropout } from '../../src/layers/dropout.js';
import { Embedding } from '../../src/layers/embedding.js';
import { GlobalMaxPooling1D } from '../../src/layers/global-max-pooling-1d.js';
import { GRU } from '../../src/layers/gru.js';
import type { Layer } from '../../src/layers/layer.js';
import { LayerNormalization } from '../../src/layers/layer-normalization.js';
import { LSTM } from '../../src/layers/lstm.js';
import { RepeatVector } from '../../src/layers/repeat-vector.js';
import { SampledSoftmax } from '../../src/layers/sampled-softmax.js';
import { SimpleRNN } from '../../src/layers/simple-rnn.js';
import { SpatialDropout1D } from '../../src/layers/spatial-dropout-1d.js';
import { TimeDistributed } from '../../src/layers/time-distributed.js';
import { Random } from '../../src/random.js';
import { type FlatArray, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { findLearningRate } from '../../src/training/find-learning-rate.js';
import { Model } from '../../src/training/model.js';
import { Sequential } from '../../src/training/sequential.js';
import { asynchronousReference, onBothReferences } from '../support/asynchronous.js';
import { normals } from '../support/random.js';

const [rows, time, features, numWords] = [6, 5, 3, 12];
const sequences = (): Tensor => normals([rows, time, features], new Random(1));
const words = (seed: number): Tensor =>
  tensor(
    Int32Array.from({ length: rows * time }, (_, i) => (i * 7 + seed) % numWords),
    [rows, time],
  );

async function weightsOf(model: Model<never> | Model): Promise<Record<string, FlatArray>> {
  const weights = Object.entries((model as Model).getWeights());
  return Object.fromEntries(await Promise.all(weights.map(async ([name, one]) => [name, await one.data()] as const)));
}

/** Two outputs, of which the losses are weighted. */
class TwoHeads extends Model<Readonly<Record<string, Tensor>>> {
  body = new GRU({ units: 3 });
  value = new Dense({ units: 1, kernelRegularizer: 'l2' });
  kind = new Dense({ units: 3, activation: 'softmax' });

  override call(x: Tensor): Readonly<Record<string, Tensor>> {
    const code = this.body.apply(x);
    return { value: this.value.apply(code), kind: this.kind.apply(code) };
  }
}

describe('models on a device that is read asynchronously only', () => {
  beforeAll(() => void useBackend(asynchronousReference));
  afterAll(() => void useBackend('wasm'));

  const stacks: Readonly<Record<string, () => Layer[]>> = {
    'layers of many kinds': () => [
      new Conv1D({ filters: 4, kernelSize: 3, activation: 'relu' }),
      new LayerNormalization(),
      new BatchNormalization(),
      new LSTM({ units: 4, returnSequences: true, kernelRegularizer: 'l2', recomputeSteps: 2 }),
      new SpatialDropout1D({ rate: 0.2 }),
      new SimpleRNN({ units: 3, returnSequences: true }),
      new AttentionPooling1D({ units: 3 }),
      new Dropout({ rate: 0.3 }),
      new Dense({ units: 2, kernelConstraint: 'unitNorm' }),
    ],
    'steps each by itself, repeated and pooled': () => [
      new TimeDistributed({ layer: new Dense({ units: 3, activation: 'tanh' }) }),
      new GRU({ units: 3 }),
      new RepeatVector({ n: 3 }),
      new LSTM({ units: 3, returnSequences: true, zoneout: 0.1, stateful: true }),
      new GlobalMaxPooling1D(),
      new Dense({ units: 2 }),
    ],
  };

  it.each(Object.entries(stacks))('%s train', async (_, layers) => {
    const results = await onBothReferences(async () => {
      const model = new Sequential(layers(), { inputShape: [time, features] });
      model.compile({ optimizer: 'adam', loss: 'huber' });
      const y = normals([rows, 2], new Random(2));
      const { metrics } = await model.fit(sequences(), y, { epochs: 2, batchSize: 3 });
      const predicted = (await model.predict(sequences(), { batchSize: 3 })) as Tensor;
      return { metrics, weights: await weightsOf(model), predicted: await predicted.data() };
    });
    expect(results[0]).toEqual(results[1]);
  });

  it.each([
    ['adaptive', () => new AdaptiveSoftmax({ units: numWords, cutoffs: [4] })],
    ['sampled', () => new SampledSoftmax({ units: numWords, numSampled: 5 })],
  ] as const)('a language model with an %s softmax trains', async (_, head) => {
    const results = await onBothReferences(async () => {
      const layers = [
        new Embedding({ inputDim: numWords, outputDim: 4 }),
        new LSTM({ units: 4, returnSequences: true }),
        head(),
      ];
      const model = new Sequential(layers as Layer[], { inputShape: [time] });
      model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', 'perplexity'] });
      const { metrics } = await model.fit(words(0), words(1), { epochs: 2, batchSize: 2, validationSplit: 0.4 });
      return { metrics, weights: await weightsOf(model) };
    });
    expect(results[0]).toEqual(results[1]);
  });

  it('a model with two outputs trains, its losses weighted and its weights penalised', async () => {
    const results = await onBothReferences(async () => {
      const model = new TwoHeads();
      model.compile({
        optimizer: 'adam',
        loss: { value: 'mse', kind: 'sparseCategoricalCrossentropy' },
        lossWeights: { value: 0.3, kind: 2 },
        metrics: { value: ['r2Score'], kind: ['recall'] },
      });
      const y = { value: normals([rows, 1], new Random(2)), kind: tensor([0, 1, 2, 2, 1, 0]) };
      const { metrics } = await model.fit(sequences(), y, {
        epochs: 2,
        batchSize: 2,
        sampleWeight: { value: tensor([1, 0, 2, 1, 3, 0.5]) },
      });
      return { metrics, weights: await weightsOf(model as never) };
    });
    expect(results[0]).toEqual(results[1]);
  });

  it('single batches and a search for the learning rate train, and the search puts all back', async () => {
    const results = await onBothReferences(async () => {
      const model = new Sequential([new LSTM({ units: 3, stateful: true }), new Dense({ units: 3 })], {
        inputShape: [time, features],
      });
      model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['r2Score'] });
      const y = normals([rows, 3], new Random(2));
      const logs = await model.trainOnBatch(sequences(), y);
      const before = await weightsOf(model);
      const search = await findLearningRate(model, { x: sequences(), y }, { steps: 10, batchSize: 3, maximum: 1e8 });
      expect(await weightsOf(model)).toEqual(before);
      return { logs, search, before };
    });
    expect(results[0]).toEqual(results[1]);
    expect(results[0].search.stopReason).toBe('diverged');
  });
});

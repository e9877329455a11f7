import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { useBackend } from '../kernels/select.js';
import { Embedding } from '../layers/embedding.js';
import type { CallOptions, Json } from '../layers/layer.js';
import { LSTM } from '../layers/lstm.js';
import { TiedDense } from '../layers/tied-dense.js';
import { Random, setSeed } from '../random.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { registerLayer } from './layer-registry.js';
import { Model } from './model.js';
import { adam } from './optimizers/index.js';
import { Sequential } from './sequential.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [rows, timesteps, units, classes] = [9, 5, 7, 11];
const random = new Random(4);
const x = Array.from({ length: rows }, () => Array.from({ length: timesteps }, () => random.integer(classes)));
const y = x.map((sequence) => sequence.map((index) => (index + 3) % classes));

function tiedSequential(): Sequential {
  setSeed(2);
  const words = new Embedding({ inputDim: classes, outputDim: units, inputShape: [null], name: 'words' });
  return new Sequential([
    words,
    new LSTM({ units, returnSequences: true }),
    new TiedDense({ embedding: 'words', activation: 'softmax' }),
  ]);
}

class TiedModel extends Model<Tensor> {
  readonly words = new Embedding({ inputDim: classes, outputDim: units });
  readonly recurrent = new LSTM({ units, returnSequences: true });
  readonly head = new TiedDense({ embedding: this.words, activation: 'softmax' });
  override call(input: Tensor, options: CallOptions): Tensor {
    return this.head.apply(this.recurrent.apply(this.words.apply(input), options) as Tensor);
  }
}
registerLayer('TiedModel', (config) => new TiedModel(config as { name?: string }));

describe.each<[string, () => Model<Tensor>]>([
  ['Sequential', tiedSequential],
  [
    'Model',
    () => {
      setSeed(2);
      return new TiedModel();
    },
  ],
])('a tied output in a %s', (_, make) => {
  it('learns, and is saved once', async () => {
    const model = make();
    model.compile({
      optimizer: adam({ learningRate: 0.03 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    const { metrics } = await model.fit(x, y, { epochs: 30, batchSize: 4 });
    expect(metrics.loss.at(-1)!).toBeLessThan(metrics.loss[0] / 2);
    const names = Object.keys(model.getWeights());
    expect(names.filter((name) => name.endsWith('embeddings'))).toHaveLength(1);
    expect(model.countParams()).toBe(classes * units + 4 * units * (2 * units + 1) + classes);
    const restored = deserializeModel(serializeModel(model)).model;
    expect(Object.keys(restored.getWeights())).toEqual(names);
    const [before, after] = [await model.predict(x), (await restored.predict(x)) as Tensor];
    expectClose(after.dataSync(), before.dataSync(), 0, 'predictions');
    // The head of the copy reads the copy's table.
    const weights = restored.getWeights();
    const name = names.find((weight) => weight.endsWith('embeddings'))!;
    restored.setWeights({
      ...weights,
      [name]: { data: weights[name].dataSync().map((value) => -value), shape: weights[name].shape },
    });
    expect([...((await restored.predict(x)) as Tensor).dataSync()]).not.toEqual([...before.dataSync()]);
  });
});

it('trains the same in both', async () => {
  const losses = [];
  for (const make of [tiedSequential, () => new TiedModel()]) {
    const model = make();
    model.compile({ optimizer: 'adagrad', loss: 'sparseCategoricalCrossentropy' });
    if (!model.isBuilt) {
      model.buildOn([], () => [tensor(x)]);
      const values = Object.values(tiedSequential().getWeights());
      const own = model.getWeights();
      model.setWeights(Object.fromEntries(Object.keys(own).map((name, i) => [name, values[i]])));
    }
    losses.push((await model.fit(x, y, { epochs: 3, batchSize: 4, shuffle: false })).metrics.loss);
  }
  expectClose(losses[1], losses[0], 1e-12, 'loss by epoch');
});

describe('a Sequential', () => {
  const words = (): Embedding =>
    new Embedding({ inputDim: classes, outputDim: units, inputShape: [null], name: 'words' });

  it.each<[string, () => unknown, string]>([
    [
      'an embedding that it does not have',
      () => new Sequential([words(), new TiedDense({ embedding: words() })]),
      'the embedding it was given is not among the layers before it.',
    ],
    [
      'a name that it does not have',
      () => new Sequential([words(), new TiedDense({ embedding: 'word' })]),
      'no layer before it is an embedding named `word`.',
    ],
    [
      'the name of another layer',
      () => new Sequential([words(), new LSTM({ units, name: 'lstm' }), new TiedDense({ embedding: 'lstm' })]),
      'no layer before it is an embedding named `lstm`.',
    ],
  ])('refuses %s', (_, make, what) => {
    expect(messageOf(make)).toContain(`[USAGE] TiedDense tiedDense: ${what}`);
  });

  it('keeps a frozen table as it is', async () => {
    const frozen = new Embedding({ inputDim: classes, outputDim: units, inputShape: [null], trainable: false });
    const model = new Sequential([
      frozen,
      new LSTM({ units, returnSequences: true }),
      new TiedDense({ embedding: frozen, activation: 'softmax' }),
    ]);
    const before = frozen.table.dataSync();
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    await model.fit(x, y);
    expect(frozen.table.dataSync()).toEqual(before);
  });

  it('names nothing in the configuration but the embedding', () => {
    const { layers } = tiedSequential().getConfig() as {
      layers: { className: string; config: Record<string, Json> }[];
    };
    expect(layers[2]).toEqual({
      className: 'TiedDense',
      config: { name: 'tiedDense', trainable: true, embedding: 'words', activation: 'softmax', useBias: true },
    });
  });
});

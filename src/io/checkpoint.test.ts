import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostWeights } from '../../test/support/host-weights.js';
import { RondoError } from '../errors.js';
import { useBackend } from '../kernels/select.js';
import { Activation } from '../layers/activation.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Conv1D } from '../layers/conv-1d.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { Embedding } from '../layers/embedding.js';
import { Flatten } from '../layers/flatten.js';
import { GroupNormalization } from '../layers/group-normalization.js';
import { GRU } from '../layers/gru.js';
import { Input } from '../layers/input-layer.js';
import type { Json } from '../layers/layer.js';
import { LayerNormalization } from '../layers/layer-normalization.js';
import { LSTM } from '../layers/lstm.js';
import { RNN } from '../layers/rnn.js';
import { TimeDistributed } from '../layers/time-distributed.js';
import { currentRandom, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { registerLayer } from '../training/layer-registry.js';
import { defineLoss } from '../training/losses/index.js';
import { Model } from '../training/model.js';
import { Sequential } from '../training/sequential.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import { deserializeModel, loadWeights, serializeModel } from './checkpoint.js';
import { metadataKey } from './checkpoint-metadata.js';
import { libraryVersion } from './library-version.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof RondoError) return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
};

class Scorer extends Model<Tensor> {
  override readonly className = 'Scorer';
  body: LSTM;
  head = new Dense({ units: 1 });
  readonly #width: number;

  constructor(width: number) {
    super();
    this.#width = width;
    this.body = new LSTM({ units: width });
  }
  override call(x: Tensor): Tensor {
    return this.head.apply(this.body.apply(x));
  }
  override getConfig(): Record<string, Json | undefined> {
    return { ...super.getConfig(), width: this.#width };
  }
}

const sequence = Array.from({ length: 3 }, (_, b) =>
  Array.from({ length: 5 }, (_, t) => [Math.sin(b + t), Math.cos(2 * b - t)]),
);
const tokens = [
  [3, 1, 4, 0],
  [1, 5, 0, 0],
  [2, 6, 5, 3],
];
const small = (): Sequential => {
  const model = new Sequential([new GRU({ units: 2, inputShape: [null, 2] }), new Dense({ units: 1 })]);
  model.compile({
    optimizer: 'adam',
    loss: 'mse',
    metrics: ['mae', { name: 'binaryAccuracy', config: { threshold: 0.3 } }],
  });
  return model;
};

/** The file with its description changed. */
function edited(bytes: Uint8Array, edit: (description: Record<string, unknown>) => void): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(bytes, 'test');
  const description = JSON.parse(metadata[metadataKey]) as Record<string, unknown>;
  edit(description);
  return encodeSafetensors(tensors, { [metadataKey]: JSON.stringify(description) });
}

describe('a saved and loaded model', () => {
  it.each<[string, () => Sequential, number[][] | number[][][]]>([
    [
      'tokens',
      () =>
        new Sequential([
          new Embedding({ inputDim: 7, outputDim: 3, maskZero: true }),
          new Bidirectional({ layer: new LSTM({ units: 2, returnSequences: true, dropout: 0.2 }), mergeMode: 'sum' }),
          new GRU({ units: 4, resetAfter: false }),
          new Dropout({ rate: 0.1 }),
          new Dense({ units: 3, activation: 'softmax' }),
        ]),
      tokens,
    ],
    [
      'sequences',
      () =>
        new Sequential(
          [
            Input({ shape: [5, 2] }),
            new Conv1D({ filters: 3, kernelSize: 2, padding: 'causal' }),
            new RNN({ cell: ['lstm', 'gru'], units: [3, 4], returnSequences: true }),
            new LayerNormalization(),
            new BatchNormalization({ movingVarianceInitializer: 'heNormal', momentum: 0.9 }),
            new GroupNormalization({ groups: 2, scale: false }),
            new TimeDistributed({ layer: new Dense({ units: 2 }) }),
            new Flatten(),
            new Dense({ units: 2, kernelRegularizer: 'l2', kernelConstraint: 'maxNorm' }),
            new Activation({ activation: 'tanh' }),
          ],
          { name: 'kept' },
        ),
      sequence,
    ],
    [
      'a model inside a model',
      () =>
        new Sequential([
          new RNN({ cell: 'minGRU', units: 3 }),
          new Sequential([new Dense({ units: 4 }), new Dense({ units: 1 })], { name: 'head' }),
        ]),
      sequence,
    ],
  ])('predicts the same, for %s', async (_, make, x) => {
    setSeed(3);
    const model = make();
    const expected = await model.predict(x);
    const { model: loaded, preprocessing, training } = deserializeModel(serializeModel(model));
    expect((await loaded.predict(x)).array()).toEqual(expected.array());
    expect(hostWeights(loaded)).toEqual(hostWeights(model));
    expect(loaded.getConfig()).toEqual(model.getConfig());
    expect([preprocessing, training]).toEqual([null, undefined]);
    expect(serializeModel(loaded)).toEqual(serializeModel(model));
  });

  it('is compiled as before, and goes on with the same bits where the optimizer was saved', async () => {
    setSeed(5);
    const model = small();
    const y = [[1], [0], [1]];
    await model.fit(sequence, y, { epochs: 3 });
    const bytes = serializeModel(model, { includeOptimizer: true });
    const { model: loaded } = deserializeModel(bytes);
    expect(await loaded.evaluate(sequence, y)).toEqual(await model.evaluate(sequence, y));
    await Promise.all([model, loaded].map((each) => each.fit(sequence, y, { epochs: 2, shuffle: false })));
    expect(hostWeights(loaded)).toEqual(hostWeights(model));
    const { model: without } = deserializeModel(serializeModel(model));
    expect(without.optimizer.batches).toBe(0);
  });

  it('keeps preprocessing, its names and what training needs, numbers that are not finite included', () => {
    const preprocessing = { vocabulary: ['a', 'ä'], mean: [0.1, -3e-9], none: null };
    const model = small();
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const position = {
      epoch: 1,
      batch: 0,
      seed: null,
      numSteps: 3,
      isStopping: false,
      logs: null,
      numRows: 4,
      batchSize: 2,
    };
    const values = {
      ...position,
      history: { epochs: [0], metrics: { auc: [NaN] } },
      random: currentRandom().state,
      optimizer: model.optimizer.getState(),
    };
    const arrays = { 'callback/0/a': { data: Float32Array.of(1, 2), shape: [2] } };
    const snapshot: TrainingSnapshot = {
      values: { ...values, callbacks: [{ name: 'own', values: { a: 1 } }] },
      arrays,
    };
    const bytes = serializeModel(model, { preprocessing, training: snapshot });
    const loaded = deserializeModel(bytes);
    expect(loaded.preprocessing).toEqual(preprocessing);
    expect(loaded.training).toEqual(snapshot);
    expect([...decodeSafetensors(bytes, 'test').tensors.keys()].sort()).toEqual([
      '@training/callback/0/a',
      'dense/bias',
      'dense/kernel',
      'gru/cell/bias',
      'gru/cell/kernel',
      'gru/cell/recurrentKernel',
    ]);
  });

  it('draws nothing from the generator when it is read', () => {
    const bytes = serializeModel(small());
    const before = currentRandom().state;
    deserializeModel(bytes);
    expect(currentRandom().state).toEqual(before);
  });

  it('of a class of its own is made by its registered maker, or reads its weights alone', async () => {
    registerLayer('Scorer', (config) => new Scorer(config.width as number));
    const model = new Scorer(3);
    const expected = (await model.predict(sequence)).array();
    const bytes = serializeModel(model);
    expect((await deserializeModel(bytes).model.predict(sequence)).array()).toEqual(expected);
    const other = new Scorer(3);
    loadWeights(other, bytes);
    expect((await other.predict(sequence)).array()).toEqual(expected);
  });

  it('comes back not compiled where its loss was of the user’s own, and says which', async () => {
    const model = small();
    const own = defineLoss({ name: 'myLoss', element: (t) => t });
    for (const loss of [own, (yTrue: Tensor, yPred: Tensor) => ops.mean(ops.sub(yTrue, yPred), -1)]) {
      model.compile({ optimizer: 'sgd', loss });
      const { model: loaded } = deserializeModel(serializeModel(model));
      const named =
        loss === own ? /not compiled[\s\S]*unknown loss `myLoss`[\s\S]*registerLoss\('myLoss'/ : /not compiled/;
      await expect(loaded.evaluate(sequence, [[1], [1], [1]])).rejects.toThrow(named);
      await expect(loaded.fit(sequence, [[1], [1], [1]])).rejects.toThrow(named);
    }
  });

  it('moves from float64 to float32 and back within float32', async () => {
    const model = small();
    const expected = await model.predict(sequence);
    const bytes = serializeModel(model);
    useBackend('wasm');
    const { model: loaded } = deserializeModel(bytes);
    const single = serializeModel(loaded);
    const predicted = (await loaded.predict(sequence)).dataSync();
    useBackend('reference');
    expect(single.length).toBeLessThan(bytes.length);
    predicted.forEach((value, i) => expect(value).toBeCloseTo(expected.dataSync()[i], 5));
  });
});

describe('a file that is no intact model', () => {
  it.each([0, 5, 40, 300, -1, -9])('cut at byte %i is refused', (end) => {
    const bytes = serializeModel(small());
    expect(messageOf(() => deserializeModel(bytes.slice(0, end), 'm.safetensors'))).toMatch(
      /^\[FILE_FORMAT\] m.safetensors: /,
    );
  });

  it('is refused where it is another kind of file, or weights without a description', () => {
    expect(messageOf(() => deserializeModel(new TextEncoder().encode('PK\x03\x04 and a lot more'), 'm.keras'))).toMatch(
      /it looks like a ZIP archive/,
    );
    const plain = encodeSafetensors(decodeSafetensors(serializeModel(small()), 'test').tensors, { format: 'pt' });
    expect(messageOf(() => deserializeModel(plain, 'm.safetensors'))).toMatchInlineSnapshot(`
      "[FILE_FORMAT] m.safetensors: the file holds weights, but does not say of which model.
        expected: a file written by saveModel, with metadata \`rondo\`
        received: metadata: format
        fix: make the model in code and read the weights with loadWeights."
    `);
    const target = small();
    loadWeights(target, plain);
    expect(hostWeights(target)).not.toEqual(hostWeights(small()));
  });

  it('is refused where a later version wrote it', () => {
    const later = edited(serializeModel(small()), (description) =>
      Object.assign(description, { formatVersion: 3, libraryVersion: '9.1.0' }),
    );
    expect(messageOf(() => deserializeModel(later, 'm.safetensors'))).toMatchInlineSnapshot(`
      "[FILE_VERSION] m.safetensors: the file was written by a later version of Rondo.
        expected: format 2 or earlier
        received: format 3, written by Rondo 9.1.0
        fix: update Rondo."
    `);
  });

  it('is refused where the description is damaged or names an unknown layer', () => {
    const bytes = serializeModel(small());
    const { tensors } = decodeSafetensors(bytes, 'test');
    expect(
      messageOf(() => deserializeModel(encodeSafetensors(tensors, { [metadataKey]: '{"formatVersion": 1' }))),
    ).toMatch(/description of the model is not JSON.\n {2}expected: JSON/);
    expect(messageOf(() => deserializeModel(edited(bytes, (description) => delete description.architecture)))).toMatch(
      /an architecture/,
    );
    expect(
      messageOf(() =>
        deserializeModel(
          edited(bytes, (description) =>
            Object.assign(description, { architecture: { className: 'Sequentiel', config: {} } }),
          ),
        ),
      ),
    ).toMatch(/^\[UNKNOWN_NAME\].*did you mean `Sequential`/);
    expect(
      messageOf(() =>
        deserializeModel(
          edited(bytes, (description) =>
            Object.assign(description, { architecture: { className: 'Dense', config: { units: 1 } } }),
          ),
        ),
      ),
    ).toMatch(/is a layer, not a model/);
  });

  it('is refused where weights are missing, unknown or of another shape, naming them', () => {
    const { tensors, metadata } = decodeSafetensors(serializeModel(small()), 'test');
    tensors.set('dense/scale', tensors.get('dense/bias')!);
    tensors.delete('dense/bias');
    tensors.set('gru/cell/kernel', { ...tensors.get('gru/cell/kernel')!, shape: [6, 2] });
    const bytes = encodeSafetensors(tensors, { [metadataKey]: metadata[metadataKey] });
    expect(messageOf(() => deserializeModel(bytes, 'm.safetensors'))).toMatchInlineSnapshot(`
      "[FILE_FORMAT] m.safetensors: the weights do not fit the model.
        expected: 5 weights with the names and shapes of the model
        received: \`gru/cell/kernel\` is [6, 2], not [2, 6]; \`dense/bias\` is missing; \`dense/scale\` is no weight of the model
        fix: use weights of the same architecture; the model is unchanged."
    `);
    const target = small();
    const before = hostWeights(target);
    expect(() => loadWeights(target, bytes)).toThrow(RondoError);
    expect(hostWeights(target)).toEqual(before);
  });

  it('is not written where the model has no weights yet', () => {
    expect(messageOf(() => serializeModel(new Sequential([new Dense({ units: 1 })])))).toMatch(
      /^\[USAGE\] serializeModel: the model has no weights yet/,
    );
  });
});

describe('the version that files name', () => {
  it('is that of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(libraryVersion).toBe(version);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RondoError } from '../errors.js';
import { useBackend } from '../kernels/select.js';
import { Activation } from '../layers/activation.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { Embedding } from '../layers/embedding.js';
import { GRU } from '../layers/gru.js';
import { Input } from '../layers/input-layer.js';
import { LSTM } from '../layers/lstm.js';
import { SimpleRNN } from '../layers/simple-rnn.js';
import { setSeed } from '../random.js';
import { tensor } from '../tensor/tensor.js';
import { layerNameOf } from './layer-names.js';
import { Sequential } from './sequential.js';

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

describe('names in a Sequential', () => {
  it('come from classes, numbered where needed, and from the user', () => {
    const model = new Sequential([
      new LSTM({ units: 3, returnSequences: true }),
      new LSTM({ units: 3, returnSequences: true, name: 'middle' }),
      new LSTM({ units: 3, returnSequences: true }),
      new Bidirectional({ layer: new GRU({ units: 2 }) }),
      new Dense({ units: 1 }),
    ]);
    expect([...model.sublayers.keys()]).toEqual(['lstm', 'middle', 'lstm1', 'bidirectional', 'dense']);
    expect(model.layers.map(({ name }) => name)).toEqual([...model.sublayers.keys()]);
  });

  it.each([
    ['LSTM', 'lstm'],
    ['SimpleRNN', 'simpleRNN'],
    ['Conv1D', 'conv1D'],
    ['LSTMStack', 'lstmStack'],
    ['GlobalMaxPooling1D', 'globalMaxPooling1D'],
    ['RNN', 'rnn'],
  ])('write %s as %s', (className, name) => {
    expect(layerNameOf(className)).toBe(name);
  });

  it('are the beginnings of readable weight names, also on the variables', () => {
    const model = new Sequential([new LSTM({ units: 3, inputShape: [null, 2] }), new Dense({ units: 1 })]);
    expect(Object.keys(model.getWeights())).toEqual([
      'lstm/cell/kernel',
      'lstm/cell/recurrentKernel',
      'lstm/cell/bias',
      'dense/kernel',
      'dense/bias',
    ]);
    expect(model.weights.map(({ name }) => name)).toEqual(Object.keys(model.getWeights()));
  });

  it('have the name of an inner model before them', () => {
    const inner = new Sequential([new Dense({ units: 2 })], { name: 'head' });
    const model = new Sequential([new SimpleRNN({ units: 3 }), inner], { inputShape: [null, 2] });
    expect(Object.keys(model.getWeights())).toEqual([
      'simpleRNN/cell/kernel',
      'simpleRNN/cell/recurrentKernel',
      'simpleRNN/cell/bias',
      'head/dense/kernel',
      'head/dense/bias',
    ]);
  });

  it('are refused where they are given twice, and a layer where it is listed twice', () => {
    expect(() => new Sequential([new Dense({ units: 1, name: 'a' }), new Dense({ units: 1, name: 'a' })])).toThrow(
      /two layers are named `a`/,
    );
    const layer = new Dense({ units: 1 });
    expect(() => new Sequential([layer, layer])).toThrow(/listed twice/);
  });
});

describe('shapes in a Sequential', () => {
  it('are checked when it is made, and a misfit names both layers', () => {
    expect(messageOf(() => new Sequential([new LSTM({ units: 4, inputShape: [9, 2] }), new LSTM({ units: 3 })]))).toBe(
      '[SHAPE_MISMATCH] Sequential, layer `lstm1` (LSTM): it cannot take what the layer before it, `lstm`, gives.\n' +
        '  expected: [batch, time, features]\n' +
        '  received: [any, 4] from `lstm`\n' +
        '  fix: a recurrent layer reads sequences: give it [batch, time, features], for example from an Embedding or a ' +
        'layer with returnSequences: true. If `lstm` is a recurrent layer, give it returnSequences: true.',
    );
  });

  it('are checked with the first data where they are not known before', async () => {
    const model = new Sequential([new LSTM({ units: 4 }), new LSTM({ units: 3 })]);
    expect(model.isBuilt).toBe(false);
    await expect(model.predict({ data: new Float32Array(12), shape: [1, 4, 3] })).rejects.toThrow(
      /`lstm` is a recurrent layer/,
    );
    expect(model.isBuilt).toBe(false);
  });

  it('of data are compared with what the first layer takes', async () => {
    const model = new Sequential([new LSTM({ units: 4, inputShape: [null, 7] }), new Dense({ units: 1 })]);
    await expect(model.predict({ data: new Float32Array(24), shape: [1, 2, 12] })).rejects.toThrow(
      'expected: [batch, time, features = 7]\n  received: [any, 2, 12]',
    );
  });

  it('can come from an Input, from the model, or with a layer that is added', () => {
    expect(new Sequential([Input({ shape: [null, 3] }), new GRU({ units: 2 })]).isBuilt).toBe(true);
    expect(new Sequential([new GRU({ units: 2 })], { inputShape: [null, 3] }).isBuilt).toBe(true);
    const model = new Sequential();
    model.add(new GRU({ units: 2, inputShape: [null, 3] })).add(new Dense({ units: 5 }));
    expect(model.isBuilt).toBe(true);
    expect(model.countParams()).toBe(3 * 6 + 2 * 6 + 12 + 2 * 5 + 5);
    expect(model.computeOutputShape([null, 8, 3])).toEqual([null, 5]);
  });

  it('show in the summary', () => {
    const model = new Sequential(
      [
        new Embedding({ inputDim: 20, outputDim: 4, trainable: false }),
        new LSTM({ units: 16 }),
        new Dropout({ rate: 0.5 }),
        new Dense({ units: 3 }),
        new Activation({ activation: 'softmax' }),
      ],
      { inputShape: [null] },
    );
    expect(model.summary()).toMatchInlineSnapshot(`
      "Sequential sequential
      layer                    output shape   parameters
      --------------------------------------------------
      embedding (Embedding)    [any, any, 4]          80
      lstm (LSTM)              [any, 16]           1,344
      dropout (Dropout)        [any, 16]               0
      dense (Dense)            [any, 3]               51
      activation (Activation)  [any, 3]                0
      --------------------------------------------------
      parameters: 1,475 (trainable 1,395, frozen 80)"
    `);
    expect(new Sequential([new Dense({ units: 1 })]).summary()).toContain('not built');
  });

  it('refuse layers that return several tensors, and no layers at all', async () => {
    const model = new Sequential([
      new LSTM({ units: 2, returnState: true }) as unknown as LSTM,
      new Dense({ units: 1 }),
    ]);
    await expect(model.predict([[[1]]])).rejects.toThrow(/returns more than one tensor/);
    await expect(new Sequential().predict([[1]])).rejects.toThrow(/has no layers/);
  });
});

describe('weights of a Sequential', () => {
  const make = (): Sequential =>
    new Sequential([new GRU({ units: 2, inputShape: [null, 3] }), new Dense({ units: 1 })]);

  it('are copied out and in by name', async () => {
    setSeed(1);
    const [a, b] = [make(), make()];
    const x = [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ];
    expect((await a.predict(x)).dataSync()).not.toEqual((await b.predict(x)).dataSync());
    b.setWeights(a.getWeights());
    expect((await a.predict(x)).dataSync()).toEqual((await b.predict(x)).dataSync());
  });

  it('are refused as a whole, naming every one that does not fit', () => {
    const model = make();
    const before = model.getWeights();
    const { 'gru/cell/bias': _bias, ...rest } = before;
    const changed = {
      ...rest,
      'dense/kernel': tensor([[1, 2]]),
      'dense/scale': tensor([1]),
      'dense/bias': tensor([5]),
    };
    expect(messageOf(() => model.setWeights(changed))).toMatchInlineSnapshot(`
      "[SHAPE_MISMATCH] Sequential.setWeights: the weights do not fit the model.
        expected: 5 weights with the names and shapes of the model
        received: \`gru/cell/bias\` is missing; \`dense/kernel\` is [1, 2], not [2, 1]; \`dense/scale\` is no weight of the model
        fix: use weights of the same architecture; the model is unchanged."
    `);
    expect(model.getWeights()['dense/bias'].dataSync()).toEqual(before['dense/bias'].dataSync());
  });
});

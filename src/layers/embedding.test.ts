import { afterAll, describe, expect, it } from 'vitest';
import { backendNames, useBackend } from '../kernels/select.js';
import { setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { tensor } from '../tensor/tensor.js';
import { Sequential } from '../training/sequential.js';
import { Embedding } from './embedding.js';
import { SimpleRNN } from './simple-rnn.js';

describe.each(backendNames)('Embedding on %s', (backend) => {
  afterAll(() => void useBackend('wasm'));

  it('gives rows for indices of any shape, and adds up the gradients of a row that is used several times', () => {
    useBackend(backend);
    const layer = new Embedding({ inputDim: 4, outputDim: 3 });
    const indices = tensor([
      [
        [1, 3],
        [1, 1],
      ],
    ]);
    const cotangent = tensor(
      Float64Array.from({ length: 12 }, (_, i) => i),
      [1, 2, 2, 3],
    );
    layer.ensureBuilt(indices.shape);
    layer.weights[0].assign(Float64Array.from({ length: 12 }, (_, i) => 10 * i));
    const { gradients } = valueAndGradients(() => {
      const output = layer.apply(indices);
      expect(output.shape).toEqual([1, 2, 2, 3]);
      expect(Array.from(output.dataSync())).toEqual([30, 40, 50, 90, 100, 110, 30, 40, 50, 30, 40, 50]);
      return ops.sum(ops.mul(output, cotangent));
    }, layer.weights);
    expect(Array.from(gradients[0].dataSync())).toEqual([0, 0, 0, 0 + 6 + 9, 1 + 7 + 10, 2 + 8 + 11, 0, 0, 0, 3, 4, 5]);
  });

  it('refuses an index without a row and says where it stands', () => {
    useBackend(backend);
    const layer = new Embedding({ inputDim: 4, outputDim: 3, name: 'words' });
    expect(() =>
      layer.apply(
        tensor([
          [1, 2, 0],
          [3, 0, 4],
        ]),
      ),
    ).toThrowErrorMatchingInlineSnapshot(`
      [RondoError: [OUT_OF_RANGE] Embedding words: index 4 at [1, 2] has no row in the table.
        expected: whole numbers from 0 to 3
        received: 4
        fix: make inputDim at least 5, or map unknown entries to an index of their own.]
    `);
    for (const index of [-1, 1.5, NaN])
      expect(() => layer.apply(tensor([[index]]))).toThrow(`index ${index} at [0, 0] has no row`);
  });
});

it('a frozen embedding has weights, none of them trainable', () => {
  const layer = new Embedding({ inputDim: 4, outputDim: 3, trainable: false });
  layer.ensureBuilt([null, 5]);
  expect(layer.weights).toHaveLength(1);
  expect(layer.trainableWeights).toHaveLength(0);
});

describe('an embedding whose table was asked for', () => {
  it('steps along time as one that was built by its input', async () => {
    setSeed(4);
    const embedding = new Embedding({ inputDim: 7, outputDim: 3, inputShape: [null] });
    embedding.table.assign(Float64Array.from({ length: 21 }, (_, i) => Math.sin(i)));
    const model = new Sequential([embedding, new SimpleRNN({ units: 5, returnSequences: true })]);
    const whole = (await model.predict([[6, 2, 4]])).dataSync();
    const stream = model.stream();
    [6, 2, 4].forEach((id, t) => {
      const output = stream.step([id]);
      for (let i = 0; i < 5; i++) expect(output[i]).toBeCloseTo(whole[5 * t + i], 6);
    });
  });
});

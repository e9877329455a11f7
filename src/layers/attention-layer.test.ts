import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { messageAfter } from '../../test/support/message-after.js';
import { normals, randomise } from '../../test/support/random.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Functional } from '../training/graph/functional.js';
import { Sequential } from '../training/sequential.js';
import { AdditiveAttention } from './additive-attention.js';
import { Attention } from './attention.js';
import type { OutputAndScores } from './attention-layer.js';
import { Dense } from './dense.js';
import { Embedding } from './embedding.js';
import { GlobalAveragePooling1D } from './global-average-pooling-1d.js';
import type { Layer } from './layer.js';
import { maskOf, setMask } from './mask.js';
import { MultiHeadAttention } from './multi-head-attention.js';
import { input } from './symbolic-tensor.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const [query, value] = [normals([3, 5, 7], new Random(1)), normals([3, 6, 7], new Random(2))];

interface Common {
  dropout?: number;
  useCausalMask?: boolean;
}
const makers: readonly (readonly [string, (options: Common) => Layer, (options: Common) => Layer<OutputAndScores>])[] =
  [
    [
      'Attention',
      (options) => new Attention({ useScale: true, ...options }),
      (options) => new Attention({ useScale: true, ...options, returnAttentionScores: true }),
    ],
    [
      'Attention by concat',
      (options) => new Attention({ scoreMode: 'concat', ...options }),
      (options) => new Attention({ scoreMode: 'concat', ...options, returnAttentionScores: true }),
    ],
    [
      'AdditiveAttention',
      (options) => new AdditiveAttention(options),
      (options) => new AdditiveAttention({ ...options, returnAttentionScores: true }),
    ],
    [
      'MultiHeadAttention',
      (options) => new MultiHeadAttention({ numHeads: 2, keyDim: 3, ...options }),
      (options) => new MultiHeadAttention({ numHeads: 2, keyDim: 3, ...options, returnAttentionScores: true }),
    ],
  ];

describe.each(makers)('%s', (_, make, makeWithScores) => {
  const built = <L extends Layer<unknown>>(layer: L, seed = 3): L => {
    layer.ensureBuilt(query.shape, value.shape);
    randomise(layer, new Random(seed));
    return layer;
  };

  it('takes one tensor as query, value and key', () => {
    const layer = built(make({}));
    const expected = layer.apply([query, query, query]).dataSync();
    expect(layer.apply(query).dataSync()).toEqual(expected);
    expect(layer.apply([query, query]).dataSync()).toEqual(expected);
  });

  it('gives a query that sees no key nothing, and others what they get without the hidden keys', () => {
    const layer = built(make({}));
    const hiding = tensor(value.dataSync(), value.shape);
    setMask(
      hiding,
      Uint8Array.from(
        [
          [0, 0, 0, 0, 0, 0],
          [1, 1, 0, 1, 0, 0],
          [1, 1, 1, 1, 1, 1],
        ].flat(),
      ),
    );
    const output = layer.apply([query, hiding]);
    const kept = ops.concatenate(
      [0, 1, 3].map((step) => ops.slice(ops.slice(value, 0, 1, 2), 1, step, step + 1)),
      1,
    );
    const of = (x: Tensor, row: number): Tensor => ops.slice(x, 0, row, row + 1);
    expectClose(of(output, 1).dataSync(), layer.apply([of(query, 1), kept]).dataSync(), 1e-14, 'hidden keys');
    expectClose(of(output, 2).dataSync(), of(layer.apply([query, value]), 2).dataSync(), 1e-14, 'all keys');
    const none = [...of(output, 0).dataSync()];
    expect(none.slice(7, 14)).toEqual(none.slice(0, 7));
    const { gradients } = valueAndGradients(
      () => ops.sum(ops.square(layer.apply([query, hiding]))),
      [query, hiding, ...layer.weights],
    );
    for (const gradient of gradients) expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
  });

  it('shows a query no later key with useCausalMask', () => {
    const layer = built(make({ useCausalMask: true }));
    const changed = ops.concatenate([ops.slice(query, 1, 0, 3), normals([3, 2, 7], new Random(4))], 1);
    const [before, after] = [query, changed].map((x) => ops.slice(layer.apply(x), 1, 0, 3).dataSync());
    expectClose(after, before, 1e-14, 'first queries');
    expect(layer.apply(changed).dataSync()).not.toEqual(layer.apply(query).dataSync());
  });

  it('gives the shares of the keys too, which sum to 1, and the same output', () => {
    const [layer, both] = [built(make({ useCausalMask: true })), built(makeWithScores({ useCausalMask: true }))];
    setMask(
      query,
      Uint8Array.from({ length: 15 }, (_, i) => (i % 4 === 0 ? 0 : 1)),
    );
    const { output, scores } = both.apply([query, value]);
    expectClose(output.dataSync(), layer.apply([query, value]).dataSync(), 1e-14, 'output');
    expect(maskOf(output)).toEqual(maskOf(query));
    setMask(query, new Uint8Array(15).fill(1));
    expectClose(ops.sum(scores, -1).dataSync(), new Float64Array(scores.size / 6).fill(1), 1e-14, 'sums');
    expect(scores.shape.slice(-2)).toEqual([5, 6]);
  });

  it('drops shares in training alone, as many as it says', () => {
    setSeed(6);
    const [layer, plain] = [built(make({ dropout: 0.3 })), built(make({}))];
    expect(layer.apply([query, value]).dataSync()).toEqual(plain.apply([query, value]).dataSync());
    const mean = new Float64Array(plain.apply([query, value]).size);
    const draws = 400;
    for (let draw = 0; draw < draws; draw++)
      layer
        .apply([query, value], { training: true })
        .dataSync()
        .forEach((number, i) => (mean[i] += number / draws));
    // The mean over draws is the output without dropout, along which it differs by less than a hundredth.
    const expected = Array.from(plain.apply([query, value]).dataSync());
    const along = (by: ArrayLike<number>): number => expected.reduce((sum, number, i) => sum + number * by[i], 0);
    expect(Math.abs(along(mean) / along(expected) - 1)).toBeLessThan(0.03);
    const once = layer.apply([query, value], { training: true }).dataSync();
    expect(once).not.toEqual(plain.apply([query, value]).dataSync());
  });
});

it('attends in a graph: masks of embeddings, two outputs, files', async () => {
  setSeed(2);
  const [asked, read] = [input({ shape: [null], name: 'asked' }), input({ shape: [null], name: 'read' })];
  const words = new Embedding({ inputDim: 9, outputDim: 4, maskZero: true });
  const attention = new MultiHeadAttention({ numHeads: 2, keyDim: 3, returnAttentionScores: true, name: 'attention' });
  const both = attention.apply([words.apply(asked), words.apply(read)]);
  const pooled = new GlobalAveragePooling1D().apply(both.output);
  const model = new Functional({
    inputs: [asked, read],
    outputs: { answer: new Dense({ units: 1 }).apply(pooled), scores: both.scores },
  });
  const inputs = { asked: [[3, 4, 0]], read: [[5, 0, 2, 0]] };
  const { scores } = await model.predict(inputs);
  expect(scores.shape).toEqual([1, 2, 3, 4]);
  const numbers = scores.dataSync();
  expect([numbers[1], numbers[3]]).toEqual([0, 0]);
  expectClose([numbers[0] + numbers[2]], [1], 1e-14, 'shares of a head');
  const { model: loaded } = deserializeModel(serializeModel(model));
  const again = (await loaded.predict(inputs)) as unknown as Record<string, Tensor>;
  expect(again.scores.dataSync()).toEqual(numbers);
});

it('learns to copy the step that a query asks for', async () => {
  useBackend('wasm');
  setSeed(3);
  const model = new Sequential(
    [
      new Dense({ units: 8 }),
      new MultiHeadAttention({ numHeads: 2, keyDim: 4, dropout: 0.05 }),
      new Dense({ units: 1 }),
    ],
    { inputShape: [4, 5] },
  );
  model.compile({ optimizer: { name: 'adam', config: { learningRate: 0.02 } }, loss: 'mse' });
  const random = new Random(4);
  // Each step has a place, and a number; the first step's number is asked for everywhere.
  const x = Array.from({ length: 96 }, () =>
    [0, 1, 2, 3].map((place) => [...[0, 1, 2, 3].map((other) => (other === place ? 1 : 0)), random.normal()]),
  );
  const y = x.map(([first]) => [0, 1, 2, 3].map(() => [first[4]]));
  const { metrics } = await model.fit(x, y, { epochs: 40, batchSize: 16 });
  expect(metrics.loss.at(-1)).toBeLessThan(0.1);
  useBackend('reference');
});

it('refuses what does not fit', async () => {
  const built = new MultiHeadAttention({ numHeads: 2, keyDim: 3, name: 'heads' });
  built.apply([query, value]);
  const messages = [
    () => new Attention({ scoreMode: 'cosine' as never }),
    () => new Attention({ useScale: 1 as never }),
    () => new AdditiveAttention({ dropout: 1 }),
    () => new MultiHeadAttention({ keyDim: 3 } as never),
    () => new MultiHeadAttention({ numHeads: 2, keyDim: 3, outputShape: 0 }),
    () => new Attention().apply([query, value, query]),
    () => new Attention().apply([query, normals([3, 6, 4], new Random(1))]),
    () => new Attention().apply([query, value, value, value]),
    () => new Attention().apply([normals([3, 7], new Random(1)), value]),
    () => built.apply([query, normals([3, 6, 4], new Random(1))]),
  ];
  const unknown = (): unknown => new MultiHeadAttention({ numHeads: 2, keyDim: 3, attentionAxes: [1] } as never);
  expect(unknown).toThrow('unknown option `attentionAxes`');
  const told = await Promise.all(messages.map((wrong) => messageAfter(wrong)));
  expect(told.join('\n')).toMatchInlineSnapshot(`
    "[UNKNOWN_NAME] Attention: unknown scoreMode \`cosine\`.
      expected: one of \`dot\`, \`concat\`
      received: \`cosine\`
      fix: choose one of the 2 known names.
    [USAGE] Attention: \`useScale\` is neither true nor false.
      received: 1
      fix: write useScale: true.
    [OUT_OF_RANGE] AdditiveAttention: \`dropout\` is out of range.
      expected: a number of at least 0 and less than 1
      received: 1
      fix: give \`dropout\` a number of at least 0 and less than 1.
    [OUT_OF_RANGE] MultiHeadAttention: \`numHeads\` is missing.
      expected: a whole number of at least 1
      received: undefined
      fix: give \`numHeads\` a whole number of at least 1.
    [OUT_OF_RANGE] MultiHeadAttention: \`outputShape\` is out of range.
      expected: a whole number of at least 1
      received: 0
      fix: give \`outputShape\` a whole number of at least 1.
    [SHAPE_MISMATCH] Attention: there is another number of keys than of values.
      expected: [query, value] or [query, value, key]: [batch, queries, features] and [batch, keys, features]
      received: [any, 5, 7], [any, 6, 7], [any, 5, 7]
      fix: give the query first, then the values, and keys only where they differ from the values.
    [SHAPE_MISMATCH] Attention: queries and keys have different features.
      expected: [query, value] or [query, value, key]: [batch, queries, features] and [batch, keys, features]
      received: [any, 5, 7], [any, 6, 4]
      fix: give the query first, then the values, and keys only where they differ from the values.
    [SHAPE_MISMATCH] Attention: there are more than three inputs.
      expected: [query, value] or [query, value, key]: [batch, queries, features] and [batch, keys, features]
      received: [any, 5, 7], [any, 6, 7], [any, 6, 7], [any, 6, 7]
      fix: give the query first, then the values, and keys only where they differ from the values.
    [SHAPE_MISMATCH] Attention: the input has the wrong shape.
      expected: [batch, time, features]
      received: [any, 7]
      fix: give the layer sequences: [batch, time, features].
    [SHAPE_MISMATCH] MultiHeadAttention heads: the value has other features than the weights were made for, 7.
      expected: [query, value] or [query, value, key]: [batch, queries, features] and [batch, keys, features]
      received: [3, 6, 4]
      fix: give the query first, then the values, and keys only where they differ from the values."
  `);
});

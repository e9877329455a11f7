import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { useBackend } from '../../kernels/select.js';
import { AdditiveAttention } from '../../layers/additive-attention.js';
import { Attention, type AttentionOptions } from '../../layers/attention.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import type { Layer } from '../../layers/layer.js';
import { MultiHeadAttention } from '../../layers/multi-head-attention.js';
import { input } from '../../layers/symbolic-tensor.js';
import * as ops from '../../tensor/index.js';
import { tensor } from '../../tensor/tensor.js';
import { Functional } from './functional.js';

const source = [
  [3, 4, 5],
  [6, 2, 0],
  [1, 0, 0],
];
const target = [
  [1, 5, 4, 3],
  [1, 2, 6, 2],
  [2, 2, 1, 5],
];

function attending(attention: Layer<unknown>) {
  const words = new Embedding({ inputDim: 7, outputDim: 5, maskZero: true });
  const [text, written] = [input({ shape: [null] }), input({ shape: [null] })];
  const memory = new GRU({ units: 6, returnSequences: true }).apply(words.apply(text));
  const decoded = new GRU({ units: 6, returnSequences: true }).apply(words.apply(written));
  const context = (attention as Layer).apply([decoded, memory]);
  return new Functional({ inputs: { text, written }, outputs: new Dense({ units: 7 }).apply(context) });
}

const layers: Record<string, () => Layer<unknown>> = {
  'products as scores': () => new Attention(),
  'a sum of tangents': () => new AdditiveAttention(),
  'several heads': () => new MultiHeadAttention({ numHeads: 2, keyDim: 3 }),
};

describe.each(['reference', 'wasm'] as const)('an attention over what stays, on %s', (backend) => {
  beforeAll(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  it.each(Object.entries(layers))('of %s gives at each step what it gives of whole sequences', (_, make) => {
    const model = attending(make());
    const stream = model.stream({ fixed: { text: source } });
    const check = (from: number[][]): void => {
      const whole = model.apply([tensor(from), tensor(target)]);
      for (let t = 0; t < 4; t++) {
        const step = stream.step(target.map((row) => row[t]));
        expectClose(step, ops.slice(whole, 1, t, t + 1).dataSync(), 2e-6, `step ${t + 1}`);
      }
    };
    check(source);
    const others = source.map((row) => [...row, 4].reverse()); // other masks, and another length
    stream.reset({ fixed: { text: others } });
    check(others);
  });
});

it('rows of a stream go on from the states of others', () => {
  const model = attending(new Attention());
  const same = [source[1], source[1], source[1]];
  const stream = model.stream({ fixed: { text: same } });
  stream.step([1, 2, 3]);
  stream.takeRows([2, 0, 2]);
  const step = [...stream.step([4, 4, 5])];
  const whole = model.apply([
    tensor(same),
    tensor([
      [3, 4],
      [1, 4],
      [3, 5],
    ]),
  ]);
  expectClose(step, ops.slice(whole, 1, 1, 2).dataSync(), 2e-6, 'the second step');
  expect(() => stream.takeRows([0, 1])).toThrow(/SHAPE_MISMATCH.*takeRows[\s\S]*received: 2 rows/);
  expect(() => stream.takeRows([0, 1, 3])).toThrow(/OUT_OF_RANGE.*takeRows[\s\S]*received: row 3/);
});

describe('an attention that cannot be run one time step at a time says so', () => {
  it.each<[string, AttentionOptions]>([
    ['whose queries see by their place', { useCausalMask: true }],
    ['that gives its scores too', { returnAttentionScores: true }],
  ])('%s', (_, options) => {
    const [text, written] = [input({ shape: [3, 4] }), input({ shape: [null, 4] })];
    const given = new Attention(options).apply([written, text]) as never;
    const outputs = options.returnAttentionScores ? (given as { output: never }).output : given;
    const model = new Functional({ inputs: { text, written }, outputs });
    expect(() =>
      model.stream({
        fixed: {
          text: [
            [
              [1, 2, 3, 4],
              [1, 2, 3, 4],
              [1, 2, 3, 4],
            ],
          ],
        },
      }),
    ).toThrow(/attention` \(Attention\)|Attention attention.*cannot be run one time step/);
  });
});

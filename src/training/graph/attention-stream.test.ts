import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { normals } from '../../../test/support/random.js';
import { useBackend } from '../../kernels/select.js';
import { createWasmBackend } from '../../kernels/wasm/backend.js';
import { AdditiveAttention } from '../../layers/additive-attention.js';
import { Attention } from '../../layers/attention.js';
import type { OutputAndScores } from '../../layers/attention-layer.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import type { Layer } from '../../layers/layer.js';
import { MultiHeadAttention } from '../../layers/multi-head-attention.js';
import { Softmax } from '../../layers/softmax.js';
import { input, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { Random } from '../../random.js';
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

function attending(attention: Layer<unknown>, hasKeys = false) {
  const words = new Embedding({ inputDim: 7, outputDim: 5, maskZero: true });
  const [text, written] = [input({ shape: [null] }), input({ shape: [null] })];
  const memory = new GRU({ units: 6, returnSequences: true }).apply(words.apply(text));
  const keys = new Dense({ units: 6, activation: 'tanh' }).apply(words.apply(text));
  const decoded = new GRU({ units: 6, returnSequences: true }).apply(words.apply(written));
  const context = (attention as Layer).apply([decoded, memory, ...(hasKeys ? [keys] : [])]);
  return new Functional({ inputs: { text, written }, outputs: new Dense({ units: 7 }).apply(context) });
}

const layers: Record<string, () => Layer<unknown>> = {
  'products as scores': () => new Attention(),
  'tangents of scaled sums as scores': () => new Attention({ scoreMode: 'concat', useScale: true }),
  'a sum of tangents': () => new AdditiveAttention(),
  'several heads': () => new MultiHeadAttention({ numHeads: 2, keyDim: 3, useGate: true }),
};
const cases = Object.entries(layers).flatMap(([name, make]) =>
  [false, true].map((hasKeys) => [hasKeys ? `${name}, with keys of their own` : name, make, hasKeys] as const),
);

describe.each(['reference', 'wasm'] as const)('an attention over what stays, on %s', (backend) => {
  beforeAll(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  it.each(cases)('of %s gives at each step what it gives of whole sequences', (_, make, hasKeys) => {
    const model = attending(make(), hasKeys);
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

it.each(cases)('a recorded step through %s has the bits of one that is not', (_, make, hasKeys) => {
  const model = attending(make(), hasKeys);
  const [recorded, plain] = [true, false].map((isRecording) => {
    const backend = createWasmBackend({ threads: 1 });
    if (!isRecording) Object.defineProperty(backend, 'record', { value: undefined });
    useBackend(backend);
    const stream = model.stream({ fixed: { text: source } });
    return [0, 1, 2, 3].map((t) => [...stream.step(target.map((row) => row[t]))]);
  });
  useBackend('wasm');
  expect(recorded).toEqual(plain);
  expect(new Set(recorded.map(([first]) => first)).size).toBe(4);
});

it.each<[string, () => Layer<OutputAndScores>, axis: number]>([
  ['Attention', () => new Attention({ returnAttentionScores: true }), 1],
  [
    'MultiHeadAttention',
    () => new MultiHeadAttention({ numHeads: 2, keyDim: 3, returnAttentionScores: true }),
    2, // [batch, heads, queries, keys]
  ],
])('the shares of the keys of %s are given with each step', (_, make, axis) => {
  const [memory, query] = [input({ shape: [null, 6] }), input({ shape: [null, 6] })];
  const model = new Functional({ inputs: { memory, query }, outputs: { ...make().apply([query, memory]) } });
  const [kept, moving] = [normals([2, 4, 6], new Random(1)), normals([2, 5, 6], new Random(2))];
  const whole = model.apply([kept, moving]);
  const stream = model.stream({ fixed: { memory: kept } });
  for (let t = 0; t < 5; t++) {
    const given = stream.step([...ops.slice(moving, 1, t, t + 1).dataSync()]);
    expectClose(given.scores, ops.slice(whole.scores, axis, t, t + 1).dataSync(), 2e-6, `shares ${t}`);
    expectClose(given.output, ops.slice(whole.output, 1, t, t + 1).dataSync(), 2e-6, `output ${t}`);
  }
});

describe('an attention that cannot be run one time step at a time says so', () => {
  const [memory, query] = [input({ shape: [null, 6], name: 'memory' }), input({ shape: [null, 6], name: 'query' })];
  const kept = normals([1, 4, 6], new Random(3));
  const heads = { numHeads: 2, keyDim: 3 };
  const of = (outputs: SymbolicTensor): Functional => new Functional({ inputs: { memory, query }, outputs });

  it.each<[string, () => unknown, string]>([
    [
      'whose values go along',
      () => of(new Attention().apply([query, memory])).stream(),
      'values or keys that go along with the steps\n  fix: give what values and keys come from as `fixed`, or apply',
    ],
    [
      'whose keys go along',
      () => of(new Attention().apply([query, memory, query])).stream({ fixed: { memory: kept } }),
      'values or keys that go along with the steps\n',
    ],
    [
      'whose queries stay',
      () => of(new Attention().apply([query, memory])).stream({ fixed: { query: kept } }),
      'values or keys that go along with the steps, and queries that stay\n',
    ],
    [
      'over its own queries',
      () => new Functional({ inputs: query, outputs: new Attention().apply(query) }).stream(),
      'values or keys that go along with the steps\n',
    ],
    [
      'whose queries see by their place',
      () => of(new Attention({ useCausalMask: true }).apply([query, memory])).stream({ fixed: { memory: kept } }),
      'values and keys that stay, with `useCausalMask`\n  fix: apply the model to whole sequences.',
    ],
    [
      'with a window',
      () =>
        of(new MultiHeadAttention({ ...heads, slidingWindow: 2 }).apply([query, memory])).stream({
          fixed: { memory: kept },
        }),
      'values and keys that stay, with `slidingWindow`\n',
    ],
    [
      'whose shares another layer reads by heads',
      () => {
        const { scores } = new MultiHeadAttention({ ...heads, returnAttentionScores: true }).apply([query, memory]);
        return of(new Softmax({ axis: 2 }).apply(scores)).stream({ fixed: { memory: kept } });
      },
      'steps along another axis, such as the shares of several heads\n',
    ],
  ])('%s', (_, work, received) => {
    expect(work).toThrow(/USAGE.*cannot be run one time step at a time here/);
    expect(work).toThrow(`\n  received: ${received}`);
  });
});

import { describe, expect, it } from 'vitest';
import { normals, randomise } from '../../test/support/random.js';
import {
  compiler,
  moduleLanguages,
  printedInC,
  type StandaloneModel,
  standaloneModel,
  withoutCompiler,
} from '../../test/support/standalone.js';
import { Add } from '../layers/add.js';
import { AttentionPooling1D } from '../layers/attention-pooling-1d.js';
import { AveragePooling1D } from '../layers/average-pooling-1d.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Concatenate } from '../layers/concatenate.js';
import { Conv1D } from '../layers/conv-1d.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { Flatten } from '../layers/flatten.js';
import { GlobalAveragePooling1D } from '../layers/global-average-pooling-1d.js';
import { GlobalMaxPooling1D } from '../layers/global-max-pooling-1d.js';
import { GRU } from '../layers/gru.js';
import { input } from '../layers/index.js';
import type { Layer } from '../layers/layer.js';
import { LayerNormalization } from '../layers/layer-normalization.js';
import { LSTM } from '../layers/lstm.js';
import { Masking } from '../layers/masking.js';
import { MultiHeadAttention } from '../layers/multi-head-attention.js';
import { SequencePooling1D } from '../layers/sequence-pooling-1d.js';
import { TimeDistributed } from '../layers/time-distributed.js';
import { Random } from '../random.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Functional } from '../training/graph/functional.js';
import { Sequential } from '../training/sequential.js';
import { standaloneCode } from './standalone-code.js';

const FEATURES = 3;
const lengths = [1, 2, 7, 29];

const both = (): Layer => new Bidirectional({ layer: new LSTM({ units: 5, returnSequences: true }) });
const cases: Readonly<Record<string, readonly Layer[]>> = {
  'both directions': [
    both(),
    new Bidirectional({ layer: new GRU({ units: 2 }), mergeMode: 'sum' }),
    new Dense({ units: 2 }),
  ],
  'both directions, each step': [
    both(),
    new TimeDistributed({ layer: new Dense({ units: 2, activation: 'softmax' }) }),
  ],
  'attention pooling': [both(), new AttentionPooling1D({ units: 4 }), new Dense({ units: 2 })],
  'last, max and mean': [both(), new SequencePooling1D({ pooling: ['last', 'max', 'mean'], bidirectional: true })],
  'a mean over time': [new LSTM({ units: 5, returnSequences: true }), new GlobalAveragePooling1D()],
  'a maximum over time': [new LayerNormalization(), new GlobalMaxPooling1D(), new Dense({ units: 2 })],
  'a causal convolution': [new Conv1D({ filters: 5, kernelSize: 3, padding: 'causal' }), both(), new GRU({ units: 2 })],
  'a centred convolution': [
    new Conv1D({ filters: 5, kernelSize: 3, padding: 'same', activation: 'relu' }),
    new BatchNormalization(),
    new GRU({ units: 2, goBackwards: true }),
  ],
};

async function compared(model: Sequential | Functional, given: readonly number[], width = FEATURES): Promise<void> {
  for (const language of moduleLanguages) {
    const code = standaloneCode(model, { language });
    expect(code.takes).toBe('sequences');
    await comparedWith(await standaloneModel(code), model, given, width);
  }
}

async function comparedWith(
  own: StandaloneModel,
  model: Sequential | Functional,
  given: readonly number[],
  width: number,
): Promise<void> {
  for (const length of given) {
    const values = Float32Array.from(normals([length, width], new Random(length)).dataSync());
    const actual = own.run(values);
    const wanted = [...(model.apply(tensor(values, [1, length, width])) as Tensor).dataSync()];
    expect(actual).toHaveLength(wanted.length);
    wanted.forEach((value, i) =>
      expect(Math.abs(actual[i] - value), `${length} steps, number ${i}`).toBeLessThan(1e-5),
    );
    expect(new Set(wanted).size).toBeGreaterThan(1);
  }
}

describe.each(Object.entries(cases))('code of %s', (name, layers) => {
  const model = new Sequential([...layers], { inputShape: [null, FEATURES] });
  randomise(model, new Random(3, name));

  it('gives the numbers of the library, for sequences of every length', async () => {
    await compared(model, lengths);
  });

  it.skipIf(compiler === undefined)(`gives them in C up to the longest${withoutCompiler}`, () => {
    const values = Float32Array.from(normals([7, FEATURES], new Random(7)).dataSync());
    const expected = model.apply(tensor(values, [1, 7, FEATURES])).dataSync();
    const { source } = standaloneCode(model, { language: 'c', maxLength: 11 });
    const main = `int main(void) {
  static const float sequence[] = { ${[...values].map((value) => `${value.toFixed(12)}f`).join(', ')} };
  static model_state state;
  float output[${expected.length}];
  model_run(&state, sequence, 7, output);
  for (int i = 0; i < ${expected.length}; i++) printf("%.9g ", output[i]);
  return 0;
}
`;
    printedInC(source, main).forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-5));
  });
});

it('runs a graph that merges what layers give', async () => {
  const start = input({ shape: [null, FEATURES] });
  const forward = new LSTM({ units: 5, returnSequences: true }).apply(start);
  const other = both().apply(start);
  const scaled = new Dense({ units: 5 }).apply(start);
  const joined = new Concatenate().apply([new Add().apply([forward, scaled]), other]);
  const model = new Functional({ inputs: start, outputs: new GlobalMaxPooling1D().apply(joined) });
  randomise(model, new Random(9));
  await compared(model, lengths);
});

it.each(moduleLanguages)('runs token ids, without padding: %s', async (language) => {
  const model = new Sequential([
    new Embedding({ inputDim: 9, outputDim: 3, maskZero: true, inputShape: [null] }),
    both(),
    new AttentionPooling1D({ units: 4 }),
    new Dense({ units: 2, activation: 'softmax' }),
  ]);
  randomise(model, new Random(11));
  const code = standaloneCode(model, { language });
  expect(code.notes).toEqual([expect.stringContaining('give sequences without the padding, index 0')]);
  const own = await standaloneModel(code);
  for (const ids of [[4], [1, 8, 2], [3, 3, 1, 7, 5, 2, 6, 8, 1]]) {
    const expected = model.apply(tensor([ids])).dataSync();
    own.run(ids).forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-5));
  }
  expect(() => own.run([9])).toThrow('no whole number from 0 to 8');
  expect(() => own.run([])).toThrow('the sequence has no step');
  for (const wrong of [undefined, 5, '12']) expect(() => own.run(wrong as never)).toThrow('run takes an array');
});

it('refuses by name what looks at numbers, and what does not grow evenly', () => {
  const masking = new Sequential([new Masking(), both()], { inputShape: [null, FEATURES] });
  expect(() => standaloneCode(masking, { language: 'js' })).toThrow(/the layer Masking.* looks at numbers/);
  const strided = new Sequential([both(), new AveragePooling1D({ name: 'halves', poolSize: 2 }), new Flatten()], {
    inputShape: [null, FEATURES],
  });
  const message = 'what the layer AveragePooling1D halves computes does not grow evenly with the length';
  expect(() => standaloneCode(strided, { language: 'js' })).toThrow(message);
  const attending = new Sequential([new MultiHeadAttention({ name: 'heads', numHeads: 2, keyDim: 3 }), both()], {
    inputShape: [null, FEATURES],
  });
  expect(() => standaloneCode(attending, { language: 'js' })).toThrow(
    'what the layer MultiHeadAttention heads computes',
  );
});

it('refuses options that there are not, and C without the longest length', () => {
  const model = new Sequential([both()], { inputShape: [null, FEATURES] });
  expect(() => standaloneCode(model, { language: 'c' })).toThrow('C needs to know how long');
  expect(() => standaloneCode(model, { language: 'rust' as never })).toThrow('unknown language');
  expect(() => standaloneCode(model, { language: 'js', name: '1x' })).toThrow('cannot begin names');
  expect(() => standaloneCode(model, { language: 'js', wieghts: 'float16' } as never)).toThrow('weights');
});

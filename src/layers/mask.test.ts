import { afterAll, describe, expect, it } from 'vitest';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Activation } from './activation.js';
import { AttentionPooling1D } from './attention-pooling-1d.js';
import { Bidirectional } from './bidirectional.js';
import { Concatenate } from './concatenate.js';
import { Dense } from './dense.js';
import { Dropout } from './dropout.js';
import { Embedding } from './embedding.js';
import { Flatten } from './flatten.js';
import { GlobalAveragePooling1D } from './global-average-pooling-1d.js';
import { GlobalMaxPooling1D } from './global-max-pooling-1d.js';
import type { Layer } from './layer.js';
import { LayerNormalization } from './layer-normalization.js';
import { LSTM } from './lstm.js';
import { maskOf, setMask } from './mask.js';
import { Masking } from './masking.js';
import { SequencePooling1D } from './sequence-pooling-1d.js';
import { SpatialDropout1D } from './spatial-dropout-1d.js';
import { TimeDistributed } from './time-distributed.js';

const mask = Uint8Array.from([1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);

/** `[3, 4, 2]` with one gap, two padded ends, and an empty last row. */
function maskedInput(): Tensor {
  const random = new Random(5);
  const x = tensor(
    Float64Array.from({ length: 24 }, () => random.normal()),
    [3, 4, 2],
  );
  setMask(x, mask);
  return x;
}

describe.each(backendNames)('masks on %s', (backend) => {
  afterAll(() => void useBackend('wasm'));

  const passing: readonly Layer[] = [
    new Activation({ activation: 'relu' }),
    new Bidirectional({ layer: new LSTM({ units: 3, returnSequences: true }) }),
    new Dense({ units: 3 }),
    new Dropout({ rate: 0.5 }),
    new LSTM({ units: 3, returnSequences: true }),
    new LayerNormalization(),
    new SpatialDropout1D({ rate: 0.5 }),
    new TimeDistributed({ layer: new Dense({ units: 3 }) }),
  ];
  it.each(passing.map((layer) => [layer.className, layer] as const))('go on through %s', (_, layer) => {
    useBackend(backend);
    expect(maskOf(layer.apply(maskedInput(), { training: true }))).toBe(mask);
  });

  const ending: readonly Layer[] = [
    new AttentionPooling1D({ units: 3 }),
    new SequencePooling1D(),
    new Flatten(),
    new GlobalAveragePooling1D(),
    new GlobalMaxPooling1D(),
    new LSTM({ units: 3 }),
  ];
  it.each(ending.map((layer) => [layer.className, layer] as const))('end at %s', (_, layer) => {
    useBackend(backend);
    expect(maskOf(layer.apply(maskedInput()))).toBeUndefined();
  });

  it('begin at Masking, which clears the steps that it hides, and at an Embedding with maskZero', () => {
    useBackend(backend);
    const x = tensor([
      [
        [1, 2],
        [-1, -1],
        [-1, 3],
      ],
      [
        [0, 0],
        [4, -1],
        [-1, -1],
      ],
    ]);
    const masked = new Masking({ maskValue: -1 }).apply(x);
    expect(maskOf(masked)).toEqual(Uint8Array.from([1, 0, 1, 1, 1, 0]));
    expect(Array.from(masked.dataSync())).toEqual([1, 2, 0, 0, -1, 3, 0, 0, 4, -1, 0, 0]);
    expect(maskOf(x)).toBeUndefined();
    const unmasked = new Masking({ maskValue: 9 }).apply(x);
    expect(maskOf(unmasked)).toEqual(new Uint8Array(6).fill(1));
    expect(maskOf(x)).toBeUndefined();
    const words = tensor([
      [3, 0, 1],
      [0, 0, 2],
    ]);
    expect(maskOf(new Embedding({ inputDim: 4, outputDim: 2, maskZero: true }).apply(words))).toEqual(
      Uint8Array.from([1, 0, 1, 0, 0, 1]),
    );
    expect(maskOf(new Embedding({ inputDim: 4, outputDim: 2 }).apply(words))).toBeUndefined();
  });

  it('of the inputs of Concatenate: a step counts where any input counts; along time they are joined', () => {
    useBackend(backend);
    const other = tensor(new Float64Array(24), [3, 4, 2]);
    setMask(other, Uint8Array.from([0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]));
    const plain = tensor(new Float64Array(12), [3, 2, 2]);
    expect(maskOf(new Concatenate().apply([maskedInput(), other]))).toEqual(
      Uint8Array.from([1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1]),
    );
    expect(maskOf(new Concatenate({ axis: 1 }).apply([maskedInput(), plain]))).toEqual(
      Uint8Array.from([1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1]),
    );
    expect(maskOf(new Concatenate().apply([plain, plain]))).toBeUndefined();
    expect(new Concatenate().computeOutputShape([null, 5, 2], [null, 5, 4])).toEqual([null, 5, 6]);
  });

  it('inside the steps of TimeDistributed reach the layer, and a step counts where anything inside counts', () => {
    useBackend(backend);
    const random = new Random(6);
    // Two documents of two sentences of three words.
    const words = [
      [
        [1, 2, 0],
        [3, 0, 0],
      ],
      [
        [4, 1, 2],
        [0, 0, 0],
      ],
    ];
    const embedding = new TimeDistributed({ layer: new Embedding({ inputDim: 5, outputDim: 2, maskZero: true }) });
    const encoder = new TimeDistributed({ layer: new LSTM({ units: 3 }) });
    const embedded = embedding.apply(tensor(words));
    expect(embedded.shape).toEqual([2, 2, 3, 2]);
    const sentences = encoder.apply(embedded);
    for (const variable of encoder.weights)
      variable.assign(Float64Array.from({ length: variable.size }, () => random.normal()));
    expect(maskOf(sentences)).toEqual(Uint8Array.from([1, 1, 1, 0]));
    const alone = encoder.layer.apply(embedding.layer.apply(tensor([[3]])));
    const again = encoder.apply(embedding.apply(tensor(words)));
    expect(Array.from(ops.slice(ops.reshape(again, [4, 3]), 0, 1, 2).dataSync())).toEqual(Array.from(alone.dataSync()));
  });

  it(
    'pooling does not see masked steps, whatever they hold; a row without steps gives zeros, and gradients stay ' +
      'finite',
    () => {
      useBackend(backend);
      const numbers = Float64Array.from(maskedInput().dataSync());
      mask.forEach((step, i) => (step === 0 ? numbers.fill(NaN, 2 * i, 2 * i + 2) : undefined));
      const x = tensor(numbers, [3, 4, 2]);
      const real = (row: number): number[][] =>
        [...mask.subarray(4 * row, 4 * row + 4).entries()]
          .filter(([, step]) => step === 1)
          .map(([t]) => [...numbers.subarray(8 * row + 2 * t, 8 * row + 2 * t + 2)]);
      const expected = (pool: (values: number[]) => number): number[] =>
        [0, 1, 2].flatMap((row) =>
          [0, 1].map((feature) => (real(row).length === 0 ? 0 : pool(real(row).map((step) => step[feature])))),
        );
      const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
      for (const [layer, wanted] of [
        [new GlobalAveragePooling1D(), expected(mean)],
        [new GlobalMaxPooling1D(), expected((values) => Math.max(...values))],
      ] as const) {
        let output: Tensor | undefined;
        const { gradients } = valueAndGradients(() => {
          output = layer.apply(x, { mask });
          Array.from(output.dataSync()).forEach((value, i) => expect(value).toBeCloseTo(wanted[i], 5));
          return ops.sum(output);
        }, [x]);
        const perRow = ops.sum(ops.reshape(gradients[0], [3, 8]), 1);
        Array.from(perRow.dataSync()).forEach((sum, row) => expect(sum).toBeCloseTo(real(row).length === 0 ? 0 : 2, 5));
      }
    },
  );
});

import { expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { normals, randomise } from '../../test/support/random.js';
import { useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import { Sequential } from '../training/sequential.js';
import { Conv1D } from './conv-1d.js';
import { Conv2D } from './conv-2d.js';
import { LSTM } from './lstm.js';
import { MaxPooling2D } from './max-pooling-2d.js';
import { countWindows, windowIndices } from './windows.js';

it('windows stand where Keras puts them: same pads one more at the right, causal only at the left', () => {
  const steps = { kernelSize: 2, strides: 1, dilationRate: 1 };
  expect([...windowIndices(2, [3], [{ ...steps, padding: 'valid' }])]).toEqual([0, 1, 1, 2, 3, 4, 4, 5]);
  expect([...windowIndices(2, [3], [{ ...steps, padding: 'same' }])]).toEqual([0, 1, 1, 2, 2, -1, 3, 4, 4, 5, 5, -1]);
  expect([...windowIndices(2, [3], [{ ...steps, padding: 'causal' }])]).toEqual([-1, 0, 0, 1, 1, 2, -1, 3, 3, 4, 4, 5]);
  expect([...windowIndices(1, [5], [{ kernelSize: 3, strides: 2, dilationRate: 1, padding: 'valid' }])]).toEqual([
    0, 1, 2, 2, 3, 4,
  ]);
  expect(countWindows(4, { kernelSize: 3, strides: 1, dilationRate: 2, padding: 'valid' })).toBe(0);
});

it('refuses sequences shorter than a window and options that exclude each other', () => {
  const layer = new Conv1D({ filters: 2, kernelSize: 3, dilationRate: 2 });
  expect(() => layer.apply(ops.ones([1, 4, 2]))).toThrowErrorMatchingInlineSnapshot(`
    [RondoError: [SHAPE_MISMATCH] Conv1D: the sequences are shorter than one window.
      expected: at least 5 steps
      received: [any, 4, 2]
      fix: pad the input, use smaller windows, or padding: 'same'.]
  `);
  expect(() => new Conv1D({ filters: 2, kernelSize: 3, strides: 2, dilationRate: 2 })).toThrow(
    'strides and dilationRate cannot both be above 1.',
  );
  expect(() => new Conv1D({ filters: 2, kernelSize: 3, padding: 'casual' as never })).toThrow(
    'unknown padding `casual`; did you mean `causal`?',
  );
  expect(() => layer.apply(ops.ones([4, 2]))).toThrow('[SHAPE_MISMATCH] Conv1D');
});

it('refuses groups that divide neither filters nor features, and sizes that are none', () => {
  expect(() => new Conv1D({ filters: 5, kernelSize: 3, groups: 2 })).toThrow('the groups do not divide the filters.');
  const grouped = new Conv2D({ filters: 6, kernelSize: 3, groups: 3 });
  expect(() => grouped.apply(ops.ones([1, 4, 4, 5]))).toThrow('the groups do not divide the features.');
  expect(() => new Conv2D({ filters: 2, kernelSize: [2, 0] })).toThrowErrorMatchingInlineSnapshot(`
    [RondoError: [OUT_OF_RANGE] Conv2D: \`kernelSize\` is out of range.
      expected: a whole number of at least 1, or 2 of them
      received: [2,0]
      fix: write kernelSize: [3, 2].]
  `);
  expect(() => new Conv2D({ filters: 2, kernelSize: [2, 2], padding: 'causal' as never })).toThrow('unknown padding');
  expect(() => new Conv2D({ filters: 2, kernelSize: 4 }).apply(ops.ones([1, 5, 3, 2]))).toThrow(
    'the input is smaller than one window.\n  expected: at least 4 x 4 places',
  );
  expect(() => new MaxPooling2D({ poolSize: [2] as never })).toThrow('[OUT_OF_RANGE] MaxPooling2D');
});

it.each(['reference', 'wasm'] as const)(
  'a causal convolution runs step by step as over whole sequences, on %s',
  (name) => {
    useBackend(name);
    const model = new Sequential(
      [
        new Conv1D({ filters: 6, kernelSize: 3, padding: 'causal', dilationRate: 2, groups: 2, activation: 'tanh' }),
        new Conv1D({ filters: 5, kernelSize: 1 }),
        new LSTM({ units: 3, returnSequences: true }),
        new Conv1D({ filters: 2, kernelSize: 2, padding: 'causal' }),
      ],
      { inputShape: [null, 4] },
    );
    randomise(model, new Random(5));
    const [batch, time] = [3, 7];
    const x = normals([batch, time, 4], new Random(6));
    const expected = ops.transpose(model.apply(x), [1, 0, 2]).dataSync();
    const inputs = ops.transpose(x, [1, 0, 2]).dataSync();
    const stream = model.stream({ batchSize: batch });
    for (const pass of ['first', 'second']) {
      stream.reset();
      for (let t = 0; t < time; t++) {
        const output = stream.step(inputs.subarray(t * batch * 4, (t + 1) * batch * 4));
        const label = `${pass} pass, step ${t}`;
        expectClose(
          output,
          expected.subarray(t * batch * 2, (t + 1) * batch * 2),
          name === 'wasm' ? 2e-6 : 1e-14,
          label,
        );
      }
    }
    const strided = new Sequential([new Conv1D({ filters: 2, kernelSize: 2, padding: 'same' })], {
      inputShape: [null, 4],
    });
    expect(() => strided.stream()).toThrow('cannot be run one time step at a time');
    useBackend('wasm');
  },
);

import { expect, it } from 'vitest';
import * as ops from '../tensor/index.js';
import { Conv1D } from './conv-1d.js';
import { countWindows, windowIndices } from './conv-windows.js';

it('windows stand where Keras puts them: same pads one more at the right, causal only at the left', () => {
  const steps = { kernelSize: 2, strides: 1, dilationRate: 1 };
  expect([...windowIndices(2, 3, { ...steps, padding: 'valid' })]).toEqual([0, 1, 1, 2, 3, 4, 4, 5]);
  expect([...windowIndices(2, 3, { ...steps, padding: 'same' })]).toEqual([0, 1, 1, 2, 2, -1, 3, 4, 4, 5, 5, -1]);
  expect([...windowIndices(2, 3, { ...steps, padding: 'causal' })]).toEqual([-1, 0, 0, 1, 1, 2, -1, 3, 3, 4, 4, 5]);
  expect([...windowIndices(1, 5, { kernelSize: 3, strides: 2, dilationRate: 1, padding: 'valid' })]).toEqual([
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
      fix: pad the sequences, use a smaller kernelSize, or padding: 'same'.]
  `);
  expect(() => new Conv1D({ filters: 2, kernelSize: 3, strides: 2, dilationRate: 2 })).toThrow(
    'strides and dilationRate cannot both be above 1.',
  );
  expect(() => new Conv1D({ filters: 2, kernelSize: 3, padding: 'casual' as never })).toThrow(
    'unknown padding `casual`; did you mean `causal`?',
  );
  expect(() => layer.apply(ops.ones([4, 2]))).toThrow('[SHAPE_MISMATCH] Conv1D');
});

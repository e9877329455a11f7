import { afterAll, describe, expect, it } from 'vitest';
import { normals } from '../../test/support/random.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import { activate } from '../tensor/arithmetic.js';
import * as ops from '../tensor/index.js';
import { tensor } from '../tensor/tensor.js';
import { AlphaDropout } from './alpha-dropout.js';
import { Dropout } from './dropout.js';
import { SpatialDropout1D } from './spatial-dropout-1d.js';

const [BATCH, TIME, FEATURES] = [50, 40, 7];

describe.each(backendNames)('dropout on %s', (backend) => {
  afterAll(() => void useBackend('wasm'));
  const ones = ops.ones([BATCH, TIME, FEATURES]);

  it('sets its share of the values to 0 and scales the others, in training only', () => {
    useBackend(backend);
    setSeed(1);
    const layer = new Dropout({ rate: 0.2 });
    expect(layer.apply(ones).dataSync()).toEqual(ones.dataSync());
    const values = Array.from(layer.apply(ones, { training: true }).dataSync());
    const dropped = values.filter((value) => value === 0).length;
    expect(new Set(values)).toEqual(new Set([0, 1.25]));
    // Binomial: five standard deviations.
    expect(Math.abs(dropped / values.length - 0.2)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / values.length));
    expect(layer.apply(ones, { training: true }).dataSync()).not.toEqual(Float32Array.from(values));
  });

  it('drops whole features of a sequence where it is spatial, and whatever noiseShape repeats', () => {
    useBackend(backend);
    setSeed(2);
    for (const layer of [
      new SpatialDropout1D({ rate: 0.5 }),
      new Dropout({ rate: 0.5, noiseShape: [null, 1, null] }),
    ]) {
      const values = layer.apply(ones, { training: true }).dataSync();
      for (let i = 0; i < values.length; i++) {
        const first = Math.floor(i / (TIME * FEATURES)) * TIME * FEATURES + (i % FEATURES);
        expect(values[i]).toBe(values[first]);
      }
      expect(new Set(values)).toEqual(new Set([0, 2]));
    }
  });
});

it('alpha dropout gives what it drops the lowest value of selu, and keeps mean and variance', () => {
  useBackend('reference');
  setSeed(4);
  const x = normals([300, 70], new Random(5));
  const layer = new AlphaDropout({ rate: 0.2 });
  expect(layer.apply(x)).toBe(x);
  const values = Array.from(layer.apply(x, { training: true }).dataSync());
  const lowest = activate('selu', tensor([-1e3])).item();
  const scale = 1 / Math.sqrt(0.8 * (1 + 0.2 * lowest ** 2));
  const before = x.dataSync();
  const isDropped = (value: number): boolean => Math.abs(value - scale * lowest * 0.8) < 1e-12;
  const kept = values.filter((value) => !isDropped(value));
  expect(Math.abs(kept.length / values.length - 0.8)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / values.length));
  values.forEach((value, i) => {
    if (!isDropped(value)) expect(Math.abs(value - scale * (before[i] - 0.2 * lowest))).toBeLessThan(1e-12);
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(values.length));
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  useBackend('wasm');
});

it('refuses rates outside [0, 1) and a noiseShape that does not fit', () => {
  for (const rate of [-0.1, 1, NaN])
    expect(() => new Dropout({ rate })).toThrow('[OUT_OF_RANGE] Dropout: `rate` is out of range.');
  expect(() => new Dropout({ rate: 0.5, noiseShape: [2, 1] }).apply(ops.ones([3, 4]), { training: true })).toThrow(
    'noiseShape does not fit the input.',
  );
  expect(() => new SpatialDropout1D({ rate: 0.5 }).apply(ops.ones([3, 4]))).toThrow(
    '[SHAPE_MISMATCH] SpatialDropout1D',
  );
});

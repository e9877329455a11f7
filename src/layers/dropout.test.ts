import { afterAll, describe, expect, it } from 'vitest';
import { backendNames, useBackend } from '../kernels/select.js';
import { setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
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

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { normals, randomise } from '../../test/support/random.js';
import { useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { tensor } from '../tensor/tensor.js';
import { ActivationPenalty } from './activation-penalty.js';
import { Embedding } from './embedding.js';
import { RNN } from './rnn.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

describe('ActivationPenalty', () => {
  const shape = [3, 5, 7];
  it('adds the gradient of its penalty to that of the loss, and nothing outside of training', () => {
    const x = normals(shape, new Random(4));
    const weights = normals(shape, new Random(5));
    const layer = new ActivationPenalty({ size: 0.7, change: 1.3 });
    const loss = (training: boolean) =>
      valueAndGradients(() => ops.sum(ops.mul(layer.apply(x, { training }), weights)), [x]);
    const plain = loss(false);
    const found = loss(true);
    expectClose(plain.gradients[0].dataSync(), weights.dataSync(), 1e-15, 'outside of training');
    expect(found.value.item()).toBe(plain.value.item());
    const values = x.dataSync();
    const penalty = (at: ArrayLike<number>): number => {
      let [size, change] = [0, 0];
      for (let b = 0; b < 3; b++)
        for (let t = 0; t < 5; t++)
          for (let f = 0; f < 7; f++) {
            const here = at[(b * 5 + t) * 7 + f];
            size += here ** 2 / 105;
            if (t < 4) change += (here - at[(b * 5 + t + 1) * 7 + f]) ** 2 / 84;
          }
      return 0.7 * size + 1.3 * change;
    };
    const numeric = values.map((value, i) => {
      const moved = (by: number): number => penalty(values.map((other, k) => (k === i ? value + by : other)));
      return weights.dataSync()[i] + (moved(1e-5) - moved(-1e-5)) / 2e-5;
    });
    expectClose(found.gradients[0].dataSync(), numeric, 1e-8, 'in training');
  });
  it('refuses what cannot be', () => {
    expect(() => new ActivationPenalty({ size: -1 })).toThrow('[OUT_OF_RANGE]');
    expect(() => new ActivationPenalty({ sizes: 1 } as object)).toThrow('did you mean `size`');
    expect(() => new ActivationPenalty({ size: 1 }).apply(tensor([1, 2], [1, 2]))).toThrow('[SHAPE_MISMATCH]');
  });
});

describe('weightDropout of a recurrent layer', () => {
  it('drops recurrent weights, not units, in training alone', () => {
    setSeed(1);
    const input = tensor(
      Float64Array.from({ length: 3 * 2 * 4 }, (_, i) => Math.sin(i)),
      [3, 2, 4],
    );
    const make = (weightDropout: number): RNN => {
      const layer = new RNN({ cell: 'simple', units: 5, activation: 'linear', weightDropout });
      layer.ensureBuilt([null, null, 4]);
      randomise(layer, new Random(2));
      return layer;
    };
    const [plain, dropped] = [make(0), make(0.5)];
    expect(dropped.apply(input).dataSync()).toEqual(plain.apply(input).dataSync());
    // The mean over many masks of a linear layer's output at the second step is the output without dropout.
    const mean = new Float64Array(15);
    const different = new Set<string>();
    for (let draw = 0; draw < 4000; draw++) {
      const output = dropped.apply(input, { training: true }).dataSync();
      if (draw < 50) different.add(Array.from(output).join());
      output.forEach((value, i) => (mean[i] += value / 4000));
    }
    expect(different.size).toBe(50);
    expectClose(mean, plain.apply(input).dataSync(), 0.2, 'mean');
  });
  it('has the gradient of the weights that were kept', () => {
    const layer = new RNN({ cell: 'lstm', units: 5, weightDropout: 0.5 });
    const input = normals([3, 6, 4], new Random(3));
    layer.ensureBuilt([null, null, 4]);
    randomise(layer, new Random(4));
    const recurrent = layer.weights.find(({ name }) => name.includes('recurrentKernel'))!;
    const { gradients } = valueAndGradients(() => ops.sum(layer.apply(input, { training: true })), [recurrent]);
    const zeros = gradients[0].dataSync().filter((value) => value === 0).length / recurrent.size;
    expect(zeros).toBeGreaterThan(0.3);
    expect(zeros).toBeLessThan(0.7);
  });
  it('is refused by cells without such weights', () => {
    expect(() => new RNN({ cell: 'minGRU', units: 5, weightDropout: 0.5 })).toThrow('[USAGE]');
    expect(() => new RNN({ cell: 'lstm', units: 5, weightDropout: 1 })).toThrow('[OUT_OF_RANGE]');
  });
});

describe('dropout of an embedding', () => {
  it('drops all occurrences of an index together, in training alone, and keeps the mean', () => {
    setSeed(3);
    const layer = new Embedding({ inputDim: 200, outputDim: 3, embeddingsInitializer: 'ones', dropout: 0.4 });
    const indices = Int32Array.from({ length: 400 }, (_, i) => i % 200);
    const output = layer.apply(tensor(indices, [1, 400]), { training: true }).dataSync();
    for (let i = 0; i < 200 * 3; i++) expect(output[i]).toBe(output[i + 600]);
    expect(new Set(Array.from(output, (value) => value.toFixed(6)))).toEqual(
      new Set(['0.000000', (1 / 0.6).toFixed(6)]),
    );
    for (let row = 0; row < 400; row++) expect(output[3 * row]).toBe(output[3 * row + 2]);
    const kept = Array.from(output).filter((value) => value !== 0).length / output.length;
    expect(Math.abs(kept - 0.6)).toBeLessThan(0.15);
    expect(new Set(layer.apply(tensor(indices, [1, 400])).dataSync())).toEqual(new Set([1]));
    expect(() => new Embedding({ inputDim: 2, outputDim: 2, dropout: 1 })).toThrow('[OUT_OF_RANGE]');
  });
});

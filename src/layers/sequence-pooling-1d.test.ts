import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectDerivative } from '../../test/support/central-differences.js';
import { normals } from '../../test/support/random.js';
import { useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Bidirectional } from './bidirectional.js';
import { LSTM } from './lstm.js';
import { SequencePooling1D } from './sequence-pooling-1d.js';

const x = tensor(
  Float64Array.from({ length: 3 * 4 * 2 }, (_, i) => ((i * 7) % 11) - 5),
  [3, 4, 2],
);
const mask = Uint8Array.from([1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0]);

describe('sequence pooling', () => {
  beforeAll(() => void useBackend('reference'));
  afterAll(() => void useBackend('wasm'));

  it('puts the last step, the largest values and the mean of the steps that count next to each other', () => {
    const rows = Array.from({ length: 3 }, (_, b) =>
      Array.from({ length: 4 }, (_, t) => t)
        .filter((t) => mask[b * 4 + t] === 1)
        .map((t) => [0, 1].map((f) => x.dataSync()[(b * 4 + t) * 2 + f])),
    );
    const expected = rows.map((steps) => {
      if (steps.length === 0) return [0, 0, 0, 0, 0, 0];
      const by = (f: number): number[] => steps.map((step) => step[f]);
      const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
      return [...steps[steps.length - 1], Math.max(...by(0)), Math.max(...by(1)), mean(by(0)), mean(by(1))];
    });
    const output = new SequencePooling1D({ pooling: ['last', 'max', 'mean'] }).apply(x, { mask }).dataSync();
    expected.flat().forEach((value, i) => expect(output[i]).toBeCloseTo(value, 12));
  });

  it('takes the last outputs of both readers of a Bidirectional, whose own last outputs they are', () => {
    const input = normals([3, 4, 5], new Random(2));
    const options = { units: 3, returnSequences: true };
    const all = new Bidirectional({ layer: new LSTM(options) });
    const lastOnly = new Bidirectional({ layer: new LSTM({ units: 3 }) });
    for (const layer of [all, lastOnly]) layer.ensureBuilt([3, 4, 5]);
    lastOnly.weights.forEach((weight, i) => weight.assign(all.weights[i].dataSync()));
    const filled = Uint8Array.from([1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1]);
    const pooled = new SequencePooling1D({ pooling: ['last'], bidirectional: true }).apply(
      all.apply(input, { mask: filled }),
      { mask: filled },
    );
    const expected = (lastOnly.apply(input, { mask: filled }) as Tensor).dataSync();
    pooled.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i], 12));
  });

  it('has the derivatives of central differences', () => {
    const layer = new SequencePooling1D({ pooling: ['last', 'max', 'mean'], bidirectional: true });
    expectDerivative(([input]) => layer.apply(input, { mask }), [normals([3, 4, 2], new Random(9))]);
  });

  it('refuses summaries that do not exist or come twice, and halves of an odd number', () => {
    expect(() => new SequencePooling1D({ pooling: ['mx' as 'max'] })).toThrow('did you mean `max`');
    expect(() => new SequencePooling1D({ pooling: ['max', 'max'] })).toThrow('[OUT_OF_RANGE]');
    expect(() => new SequencePooling1D({ bidirectional: true }).computeOutputShape([3, 4, 5])).toThrow(
      '[SHAPE_MISMATCH]',
    );
  });
});

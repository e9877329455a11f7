import { afterAll, describe, expect, it } from 'vitest';
import { backendNames, useBackend } from '../../src/kernels/select.js';
import { RNN } from '../../src/layers/rnn.js';
import { Random, setSeed } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectClose } from '../support/close.js';
import { normals, randomise } from '../support/random.js';

describe.each(backendNames)('recurrent dropout on %s', (backend) => {
  afterAll(() => void useBackend('wasm'));

  it('changes no expectation: a linear net with dropout is on average the net without', () => {
    useBackend(backend);
    setSeed(7);
    const batch = 4000;
    const rate = 0.4;
    const options = { units: 2, cell: 'simple', activation: 'linear' } as const;
    const plain = new RNN(options);
    const dropped = new RNN({ ...options, recurrentDropout: rate });
    for (const layer of [plain, dropped]) {
      layer.ensureBuilt([null, 1, 3]);
      randomise(layer, new Random(31));
    }
    const repeated = (values: readonly number[]): Tensor =>
      tensor(
        Float64Array.from({ length: batch * values.length }, (_, i) => values[i % values.length]),
        [batch, values.length],
      );
    const x = ops.reshape(repeated([0.3, -0.2, 0.5]), [batch, 1, 3]);
    const initialState = { hidden: repeated([0.7, -0.4]) };
    const expected = plain.apply(x, { initialState }).dataSync();
    const actual = dropped.apply(x, { initialState, training: true }).dataSync();
    for (let unit = 0; unit < 2; unit++) {
      const values = Float64Array.from({ length: batch }, (_, row) => actual[row * 2 + unit]);
      const mean = values.reduce((a, b) => a + b, 0) / batch;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / batch);
      expect(deviation).toBeGreaterThan(0.01);
      expect(Math.abs(mean - expected[unit])).toBeLessThan((5 * deviation) / Math.sqrt(batch));
    }
  });

  it('draws for a sequence, whatever the lengths of the others', () => {
    useBackend(backend);
    const layer = new RNN({ cell: 'gru', units: 5, recurrentDropout: 0.5, returnSequences: true });
    layer.ensureBuilt([null, 4, 2]);
    const x = normals([3, 4, 2], new Random(8));
    const outputs = [undefined, Uint8Array.from([1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1])].map((mask) => {
      setSeed(9);
      return ops.slice(layer.apply(x, { mask, training: true }), 0, 2).dataSync();
    });
    expectClose(outputs[1], outputs[0], backend === 'reference' ? 1e-13 : 2e-6, 'the sequence of full length');
  });

  it('drops the same units at every step of a sequence', () => {
    useBackend(backend);
    setSeed(9);
    const layer = new RNN({
      cell: 'simple',
      units: 6,
      activation: 'linear',
      useBias: false,
      recurrentInitializer: 'identity',
      kernelInitializer: 'zeros',
      recurrentDropout: 0.5,
      returnSequences: true,
    });
    const hidden = tensor(new Float64Array(24).fill(1), [4, 6]);
    const output = layer.apply(tensor(new Float64Array(4 * 3 * 2), [4, 3, 2]), {
      initialState: { hidden },
      training: true,
    });
    // With U = I, a kept unit doubles at each step and a dropped one stays 0.
    expect(histories(output)).toEqual(new Set(['2 4 8', '0 0 0']));
  });
});

describe.each(backendNames)('dropout of the input on %s', (backend) => {
  afterAll(() => void useBackend('wasm'));

  it('drops the same features at every step of a sequence', () => {
    useBackend(backend);
    setSeed(9);
    const layer = new RNN({
      cell: 'simple',
      units: 6,
      activation: 'linear',
      useBias: false,
      recurrentInitializer: 'zeros',
      kernelInitializer: 'identity',
      dropout: 0.5,
      returnSequences: true,
    });
    // With W = I, a kept feature is doubled and a dropped one is 0.
    expect(histories(layer.apply(ops.ones([4, 3, 6]), { training: true }))).toEqual(new Set(['2 2 2', '0 0 0']));
  });
});

describe.each(backendNames)('zoneout on %s', (backend) => {
  afterAll(() => void useBackend('wasm'));

  it('draws anew for every unit at every step', () => {
    useBackend(backend);
    setSeed(9);
    const layer = new RNN({
      cell: 'simple',
      units: 6,
      activation: 'linear',
      useBias: false,
      recurrentInitializer: 'zeros',
      kernelInitializer: 'identity',
      zoneout: 0.5,
      returnSequences: true,
    });
    const x = tensor(
      Float64Array.from({ length: 40 * 3 * 6 }, (_, i) => 1 + (Math.floor(i / 6) % 3)),
      [40, 3, 6],
    );
    // With W = I the new value at step t is t: every combination of kept and renewed steps occurs.
    const expected = new Set(['0 0 0', '0 0 3', '0 2 2', '0 2 3', '1 1 1', '1 1 3', '1 2 2', '1 2 3']);
    expect(histories(layer.apply(x, { training: true }))).toEqual(expected);
  });
});

/** What the units of `[batch, 3, units]` hold over time. */
function histories(output: Tensor): Set<string> {
  const values = output.dataSync();
  const [batch, time, units] = output.shape;
  const ofUnit = (row: number, unit: number): string =>
    Array.from({ length: time }, (_, t) => values[(row * time + t) * units + unit]).join(' ');
  return new Set(Array.from({ length: batch * units }, (_, i) => ofUnit(Math.floor(i / units), i % units)));
}

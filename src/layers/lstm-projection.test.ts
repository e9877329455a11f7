import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normals } from '../../test/support/random.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import { Sequential } from '../training/sequential.js';
import { Bidirectional } from './bidirectional.js';
import { LSTM } from './lstm.js';
import { RNN } from './rnn.js';

describe('an LSTM with a projection', () => {
  beforeAll(() => setSeed(3));
  afterAll(() => void useBackend('wasm'));

  it('is as wide as the projection, and counts its weights', () => {
    const layer = new LSTM({ units: 6, projectionUnits: 2, returnSequences: true, returnState: true });
    const { output, states } = layer.apply(normals([4, 5, 3], new Random(1)));
    expect(output.shape).toEqual([4, 5, 2]);
    expect([states[0].hidden.shape, states[0].cell.shape]).toEqual([
      [4, 2],
      [4, 6],
    ]);
    const shapes = Object.fromEntries(layer.weights.map(({ name, shape }) => [name.split('/').at(-1), shape]));
    expect(shapes).toEqual({ kernel: [3, 24], recurrentKernel: [2, 24], projectionKernel: [6, 2], bias: [24] });
    const model = new Sequential([new LSTM({ units: 6, projectionUnits: 2 })], { inputShape: [null, 3] });
    expect(model.countParams()).toBe(3 * 24 + 2 * 24 + 6 * 2 + 24);
    expect(model.summary()).toContain('2');
  });

  it('trains, carries its states, reads both ways and comes back from a file with the same numbers', async () => {
    const model = new Sequential(
      [
        new Bidirectional({ layer: new LSTM({ units: 5, projectionUnits: 2, returnSequences: true }) }),
        new LSTM({ units: 7, projectionUnits: 3, stateful: true, zoneout: 0.1, recurrentDropout: 0.2 }),
      ],
      { inputShape: [6, 3] },
    );
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const [x, y] = [normals([4, 6, 3], new Random(2)), normals([4, 3], new Random(3))];
    const { metrics } = await model.fit(x, y, { epochs: 5, batchSize: 4, shuffle: false });
    expect(metrics.loss[4]).toBeLessThan(metrics.loss[0]);
    model.resetStates();
    const expected = (await model.predict(x)).dataSync();
    const loaded = deserializeModel(serializeModel(model)).model;
    loaded.resetStates();
    expect((await loaded.predict(x)).dataSync()).toEqual(expected);
  });

  it('is the cell lstmp with that width', () => {
    const named = new RNN({ cell: 'lstmp', units: 6, widths: { projection: 4 } });
    expect(named.computeOutputShape([1, 5, 3])).toEqual([1, 4]);
    expect(new RNN({ cell: 'lstmp', units: 7 }).computeOutputShape([1, 5, 3])).toEqual([1, 4]);
    expect(new LSTM({ units: 6, projectionUnits: 4 }).getConfig()).toMatchObject({ units: 6, projectionUnits: 4 });
    expect(new LSTM({ units: 6, projectionUnits: 4 }).getConfig()).not.toHaveProperty('widths');
  });

  it('refuses widths that cannot be', () => {
    expect(() => new RNN({ cell: 'lstmp', units: 6, widths: { projektion: 4 } })).toThrow(
      /^\[UNKNOWN_NAME\] RNN: unknown width `projektion`; did you mean `projection`/,
    );
    expect(() => new RNN({ cell: 'lstm', units: 6, widths: { projection: 4 } })).toThrow(
      /^\[USAGE\] RNN: `lstm` has no width besides its units/,
    );
    expect(() => new LSTM({ units: 6, projectionUnits: 0 })).toThrow(/^\[OUT_OF_RANGE\] LSTM/);
  });
});

import { describe, expect, it } from 'vitest';
import { SavedFields } from '../../data/saved-fields.js';
import { Dense } from '../../layers/dense.js';
import { GRU } from '../../layers/gru.js';
import { Sequential } from '../../training/sequential.js';
import type { Forecaster } from './forecaster.js';
import { restoreForecaster } from './restore-forecaster.js';

/** A model of three steps ahead with a bias for each, and no other weights. */
function modelOf(width: number, corrections: readonly number[]): Sequential {
  const model = new Sequential(
    [new GRU({ units: 2 }), new Dense({ units: corrections.length, kernelInitializer: 'zeros' })],
    { inputShape: [null, width] },
  );
  model.setWeights({ ...model.getWeights(), 'dense/bias': Float32Array.from(corrections) });
  return model;
}

/** What files held before forecasts had a base, a share, several series and notes. */
const early = {
  task: 'forecast',
  series: { names: ['y', 'x'], numTrainingRows: 21, numSeenRows: 24, fingerprint: 5, naiveScale: 0.5 },
  scaler: { kind: 'standard', offset: [10, 0], scale: [2, 1] },
  options: {
    features: 'all',
    missing: 'error',
    cell: 'gru',
    units: 2,
    layers: 1,
    dropout: 0,
    epochs: 3,
    horizon: 3,
    season: 4,
    timesteps: 5,
    target: 'y',
  },
};

function restored(fields: object, model: Sequential): Forecaster {
  const saved = new SavedFields('early', fields);
  return restoreForecaster({ model, saved, outcome: undefined, tokenizers: undefined });
}

describe('a file of before forecasts had a base', () => {
  it('forecasts the last value with all of what its network adds', async () => {
    const forecaster = restored(early, modelOf(2, [0.5, -1, 2]));
    const rows = 7;
    const series = {
      name: '',
      values: Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 8 + i : 0)),
      numRows: rows,
      isReal: new Uint8Array(2 * rows).fill(1),
      times: undefined,
    };
    const next = await forecaster.predict(series);
    // The last value is 20, and a correction of 1 stands for a deviation of 2.
    expect([...next]).toEqual([21, 18, 24]);
    expect(forecaster.findings).toMatchObject({ stage: 'done', share: 1, report: null });
  });
  it('is refused where its network does not fit its columns', () => {
    const saved = { ...early, scaler: { kind: 'standard', offset: [10], scale: [2] } };
    expect(() => restored(saved, modelOf(2, [1, 1, 1]))).toThrow(
      '[FILE_FORMAT] early: a scaler does not fit the columns',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { adviceOn } from './advice.js';
import { decayOf } from './decay.js';
import type { DiagnosisFacts, LayerReport, RecurrentReport } from './report.js';

const layer = (gradientNorm: number, updateRatio: number, name = 'lstm'): LayerReport => ({
  layer: name,
  gradientNorms: [gradientNorm, gradientNorm],
  updateRatios: [updateRatio, updateRatio],
  medianGradientNorm: gradientNorm,
  medianUpdateRatio: updateRatio,
  lastUpdateRatio: updateRatio,
});
const sigmoid = {
  name: 'forget',
  activation: 'sigmoid',
  isState: false,
  isForgetGate: true,
  mean: 0.6,
  low: 0.1,
  high: 0.3,
  numStuck: 0,
};
const decaying = (perStep: number, gates = [sigmoid], cell = 'lstm'): RecurrentReport => {
  const norms = Array.from({ length: 41 }, (_, k) => perStep ** k);
  const report = { step: 9, norms, decay: decayOf(norms)! };
  return { layer: 'lstm', cell, units: 8, timeGradient: { first: report, last: report }, gates, numDead: 0 };
};
const facts: DiagnosisFacts = {
  steps: [2, 9],
  layers: [layer(0.3, 1e-3), layer(0.2, 2e-3, 'dense')],
  gradientNorms: [0.4, 0.4],
  clipNorm: 1,
  recurrent: [decaying(0.95)],
  loss: [4, 3, 2, 1],
  valLoss: [4, 3, 2.5, 2],
  elapsedMs: 1,
};
const advice = (changed: Partial<DiagnosisFacts>): string[] =>
  adviceOn({ ...facts, ...changed }).map(({ about, text }) => `${about}: ${text}`);

describe('advice', () => {
  it('is not given where nothing stands out, or nothing was measured', () => {
    expect(advice({})).toEqual([]);
    expect(advice({ steps: [], layers: [], gradientNorms: [], recurrent: [] })).toEqual([]);
  });

  it.each<[string, Partial<DiagnosisFacts>, string[]]>([
    [
      'grow back in time',
      { recurrent: [decaying(1.5)] },
      ['explodingGradient: The gradient explodes back in time in lstm: x 1.5 a step', 'globalClipNorm: 1'],
    ],
    [
      'vanish back in time',
      { recurrent: [decaying(0.6, [], 'simple')] },
      [
        'vanishingGradient: ',
        'within 14 of 40 steps (x 0.6 a step on average)',
        'a cell with gates (lstm, gru) instead of simple',
        'windows of 28 steps',
      ],
    ],
    [
      'vanish in spite of gates',
      { recurrent: [decaying(0.4)] },
      ['vanishingGradient: ', 'chrono({ maxTimesteps: 41 })'],
    ],
    [
      'never reach a layer',
      { layers: [layer(0, 0), layer(0.2, 1e-3, 'dense')] },
      ['noGradient: No gradient reaches lstm'],
    ],
    [
      'hardly reach a layer',
      { layers: [layer(1e-6, 1e-3), layer(0.2, 1e-3, 'dense')] },
      ['depth: The gradient of lstm is 5e-6 of the largest'],
    ],
    [
      'have spikes without a clip',
      { clipNorm: null, gradientNorms: [0.2, 0.2, 0.2, 30] },
      ['clipping: The gradient norm has spikes: 30 at most', 'globalClipNorm: 0.4'],
    ],
    ['are far above the clip', { gradientNorms: [0.5, 8, 9, 10] }, ['clipping: ', 'above the clip of 1 at 75 %']],
  ])('is given where gradients %s', (_, changed, parts) => {
    const [one, ...others] = advice(changed);
    expect(others).toEqual([]);
    for (const part of parts) expect(one).toContain(part);
  });

  it('names saturation as the cause of a gradient that vanishes with it', () => {
    const [saturation, vanishing] = advice({
      recurrent: [
        decaying(
          0.4,
          [{ ...sigmoid, name: 'candidate', activation: 'tanh', isForgetGate: false, low: 0.4, high: 0.5 }],
          'simple',
        ),
      ],
    });
    expect(saturation).toContain(
      'saturation: 90 % of the values of the candidate of lstm are near an end (40 % low, 50 % high)',
    );
    expect(vanishing).toMatch(/^vanishingGradient: .* The saturation is the likely cause/);
  });

  it('is given on updates that are large or small for the weights', () => {
    expect(advice({ layers: [layer(0.3, 0.2)] })).toEqual([
      'largeUpdates: A step changes lstm by 0.2 of its size (median; about 1e-3 is usual). Lower the learning ' +
        'rate by 10 or so.',
    ]);
    expect(advice({ layers: [layer(0.3, 2e-5)] })).toEqual([
      'smallUpdates: No layer changes by more than 2e-5 of its size in a step (median; about 1e-3 is usual). ' +
        'Raise the learning rate by 3 or so.',
    ]);
  });

  it('is given on the course of the loss', () => {
    expect(advice({ loss: [4, 1, 1.5, 2] })[0]).toContain(
      'divergence: The training loss rises: from 1 after epoch 2 to 2',
    );
    expect(advice({ loss: [4, 3, 2.99, 2.99], valLoss: [] })[0]).toContain(
      'plateau: The training loss stands still: 3 after epoch 2',
    );
    expect(advice({ loss: [4, 3, 2, 1], valLoss: [3, 2, 2.5, 2.9] })[0]).toContain(
      'overfitting: Since epoch 2 the training loss falls from 3 to 1 while that of the validation data rises ' +
        'from 2 to 2.9',
    );
    expect(advice({ loss: [4, 5, 6], valLoss: [] })).toEqual([]);
  });
});

describe('the decay of norms', () => {
  it('is that of a geometric series', () => {
    const { perStep, overall, stepsToThousandth } = decayOf([8, 4, 2, 1, 0.5])!;
    expect(perStep).toBeCloseTo(0.5, 12);
    expect([overall, stepsToThousandth]).toEqual([1 / 16, null]);
  });
  it('leaves out what has become 0', () => {
    expect(decayOf([1, 0.1, 0.01, 0])).toMatchObject({ overall: 0, stepsToThousandth: 3 });
    expect(decayOf([1, 0.1, 0.01, 0])!.perStep).toBeCloseTo(0.1, 12);
    expect(decayOf([1, 0, 0])).toEqual({ perStep: 0, overall: 0, stepsToThousandth: 1 });
  });
  it('is unknown for one norm, or a first one of 0', () => {
    expect([decayOf([]), decayOf([3]), decayOf([0, 1])]).toEqual([undefined, undefined, undefined]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { abs, mul, sub } from '../expression/build.js';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import * as ops from '../tensor/index.js';
import type { CompileOptions } from '../training/compiled.js';
import { defineLoss, type Loss, lossNamed, registerLoss } from '../training/losses/index.js';
import { MeanMetric, type Metric, metricNamed, registerMetric } from '../training/metrics/index.js';
import { Sequential } from '../training/sequential.js';
import { deserializeModel, serializeModel } from './checkpoint.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const [x, y] = [
  [
    [1, 2],
    [3, 5],
    [-1, 4],
  ],
  [[1], [2], [0.5]],
];

const tilted = ({ tilt = 2 }: { tilt?: number }): Loss =>
  defineLoss({ name: 'tilted', options: { tilt }, element: (t, p, options) => mul(abs(sub(t, p)), options.tilt) });
const worst = ({ factor = 1 }: { factor?: number }): Metric =>
  new MeanMetric(
    'worst',
    'lower',
    ({ yTrue, yPred }, add) =>
      add(factor * Math.max(...Array.from(yTrue.data, (t, i) => Math.abs(t - yPred.data[i]))), 1),
    { factor },
  );

/** What a model says of the data, and what it says after it went through a file. */
async function savedAndLoaded(options: Omit<CompileOptions, 'optimizer'>): Promise<[before: unknown, after: unknown]> {
  const model = new Sequential([new Dense({ units: 1, inputShape: [2] })]);
  model.compile({ optimizer: 'sgd', ...options });
  const { model: loaded } = deserializeModel(serializeModel(model));
  return [await model.evaluate(x, y), await loaded.evaluate(x, y)];
}

declare module '../training/losses/index.js' {
  interface RegisteredLosses {
    tilted: true;
    fourthPower: true;
  }
}
declare module '../training/metrics/index.js' {
  interface RegisteredMetrics {
    worst: true;
  }
}

describe('a model with a loss or metric of the user’s own', () => {
  it('comes back compiled where they are registered, with their options', async () => {
    registerLoss('tilted', tilted);
    registerMetric('worst', worst);
    registerLoss('fourthPower', () => (yTrue, yPred) => ops.mean(ops.square(ops.square(ops.sub(yTrue, yPred))), -1));
    const compiled: Omit<CompileOptions, 'optimizer'>[] = [
      { loss: 'tilted' },
      { loss: tilted({ tilt: 7 }), metrics: ['worst'] },
      { loss: 'fourthPower', metrics: [worst({ factor: 3 }), 'mae'] },
    ];
    for (const options of compiled) {
      const [before, after] = await savedAndLoaded(options);
      expect(after).toEqual(before);
    }
    expect(lossNamed({ name: 'tilted', config: { tilt: 7 } }).getConfig()).toEqual({
      name: 'tilted',
      config: { tilt: 7 },
    });
    expect(metricNamed('worst').getConfig()).toEqual({ name: 'worst', config: { factor: 1 } });
  });

  it('refuses names of the library, and names that would not be found again', () => {
    expect(() => registerLoss('mse', tilted)).toThrow(
      '[USAGE] registerLoss: `mse` is a loss of the library.\n  fix: choose another name.',
    );
    expect(() => registerMetric('accuracy', worst)).toThrow(/^\[USAGE\] registerMetric/);
    registerLoss('leaning', tilted);
    expect(() => lossNamed('leaning')).toThrow(
      /registered as `leaning` has another name.\n {2}expected: `leaning`\n {2}received: `tilted`/,
    );
  });

  it('suggests registered names too', () => {
    registerLoss('tilted', tilted);
    expect(() => lossNamed('tiltd')).toThrow(/did you mean `tilted`/);
  });
});

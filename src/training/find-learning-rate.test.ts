import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { RondoError } from '../errors.js';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { GRU } from '../layers/gru.js';
import { currentRandom, Random, setSeed } from '../random.js';
import { tensor } from '../tensor/tensor.js';
import { findLearningRate } from './find-learning-rate.js';
import { suggestLearningRates } from './learning-rate-curve.js';
import { adam, sgd } from './optimizers/index.js';
import { cosineDecay } from './schedules.js';
import { Sequential } from './sequential.js';
import { takeSnapshot } from './snapshot.js';

beforeEach(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const random = new Random(5);
const x = Array.from({ length: 33 }, () =>
  Array.from({ length: 5 }, () => [random.normal(), random.normal(), random.normal()]),
);
const y = x.map((steps) => [steps[0][1] - steps[3][2]]);

const optimizer = () =>
  adam({ learningRate: cosineDecay({ initialLearningRate: 0.01, decaySteps: 50 }), globalClipNorm: 1 });
const network = (stateful = false): Sequential => {
  setSeed(2);
  const model = new Sequential(
    [new GRU({ units: 4, stateful, recurrentDropout: 0.1 }), new Dropout({ rate: 0.2 }), new Dense({ units: 1 })],
    { inputShape: [null, 3] },
  );
  model.compile({ optimizer: optimizer(), loss: 'meanSquaredError', metrics: ['mae'] });
  return model;
};

/** Everything that a later `fit` depends on. */
const everything = async (model: Sequential): Promise<unknown> => {
  const position = {
    epoch: 0,
    batch: 0,
    seed: null,
    numSteps: 0,
    isStopping: false,
    history: { epochs: [], metrics: {} },
    logs: null,
    numRows: null,
    batchSize: null,
  };
  return [
    await takeSnapshot(model, position, []),
    Object.values(model.getWeights()).map((weight) => weight.dataSync()),
    currentRandom().state,
  ];
};

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing was thrown',
    (error: unknown) => (error instanceof RondoError ? error.message : String(error)),
  );

/** Least squares in one direction of curvature 2: gradient descent diverges above a rate of 1. */
const parabola = () => {
  setSeed(1);
  const model = new Sequential([new Dense({ units: 1, useBias: false })], { inputShape: [1] });
  model.compile({ optimizer: sgd(), loss: 'meanSquaredError' });
  return model;
};
const line = {
  x: Array.from({ length: 64 }, (_, i) => [i % 2 === 0 ? 1 : -1]),
  y: Array.from({ length: 64 }, (_, i) => [i % 2 === 0 ? 3 : -3]),
};

describe('findLearningRate', () => {
  it('finds the rates between learning and divergence, and stops there', async () => {
    const { suggested, tenthOfMinimum, steepest, learningRates, stopReason, losses, smoothed } = await findLearningRate(
      parabola(),
      line,
      { batchSize: 16 },
    );
    expect(stopReason).toBe('diverged');
    expect(learningRates.length).toBeLessThan(100);
    // Newton's step is a rate of 0.5, the limit 1.
    expect(learningRates.at(-1)).toBeGreaterThan(1);
    expect(steepest).toBeGreaterThan(0.01);
    expect(steepest).toBeLessThan(0.5);
    expect(tenthOfMinimum).toBeGreaterThan(0.02);
    expect(tenthOfMinimum).toBeLessThan(0.2);
    expect(suggested).toBeCloseTo(tenthOfMinimum!, 2);
    expect(losses).toHaveLength(learningRates.length);
    expect(smoothed[0]).toBeCloseTo(losses[0], 12);
    expect(smoothed[1]).toBeCloseTo((0.9 * 0.1 * losses[0] + 0.1 * losses[1]) / (1 - 0.81), 12);
    expect(learningRates[50] / learningRates[49]).toBeCloseTo(1e7 ** (1 / 99), 9);
  });

  it('trains with the compiled rule in the place of its schedule', async () => {
    const model = network();
    const seen = await findLearningRate(model, { x, y }, { minimum: 1e-4, maximum: 1e-1, steps: 12, batchSize: 33 });
    expect(model.optimizer.anew(1).getConfig().config).toMatchObject({ learningRate: 1, globalClipNorm: 1 });
    expect(model.optimizer.learningRate).toBe(0.01);
    expect(seen.learningRates).toHaveLength(12);
    expect(seen.learningRates[11]).toBeCloseTo(0.1, 12);
    expect(seen.stopReason).toBe('completed');
  });

  it.each([false, true])('leaves a model as it was to the bit, carried states %s', async (stateful) => {
    const model = network(stateful);
    await model.fit(x, y, { epochs: 2, batchSize: 11 });
    const before = await everything(model);
    await findLearningRate(model, { x, y }, { steps: 20, batchSize: 11 });
    expect(await everything(model)).toEqual(before);
    const [again, whole] = [network(stateful), network(stateful)];
    await findLearningRate(again, { x, y }, { steps: 20, batchSize: 11 });
    const trained = (one: Sequential) => (setSeed(4), one.fit(x, y, { epochs: 3, batchSize: 11 }));
    expect(await trained(again)).toEqual(await trained(whole));
  });

  it('puts everything back when it is stopped, and when data are bad', async () => {
    const model = network(true);
    await model.fit(x, y, { batchSize: 11 });
    const before = await everything(model);
    const controller = new AbortController();
    const stopped = findLearningRate(
      model,
      { x, y },
      { batchSize: 11, signal: controller.signal, onStep: ({ number }) => void (number === 7 && controller.abort()) },
    );
    expect(await messageOf(stopped)).toContain('[ABORTED] findLearningRate');
    expect(await everything(model)).toEqual(before);
    const bad = function* () {
      yield { x: tensor(x.slice(0, 11)), y: tensor(y.slice(0, 11)) };
      yield { x: tensor(x.slice(0, 11).map((steps) => steps.map(() => [NaN, 0, 0]))), y: tensor(y.slice(0, 11)) };
    };
    expect(await messageOf(findLearningRate(model, bad, {}))).toContain('[NOT_FINITE]');
    expect(await everything(model)).toEqual(before);
  });

  it('survives a loss that is not finite', async () => {
    const model = parabola();
    const before = await everything(model);
    const result = await findLearningRate(model, line, {
      minimum: 1e3,
      maximum: 1e300,
      steps: 50,
      smoothing: 0,
      blowUp: 1e300,
    });
    expect(result.stopReason).toBe('diverged');
    expect(result.suggested).toBeNull();
    expect(result.smoothed.every(Number.isFinite)).toBe(true);
    expect(await everything(model)).toEqual(before);
  });

  it('begins short data anew, and says so where they cannot be', async () => {
    const dataset = () => [{ x: tensor(x), y: tensor(y) }];
    expect((await findLearningRate(network(), dataset, { maximum: 1e-3, steps: 11 })).losses).toHaveLength(11);
    const once = (function* () {
      yield { x: tensor(x), y: tensor(y) };
    })();
    expect(await messageOf(findLearningRate(network(), once))).toContain('no batches in epoch 1');
  });

  it('refuses impossible options, and a model that is in training', async () => {
    const refused = (options: object): Promise<string> => messageOf(findLearningRate(network(), { x, y }, options));
    expect(await refused({ minimum: 0 })).toContain('`minimum` is out of range');
    expect(await refused({ minimum: 1, maximum: 0.1 })).toContain('a number above minimum, 1');
    expect(await refused({ steps: 9 })).toContain('at least 10');
    expect(await refused({ smothing: 0.5 })).toContain('did you mean `smoothing`');
    const model = network();
    const training = model.fit(x, y);
    expect(await messageOf(findLearningRate(model, { x, y }))).toContain('being trained already');
    await training;
  });
});

describe('suggestLearningRates', () => {
  const learningRates = Array.from({ length: 41 }, (_, i) => 10 ** (-4 + i / 10));
  it('reads the steepest fall and a tenth of the minimum off a curve', () => {
    // A logistic fall around 1e-2, then a rise from 1e-1 on.
    const losses = learningRates.map(
      (rate) => 1 - 1 / (1 + Math.exp(-4 * (Math.log10(rate) + 2))) + Math.max(0, Math.log10(rate) + 1) ** 2,
    );
    const { steepest, tenthOfMinimum, suggested } = suggestLearningRates({ learningRates, losses }, 3);
    expect(steepest).toBeCloseTo(0.01, 12);
    expect(Math.log10(tenthOfMinimum!)).toBeCloseTo(-2, 0);
    expect(suggested).toBeCloseTo(tenthOfMinimum!, 3);
  });
  it('suggests nothing where the loss never falls', () => {
    const losses = learningRates.map((_, i) => 1 + i);
    expect(suggestLearningRates({ learningRates, losses })).toEqual({
      steepest: null,
      tenthOfMinimum: null,
      suggested: null,
    });
  });
});

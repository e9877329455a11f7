import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostWeights } from '../../test/support/host-weights.js';
import { useBackend } from '../kernels/select.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { GRU } from '../layers/gru.js';
import { LSTM } from '../layers/lstm.js';
import { Random, setSeed } from '../random.js';
import { AverageCheckpoints } from './callbacks/average-checkpoints.js';
import { AveragingTrigger } from './callbacks/averaging-trigger.js';
import type { Callback } from './callbacks/callback.js';
import { SwapEMAWeights } from './callbacks/swap-ema-weights.js';
import type { Dataset } from './dataset.js';
import type { DatasetFitOptions } from './fit-options.js';
import { averagedSGD, sgd } from './optimizers/index.js';
import { Sequential } from './sequential.js';
import type { TrainingSnapshot } from './snapshot.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

/** A model with carried states, moving statistics, dropout and a metric with a state of its own. */
const compiled = (): Sequential => {
  setSeed(31);
  const model = new Sequential(
    [
      new LSTM({ units: 3, returnSequences: true, stateful: true }),
      new Dropout({ rate: 0.4 }),
      new BatchNormalization({ momentum: 0.7 }),
      new Bidirectional({ layer: new GRU({ units: 2, stateful: true }) }),
      new Dense({ units: 1, activation: 'sigmoid' }),
    ],
    { inputShape: [4, 2] },
  );
  model.compile({
    optimizer: { name: 'rmsprop', config: { learningRate: 0.02, momentum: 0.5, useEMA: true } },
    loss: 'binaryCrossentropy',
    metrics: ['auc', 'f1', 'r2'],
  });
  return model;
};
const draw = new Random(2);
const batches = Array.from({ length: 5 }, () => {
  const x = Array.from({ length: 3 }, () => Array.from({ length: 4 }, () => [draw.normal(), draw.normal()]));
  return { x, y: x.map((steps) => [steps[1][0] + steps[2][1] > 0 ? 1 : 0]) };
});
const dataset: Dataset = (_, random) => random.shuffle([...batches]);

interface Interrupted {
  readonly snapshot: TrainingSnapshot;
  readonly weights: ReturnType<typeof hostWeights>;
}

/** Runs until a snapshot after so many steps, as a process that was then killed. */
async function interrupted(steps: number, options: DatasetFitOptions): Promise<Interrupted> {
  let kept: Interrupted | undefined;
  const save = (_: unknown, snapshot: TrainingSnapshot): void => {
    if (snapshot.values.numSteps === steps) kept = { snapshot: structuredClone(snapshot), weights: hostWeights(model) };
  };
  const model = compiled();
  await model.fit(dataset, { ...options, checkpoint: { save, everySteps: 1 } });
  return kept!;
}

describe('training resumed from a snapshot', () => {
  it.each([1, 4, 5, 7, 14])(
    'after step %i ends with the same bits: carried states, metrics, averages, dataset order',
    async (steps) => {
      const options = { epochs: 3, validationData: { x: batches[0].x, y: batches[0].y } };
      const whole = compiled();
      const expected = await whole.fit(dataset, options);
      const { snapshot, weights } = await interrupted(steps, options);
      const resumed = compiled();
      setSeed(999);
      resumed.setWeights(weights);
      const history = await resumed.fit(dataset, { ...options, resumeFrom: snapshot });
      expect(history).toEqual(expected);
      expect(hostWeights(resumed)).toEqual(hostWeights(whole));
      expect(resumed.optimizer.getState()).toEqual(whole.optimizer.getState());
      expect(resumed.optimizer.stateVariables().map((variable) => variable.dataSync())).toEqual(
        whole.optimizer.stateVariables().map((variable) => variable.dataSync()),
      );
      const carried = (model: Sequential): unknown =>
        model.layers.map((layer) => [...layer.carriedStates()].map(([name, state]) => [name, state.dataSync()]));
      expect(carried(resumed)).toEqual(carried(whole));
    },
  );

  it('continues a run that the signal aborted', async () => {
    const whole = compiled();
    await whole.fit(dataset, { epochs: 2 });
    const controller = new AbortController();
    const model = compiled();
    let snapshot: TrainingSnapshot | undefined;
    const stop: Callback = { onBatchEnd: ({ batch }) => void (batch === 2 && controller.abort()) };
    const history = await model.fit(dataset, {
      epochs: 2,
      signal: controller.signal,
      callbacks: [stop],
      checkpoint: { save: (_, taken) => void (snapshot = taken), everyEpochs: 5 },
    });
    expect(history.stopReason).toBe('aborted');
    await model.fit(dataset, { epochs: 2, callbacks: [{}], resumeFrom: snapshot });
    expect(hostWeights(model)).toEqual(hostWeights(whole));
  });

  it.each<[string, () => Callback]>([
    [
      'AveragingTrigger',
      () => {
        const trigger = new AveragingTrigger();
        trigger.setState({ values: { values: [], isTriggered: true } });
        return trigger;
      },
    ],
    ['SwapEMAWeights', () => new SwapEMAWeights()],
    ['AverageCheckpoints', () => new AverageCheckpoints({ numCheckpoints: 2 })],
  ])('continues a run that the signal aborted within a validation of averages: %s', async (name, swapping) => {
    const averaged = (): Sequential => {
      const model = compiled();
      const optimizer =
        name === 'AverageCheckpoints' ? sgd({ learningRate: 0.3 }) : averagedSGD({ learningRate: 0.3, lambd: 0 });
      model.compile({ optimizer, loss: 'binaryCrossentropy', metrics: ['auc', 'f1'] });
      if (optimizer.hasAverages) optimizer.startAveraging();
      return model;
    };
    const whole = averaged();
    const expected = await whole.fit(dataset, {
      epochs: 3,
      validationData: () => batches.slice(0, 3),
      callbacks: [swapping()],
    });
    const controller = new AbortController();
    let numValidated = 0;
    const stopping: Dataset = function* () {
      for (const batch of batches.slice(0, 3)) {
        if (++numValidated === 5) controller.abort();
        yield batch;
      }
    };
    const model = averaged();
    let snapshot: TrainingSnapshot | undefined;
    const history = await model.fit(dataset, {
      epochs: 3,
      validationData: stopping,
      callbacks: [swapping()],
      signal: controller.signal,
      checkpoint: { save: (_, taken) => void (snapshot = structuredClone(taken)), everyEpochs: 9 },
    });
    expect([history.stopReason, history.epochs, numValidated]).toEqual(['aborted', [0], 5]);
    const resumed = averaged();
    setSeed(999);
    resumed.setWeights(hostWeights(model));
    expect(
      await resumed.fit(dataset, {
        epochs: 3,
        validationData: () => batches.slice(0, 3),
        callbacks: [swapping()],
        resumeFrom: snapshot,
      }),
    ).toEqual(expected);
    expect(hostWeights(resumed)).toEqual(hostWeights(whole));
  });

  it('is refused with other data, callbacks or another model', async () => {
    const { snapshot, weights } = await interrupted(2, { epochs: 1 });
    const model = compiled();
    model.setWeights(weights);
    const flat = { x: batches.flatMap(({ x }) => x), y: batches.flatMap(({ y }) => y) };
    await expect(model.fit(flat.x, flat.y, { resumeFrom: snapshot, batchSize: 3 })).rejects.toThrow(
      /expected: a dataset\n {2}received: 15 rows in batches of 3/,
    );
    await expect(model.fit(dataset, { resumeFrom: snapshot, callbacks: [{ name: 'mine' }] })).rejects.toThrow(
      /expected: none\n {2}received: mine/,
    );
    const other = compiled();
    other.compile({ optimizer: 'adam', loss: 'binaryCrossentropy' });
    await expect(other.fit(dataset, { resumeFrom: snapshot })).rejects.toThrow(/the optimizer's `adam\/.*` is missing/);
    await expect(model.fit(dataset, { resumeFrom: snapshot, initialEpoch: 1 })).rejects.toThrow(
      /cannot be given together/,
    );
  });
});

describe('validation between epochs', () => {
  it('starts with no carried states and gives those of training back', async () => {
    const validationData = { x: batches[0].x.slice(0, 2), y: batches[0].y.slice(0, 2) };
    const plain = compiled();
    await plain.fit(dataset, { epochs: 2 });
    const validated = compiled();
    await validated.fit(dataset, { epochs: 2, validationData });
    expect(hostWeights(validated)).toEqual(hostWeights(plain));
  });
});

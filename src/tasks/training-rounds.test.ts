import { describe, expect, it } from 'vitest';
import { Dense } from '../layers/dense.js';
import type { CallbackState, TrainingContext } from '../training/callbacks/callback.js';
import type { DatasetBatch } from '../training/dataset.js';
import { Sequential } from '../training/sequential.js';
import { plannedEpochs, RoundStop, roundEnds, trainingBudget } from './training-rounds.js';

type Rounds = { epochs: number; maxEpochs: number; patience: number };

/**
 * After how many epochs training ends whose losses are these, why, and of which epoch the weights are, of which there
 * is one: the epoch's number.
 */
async function endOf(
  losses: readonly number[],
  rounds: Rounds,
  { monitor = 'valLoss', restoreAt }: { monitor?: string; restoreAt?: number } = {},
): Promise<{ epochs: number; reason: string; weight: number }> {
  const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1] })]);
  const [weight] = model.layers[0].weights;
  let isStopped = false;
  const context = {
    model,
    moreIsBetter: (name: string) => name !== 'valLoss',
    stopTraining: () => (isStopped = true),
  } as unknown as TrainingContext;
  let roundStop = new RoundStop({ monitor, ...rounds });
  let epoch = 0;
  for (; epoch < Math.min(losses.length, rounds.maxEpochs) && !isStopped; epoch++) {
    if (epoch === restoreAt) {
      const state = roundStop.getState();
      roundStop = new RoundStop({ monitor, ...rounds });
      roundStop.setState(
        JSON.parse(
          JSON.stringify(state, (_, value: unknown) => (value instanceof Float32Array ? [...value] : value)),
        ) as CallbackState,
      );
    }
    weight.assign(Float32Array.of(epoch));
    await roundStop.onEpochEnd(epoch, { [monitor]: losses[epoch] }, context);
  }
  const reason = roundStop.stopReason(isStopped ? 'callback' : 'completed');
  roundStop.onTrainEnd(reason as 'completed', context);
  expect(weight.dataSync()[0]).toBe(roundStop.bestEpoch);
  return { epochs: epoch, reason, weight: roundStop.bestEpoch };
}

const falling = Array.from({ length: 50 }, (_, i) => 1 / (i + 1));

describe('rounds of training', () => {
  it('are each twice as long as the one before, the last as long as the most epochs allow', () => {
    expect(roundEnds({ epochs: 6, maxEpochs: 42 })).toEqual([6, 18, 42]);
    expect(roundEnds({ epochs: 6, maxEpochs: 20 })).toEqual([6, 18, 20]);
    expect(roundEnds({ epochs: 5, maxEpochs: 5 })).toEqual([5]);
    expect([0, 5, 6, 17, 18, 42].map((done) => plannedEpochs({ epochs: 6, maxEpochs: 42 }, done))).toEqual([
      6, 6, 18, 18, 42, 42,
    ]);
  });

  it('begin with no more epochs than there may be in all', () => {
    const usual = { epochs: 5, leastSteps: 90, mostEpochs: 40, numRounds: 3 };
    expect(trainingBudget({}, 10, usual)).toEqual({ epochs: 9, maxEpochs: 63, patience: 5 });
    expect(trainingBudget({ maxEpochs: 7 }, 10, usual)).toEqual({ epochs: 7, maxEpochs: 7, patience: 4 });
    expect(trainingBudget({ maxEpochs: 11 }, 10, usual)).toEqual({ epochs: 9, maxEpochs: 11, patience: 5 });
    expect(trainingBudget({ epochs: 2, patience: 8 }, 10, usual)).toEqual({ epochs: 2, maxEpochs: 2, patience: 8 });
  });

  it('go on while the best epoch is the last, up to the most epochs', async () => {
    expect(await endOf(falling, { epochs: 3, maxEpochs: 21, patience: 2 })).toEqual({
      epochs: 21,
      reason: 'completed',
      weight: 20,
    });
  });

  it('end with a round whose last epoch is not the best, which is no early stop', async () => {
    expect(await endOf([5, 3, 4, 1], { epochs: 3, maxEpochs: 21, patience: 2 })).toEqual({
      epochs: 3,
      reason: 'completed',
      weight: 1,
    });
    // The second round comes near, but not below the first.
    expect(await endOf([5, 4, 3, 9, 8, 7, 6, 5, 4, 1], { epochs: 3, maxEpochs: 21, patience: 2 })).toEqual({
      epochs: 9,
      reason: 'completed',
      weight: 2,
    });
  });

  it('stop within a round by patience, which grows with it and knows nothing of the rounds before', async () => {
    expect(await endOf([2, 3, 4, 1], { epochs: 4, maxEpochs: 28, patience: 2 })).toEqual({
      epochs: 3,
      reason: 'callback',
      weight: 0,
    });
    expect(await endOf([3, 2, 1, 4, 5, 5, 5, 5, 5], { epochs: 3, maxEpochs: 21, patience: 1 })).toEqual({
      epochs: 6,
      reason: 'callback',
      weight: 2,
    });
  });

  it.each([
    ['a value that is not finite', NaN],
    ['an exception', 0],
  ])('end with the weights of the best epoch after %s', async (_, x) => {
    const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1] })]);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const weights: number[] = [];
    const weightNow = (): number => model.layers[0].weights[0].dataSync()[0];
    // The third epoch changes the weight, and then fails.
    const epoch = function* (number: number): Generator<DatasetBatch> {
      yield { x: [[1]], y: [[2]] };
      if (number < 2) return;
      weights.push(weightNow());
      if (x === 0) throw new Error('the disk is gone');
      yield { x: [[3e38]], y: [[-3e38]] };
    };
    const roundStop = new RoundStop({ monitor: 'loss', epochs: 5, maxEpochs: 9, patience: 2 });
    const remember = { name: 'remember', onEpochEnd: () => void weights.push(weightNow()) };
    await expect(model.fit(epoch, { epochs: 9, callbacks: [roundStop, remember] })).rejects.toThrow(
      x === 0 ? 'the disk is gone' : 'NOT_FINITE',
    );
    expect(weights).toHaveLength(3);
    expect(weights[2]).not.toBe(weights[1]);
    expect(weightNow()).toBe(weights[roundStop.bestEpoch]);
  });

  it('end in the same way where they were interrupted', async () => {
    const losses = [3, 2, 1, 4, 5, 5, 5, 5, 5];
    for (const at of [1, 3, 4, 5])
      expect(await endOf(losses, { epochs: 3, maxEpochs: 21, patience: 1 }, { restoreAt: at })).toEqual({
        epochs: 6,
        reason: 'callback',
        weight: 2,
      });
  });

  it('end with the weights of the best epoch where nothing was saved to resume from', async () => {
    const weightAfter = async (end: (roundStop: RoundStop, context: TrainingContext) => void): Promise<number> => {
      const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1] })]);
      const [weight] = model.layers[0].weights;
      const context = { model, moreIsBetter: () => false } as unknown as TrainingContext;
      const roundStop = new RoundStop({ monitor: 'valLoss', epochs: 5, maxEpochs: 15, patience: 4 });
      for (const [epoch, valLoss] of [3, 1, 2].entries()) {
        weight.assign(Float32Array.of(epoch));
        await roundStop.onEpochEnd(epoch, { valLoss }, context);
      }
      end(roundStop, context);
      return weight.dataSync()[0];
    };
    expect(await weightAfter((roundStop, context) => roundStop.onTrainEnd('aborted', context))).toBe(1);
    expect(
      await weightAfter((roundStop, context) => roundStop.onTrainEnd('aborted', { ...context, savesSnapshots: true })),
    ).toBe(2);
    expect(await weightAfter((roundStop, context) => roundStop.onTrainError(new Error('not finite'), context))).toBe(1);
  });

  it('keep the weights of an earlier round unless a later one is better by a hundredth', async () => {
    expect(await endOf([3, 2, 1, 2, 0.995, 2, 2, 2, 2], { epochs: 3, maxEpochs: 21, patience: 9 })).toEqual({
      epochs: 9,
      reason: 'completed',
      weight: 2,
    });
    expect(await endOf([3, 2, 1, 2, 0.985, 2, 2, 2, 2], { epochs: 3, maxEpochs: 21, patience: 9 })).toEqual({
      epochs: 9,
      reason: 'completed',
      weight: 4,
    });
    // Of a score it is a hundredth of what lacks to 1: here 0.001.
    const score = { monitor: 'valAccuracy' };
    expect(
      (await endOf([0.1, 0.9, 0.9005, 0.1, 0.1, 0.1], { epochs: 2, maxEpochs: 14, patience: 9 }, score)).weight,
    ).toBe(1);
    expect(
      (await endOf([0.1, 0.9, 0.902, 0.1, 0.1, 0.1], { epochs: 2, maxEpochs: 14, patience: 9 }, score)).weight,
    ).toBe(2);
  });
});

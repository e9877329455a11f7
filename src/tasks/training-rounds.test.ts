import { describe, expect, it } from 'vitest';
import type { TrainingContext } from '../training/callbacks/callback.js';
import { plannedEpochs, roundEnds, RoundStop, usualMaxEpochs } from './training-rounds.js';

const context = (stop: () => void): TrainingContext => ({ moreIsBetter: () => false, stopTraining: stop }) as unknown as TrainingContext;

/** After how many epochs training ends whose losses are these, and why. */
function endOf(losses: readonly number[], rounds: { epochs: number; maxEpochs: number; patience: number }, restoreAt?: number): { epochs: number; reason: string } {
  let roundStop = new RoundStop({ monitor: 'valLoss', ...rounds });
  let isStopped = false;
  for (const [epoch, valLoss] of losses.slice(0, rounds.maxEpochs).entries()) {
    if (epoch === restoreAt) {
      const state = roundStop.getState();
      roundStop = new RoundStop({ monitor: 'valLoss', ...rounds });
      roundStop.setState(state);
    }
    roundStop.onEpochEnd(epoch, { valLoss }, context(() => (isStopped = true)));
    if (isStopped) return { epochs: epoch + 1, reason: roundStop.stopReason('callback') };
  }
  return { epochs: Math.min(losses.length, rounds.maxEpochs), reason: roundStop.stopReason('completed') };
}

const falling = Array.from({ length: 50 }, (_, i) => 1 / (i + 1));

describe('rounds of training', () => {
  it('are each twice as long as the one before, the last as long as the most epochs allow', () => {
    expect(roundEnds({ epochs: 6, maxEpochs: 42 })).toEqual([6, 18, 42]);
    expect(roundEnds({ epochs: 6, maxEpochs: 20 })).toEqual([6, 18, 20]);
    expect(roundEnds({ epochs: 5, maxEpochs: 5 })).toEqual([5]);
    expect(usualMaxEpochs(6)).toBe(42);
    expect([0, 5, 6, 17, 18, 42].map((done) => plannedEpochs({ epochs: 6, maxEpochs: 42 }, done))).toEqual([6, 6, 18, 18, 42, 42]);
  });

  it('go on while the best epoch is the last, up to the most epochs', () => {
    expect(endOf(falling, { epochs: 3, maxEpochs: 21, patience: 2 })).toEqual({ epochs: 21, reason: 'completed' });
  });

  it('end with a round whose last epoch is not the best, which is no early stop', () => {
    expect(endOf([5, 3, 4, 1], { epochs: 3, maxEpochs: 21, patience: 2 })).toEqual({ epochs: 3, reason: 'completed' });
    // The second round comes near, but not below the first.
    expect(endOf([5, 4, 3, 9, 8, 7, 6, 5, 4, 1], { epochs: 3, maxEpochs: 21, patience: 2 })).toEqual({ epochs: 9, reason: 'completed' });
  });

  it('stop within a round by patience, which grows with it and knows nothing of the rounds before', () => {
    expect(endOf([2, 3, 4, 1], { epochs: 4, maxEpochs: 28, patience: 2 })).toEqual({ epochs: 3, reason: 'callback' });
    expect(endOf([3, 2, 1, 4, 5, 5, 5, 5, 5], { epochs: 3, maxEpochs: 21, patience: 1 })).toEqual({ epochs: 6, reason: 'callback' });
  });

  it('end in the same way where they were interrupted', () => {
    const losses = [3, 2, 1, 4, 5, 5, 5, 5, 5];
    for (const at of [1, 3, 4, 5]) expect(endOf(losses, { epochs: 3, maxEpochs: 21, patience: 1 }, at)).toEqual({ epochs: 6, reason: 'callback' });
  });
});

import { describe, expect, it } from 'vitest';
import type { TrainingOutcome, TrainingRounds } from '../src/index.js';
import { longerTrainingHint } from './longer-training.js';

const ended = (valLoss: readonly number[], more: Partial<TrainingOutcome> = {}): TrainingOutcome => ({
  stopReason: 'completed',
  loss: valLoss,
  valLoss,
  bestEpoch: valLoss.length - 1,
  ...more,
});

/** A training in a single round. */
const inOne = (epochs: number): TrainingRounds => ({ epochs, maxEpochs: epochs });

describe('the hint that more epochs may be better', () => {
  it('names --max-epochs where rounds decide, with the end of the round that would follow', () => {
    const losses = Array.from({ length: 42 }, (_, i) => 1 / (i + 1));
    expect(longerTrainingHint({ epochs: 6, maxEpochs: 42 }, ended(losses))).toContain('--max-epochs 90');
    expect(longerTrainingHint({ epochs: 6, maxEpochs: 20 }, ended(losses.slice(0, 20)))).toContain('--max-epochs 42');
  });

  it('names --epochs where that was given, or where there are no rounds', () => {
    expect(longerTrainingHint({ epochs: 5, maxEpochs: 5 }, ended([5, 4, 3, 2, 1]))).toBe(
      'the best epoch is the last, and in the last epoch the validation loss fell by 50.0 %, so more may be ' +
        'better: --epochs 10',
    );
    expect(longerTrainingHint(inOne(7), ended([7, 6, 5, 4, 3, 2, 1.5]))).toContain(
      'in the last 2 epochs the validation loss fell by 50.0 %, so more may be better: --epochs 14',
    );
    expect(longerTrainingHint(inOne(1), ended([3]))).toContain('one epoch alone, so more may be better: --epochs 2');
  });

  it('is silent where the last quarter of the epochs hardly gained, as at the end of a falling rate', () => {
    const flattening = [2.2, 1.9, 1.7, 1.6, 1.55, 1.52, 1.5, 1.49, 1.487, 1.486];
    expect(longerTrainingHint(inOne(10), ended(flattening))).toBeUndefined();
    expect(longerTrainingHint(inOne(10), ended([...flattening.slice(0, 9), 1.48]))).toContain(
      'in the last 3 epochs the validation loss fell by 1.3 %',
    );
  });

  it('looks at the score where a score chooses', () => {
    const scores = [0.5, 0.6, 0.7, 0.8];
    expect(longerTrainingHint(inOne(4), ended([4, 5, 6, 7], { valScore: scores }))).toContain(
      "33.3 % of the validation score's lack was made good",
    );
    expect(longerTrainingHint(inOne(4), ended([7, 6, 5, 4], { valScore: [0.5, 0.6, 0.8, 0.801] }))).toBeUndefined();
  });

  it('is silent where training stopped early, another epoch was best, or nothing was validated', () => {
    expect(longerTrainingHint(inOne(3), ended([3, 2, 1], { stopReason: 'callback' }))).toBeUndefined();
    expect(longerTrainingHint(inOne(3), ended([3, 1, 2], { bestEpoch: 1 }))).toBeUndefined();
    expect(longerTrainingHint(inOne(3), ended([], { loss: [3, 2, 1], bestEpoch: 2 }))).toBeUndefined();
    expect(longerTrainingHint({ epochs: 3, maxEpochs: 9 }, ended([3, 2, 1]))).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { setSeed } from '../random.js';
import { sparsityReport } from '../training/pruning/index.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import { LanguageModel } from './language-model/language-model.js';
import { LanguageModelTraining } from './language-model/language-model-training.js';
import { prunedTraining } from './pruned-training.js';
import { deserializeTask, serializeTask } from './task-file.js';

describe('the pruning of a task', () => {
  it('is none where nothing is asked for, and in files of before there was any', () => {
    const none = { callbacks: [], firstEpoch: 0 };
    expect(prunedTraining({ prune: 0, pruneBlock: '8x4' }, { epochs: 5, numBatches: 7 })).toEqual(none);
    expect(prunedTraining({}, { epochs: 5, numBatches: 7 })).toEqual(none);
  });

  it.each([
    [1, 1],
    [1, 2],
    [1, 90],
    [3, 7],
    [10, 7],
    [40, 1],
  ])('of %i epochs of %i steps is over at the end of the first epoch that counts', (epochs, numBatches) => {
    const { callbacks, firstEpoch } = prunedTraining({ prune: 0.9, pruneBlock: '16x1' }, { epochs, numBatches });
    expect(callbacks).toHaveLength(1);
    expect(firstEpoch).toBeLessThan(epochs);
    // The whole sparsity is reached within it.
    const last = Math.max(1, Math.round(pruningEnd * epochs * numBatches), Math.floor(0.1 * epochs * numBatches) + 1);
    expect((firstEpoch + 1) * numBatches).toBeGreaterThanOrEqual(last);
    expect(firstEpoch * numBatches).toBeLessThan(last);
  });

  it.each([
    [0.12, 4, 0],
    [0.5, 4, 1],
    [1, 4, 3],
  ])('until a share of %f of the planned epochs', (pruneUntil, epochs, last) => {
    expect(prunedTraining({ prune: 0.9, pruneUntil }, { epochs, numBatches: 50 }).firstEpoch).toBe(last);
  });
});

const pruningEnd = 0.4;
const text = Array.from({ length: 90 }, (_, i) => `the ${['red', 'old', 'big'][i % 3]} fox sees ${i % 7} hens\n`).join(
  '',
);
const options = { units: 18, embeddingUnits: 7, timesteps: 12, batchSize: 5, epochs: 4, prune: 0.8 };

describe('a task that prunes', () => {
  const train = async (training: LanguageModelTraining, controls = {}) => {
    const outcome = await training.train(controls);
    return { outcome, report: await sparsityReport(training.languageModel.model) };
  };

  it('ends with the best of the epochs that have the whole sparsity, and with its best weights', async () => {
    setSeed(3);
    const { outcome, report } = await train(new LanguageModelTraining(text, options));
    expect(outcome.bestEpoch).toBeGreaterThanOrEqual(1);
    // 7 and 18 inputs, of which each panel keeps 1 and 4.
    expect(report.gates.filter(({ gate }) => gate !== null).map(({ numKept }) => numKept)).toEqual([
      ...Array(4).fill(18),
      ...Array(4).fill(72),
    ]);
  });

  it('ends with the same bits when it was interrupted while pruning and resumed', async () => {
    setSeed(11);
    const whole = new LanguageModelTraining(text, options);
    await whole.train();
    setSeed(11);
    const first = new LanguageModelTraining(text, options);
    const controller = new AbortController();
    let saved: Uint8Array | undefined;
    let numSteps = 0;
    const stopAt = first.numBatches + 5;
    const stopper = { name: 'stopper', onBatchEnd: () => void (++numSteps === stopAt && controller.abort()) };
    const save = (snapshot: TrainingSnapshot): void => void (saved = serializeTask(first.languageModel, snapshot));
    const stopped = await train(first, { signal: controller.signal, callbacks: [stopper], checkpoint: { save } });
    expect(stopped.report.total.sparsity).toBeGreaterThan(0.1);
    const { task, training } = deserializeTask(saved!);
    if (!(task instanceof LanguageModel)) throw new Error(task.task);
    const second = new LanguageModelTraining(text, {}, task);
    await second.train({ resumeFrom: training, callbacks: [{ name: 'stopper' }] });
    expect(serializeTask(second.languageModel)).toEqual(serializeTask(whole.languageModel));
  });

  it('keeps what an earlier model has pruned', async () => {
    setSeed(5);
    const first = new LanguageModelTraining(text, options);
    const { report } = await train(first);
    const { task } = deserializeTask(serializeTask(first.languageModel));
    const second = new LanguageModelTraining({ train: text, initial: task as LanguageModel }, { epochs: 2 });
    let atStart: Promise<unknown> | undefined;
    const watch = { onBatchEnd: () => void (atStart ??= sparsityReport(second.languageModel.model)) };
    const again = await train(second, { callbacks: [watch] });
    const kept = ({ gates }: typeof report): number[] => gates.map(({ numKept }) => numKept);
    expect(kept((await atStart) as typeof report)).toEqual(kept(report));
    expect(kept(again.report)).toEqual(kept(report));
    expect(second.languageModel.options.prune).toBe(0.8);
  });

  it('refuses a block without pruning, and what is no share or block', () => {
    const refused = (given: object): string => {
      try {
        new LanguageModelTraining(text, { units: 5, ...given });
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing';
    };
    expect(refused({ pruneBlock: '8x4' })).toContain('[USAGE] LanguageModelTraining: `pruneBlock` has no effect');
    expect(refused({ prune: 1 })).toContain('[OUT_OF_RANGE] LanguageModelTraining: `prune` is out of range.');
    expect(refused({ prune: 0.5, pruneBlock: '16x2' })).toContain('did you mean `16x1`');
  });
});

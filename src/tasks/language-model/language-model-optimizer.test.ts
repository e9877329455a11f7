import { afterEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../kernels/select.js';
import { createWasmBackend } from '../../kernels/wasm/backend.js';
import { setSeed } from '../../random.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { LanguageModel } from './language-model.js';
import type { LanguageModelOptions } from './language-model-options.js';
import { LanguageModelTraining } from './language-model-training.js';

const text = 'the quick brown fox jumps over the lazy dog. pack my box with five dozen jugs!\n'.repeat(40);
const small: LanguageModelOptions = { units: 12, timesteps: 10, batchSize: 8, epochs: 3 };

/** The learning rate of each epoch's first step. */
async function ratesOf(options: LanguageModelOptions): Promise<number[]> {
  setSeed(2);
  const training = new LanguageModelTraining(text, options);
  const rates: number[] = [];
  await training.train({
    callbacks: [{ onEpochBegin: (_, { model }) => void rates.push(model.optimizer.learningRate) }],
  });
  return rates;
}

describe('the optimizer of a language model', () => {
  afterEach(() => void useBackend('wasm'));

  it('keeps the full rate of sgd for some epochs and then lowers it from epoch to epoch', async () => {
    expect(
      await ratesOf({ ...small, epochs: 5, optimizer: 'sgd', learningRate: 2, fullRateEpochs: 2, rateDecay: 0.5 }),
    ).toEqual([2, 2, 1, 0.5, 0.25]);
    expect(await ratesOf({ ...small, optimizer: 'sgd', learningRate: 2, fullRateEpochs: 3 })).toEqual([2, 2, 2]);
    const byDefault = await ratesOf({ ...small, epochs: 5, optimizer: 'sgd', learningRate: 2 });
    expect(byDefault.slice(0, 2)).toEqual([2, 2]);
    expect(byDefault[4]).toBeCloseTo(0.02, 12);
    expect(byDefault[3] / byDefault[2]).toBeCloseTo(byDefault[4] / byDefault[3], 12);
  });

  it(
    'keeps the rate of ntasgd, starts to average once an epoch got worse, and ends with the weights it validated ' +
      'best',
    async () => {
      // So large a rate goes up and down; when it does must not depend on the processor.
      useBackend(createWasmBackend({ deterministic: true }));
      setSeed(2);
      const training = new LanguageModelTraining(text, { ...small, epochs: 14, optimizer: 'ntasgd', learningRate: 30 });
      const steps: { averages: boolean; rate: number }[] = [];
      const outcome = await training.train({
        callbacks: [
          {
            onEpochEnd: (_, __, { model }) =>
              void steps.push({
                averages: (model.optimizer.getState().counters.averagingStart ?? Infinity) < 1e6,
                rate: model.optimizer.learningRate,
              }),
          },
        ],
      });
      expect(new Set(steps.map(({ rate }) => rate))).toEqual(new Set([30]));
      const started = steps.findIndex(({ averages }) => averages);
      expect(started).toBeGreaterThan(5);
      expect(started).toBeLessThan(13);
      // Means of such weights are far better than any one of them, so the best epoch is validated with means.
      expect(outcome.bestEpoch).toBeGreaterThan(started);
      const { loss } = await training.languageModel.evaluate(text);
      expect(Math.abs(loss - outcome.valLoss[outcome.bestEpoch])).toBeLessThan(0.1);
      expect(loss).toBeLessThan(Math.min(...outcome.valLoss.slice(0, started + 1)));
    },
  );

  it('goes on with ntasgd after an interruption as if there had been none', async () => {
    const options: LanguageModelOptions = { ...small, epochs: 12, optimizer: 'ntasgd', learningRate: 30 };
    setSeed(2);
    const whole = new LanguageModelTraining(text, options);
    await whole.train();
    setSeed(2);
    const first = new LanguageModelTraining(text, options);
    const stop = new AbortController();
    let saved: { bytes: Uint8Array } | undefined;
    await first.train({
      signal: stop.signal,
      callbacks: [
        {
          onBatchEnd: ({ epoch, batch }) => {
            if (epoch === 9 && batch === 3) stop.abort();
          },
        },
      ],
      checkpoint: {
        save: (snapshot: TrainingSnapshot) => {
          saved = { bytes: serializeTask(first.languageModel, snapshot) };
        },
      },
    });
    const { task, training } = deserializeTask(saved!.bytes);
    const second = new LanguageModelTraining(text, {}, task as LanguageModel);
    await second.train({ resumeFrom: training, callbacks: [{}] });
    expect(serializeTask(second.languageModel)).toEqual(serializeTask(whole.languageModel));
  });

  it('takes other widths of clipping, decay of weights and beginnings', () => {
    setSeed(1);
    const { languageModel } = new LanguageModelTraining(text, {
      ...small,
      optimizer: 'sgd',
      clipNorm: 3,
      weightDecay: 0.01,
      initialRange: 0.05,
    });
    expect(languageModel.model.optimizer.getConfig()).toMatchObject({
      name: 'sgd',
      config: { globalClipNorm: 3, weightDecay: 0.01 },
    });
    for (const weight of languageModel.model.weights)
      expect(Math.max(...weight.dataSync().map(Math.abs))).toBeLessThanOrEqual(0.05);
    expect(languageModel.model.weights.every((weight) => weight.dataSync().some((value) => value !== 0))).toBe(true);
  });

  it.each([
    [{ optimizer: 'rmsprop' as 'adam' }, '[UNKNOWN_NAME] LanguageModelTraining: unknown optimizer `rmsprop`'],
    [{ clipNorm: 0 }, '[OUT_OF_RANGE] LanguageModelTraining: `clipNorm`'],
    [{ rateDecay: -1 }, '[OUT_OF_RANGE] LanguageModelTraining: `rateDecay`'],
    [{ fullRateEpochs: 1.5 }, '[OUT_OF_RANGE] LanguageModelTraining: `fullRateEpochs`'],
    [{ initialRange: -0.1 }, '[OUT_OF_RANGE] LanguageModelTraining: `initialRange`'],
  ])('refuses %o', (options: LanguageModelOptions, message) => {
    expect(() => new LanguageModelTraining(text, { ...small, ...options })).toThrow(message);
  });
});

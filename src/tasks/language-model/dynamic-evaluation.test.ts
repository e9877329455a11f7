import { beforeAll, describe, expect, it } from 'vitest';
import { spelledNumbers } from '../../../examples/spelled-numbers.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { compressWeights } from '../../compression/compress-weights.js';
import { setSeed } from '../../random.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { LanguageModel } from './language-model.js';
import { LanguageModelTraining } from './language-model-training.js';

describe('dynamic evaluation', () => {
  let model: LanguageModel;
  beforeAll(async () => {
    setSeed(6);
    const training = new LanguageModelTraining(spelledNumbers({ limit: 200, repeats: 3 }).text, {
      units: 24,
      epochs: 2,
      timesteps: 20,
      batchSize: 4,
    });
    await training.train();
    model = training.languageModel;
  });
  // A text of another kind with the same characters.
  const other = 'nine one nine two nine seven\n'.repeat(40);

  it('learns a text that repeats itself, and leaves the model as it was', async () => {
    const before = model.model.weights.map((variable) => Array.from(variable.dataSync()));
    const fixed = await model.evaluate(other);
    const dynamic = await model.evaluate(other, { dynamic: { learningRate: 0.3 } });
    expect(dynamic.loss).toBeLessThan(0.8 * fixed.loss);
    expect(dynamic.numTokens).toBe(fixed.numTokens);
    expect(model.model.weights.map((variable) => Array.from(variable.dataSync()))).toEqual(before);
    expect((await model.evaluate(other)).loss).toBe(fixed.loss);
  });
  it('with steps of 0 is the plain evaluation, whatever the segments', async () => {
    const text = other.slice(0, 150);
    const fixed = await model.evaluate(text);
    for (const segment of [1, 7, 20])
      expect((await model.evaluate(text, { dynamic: { learningRate: 0, segment } })).loss).toBeCloseTo(fixed.loss, 5);
  });
  it('goes back to the trained weights as far as the decay says', async () => {
    const text = other.slice(0, 500);
    const lossOf = async (decay: number): Promise<number> =>
      (await model.evaluate(text, { dynamic: { learningRate: 0.3, decay } })).loss;
    const [{ loss: fixed }, free, half, whole] = [
      await model.evaluate(text),
      await lossOf(0),
      await lossOf(0.3),
      await lossOf(0.9),
    ];
    // What is learned from this text helps with it; going back forgets it.
    expect(free).toBeLessThan(half);
    expect(half).toBeLessThan(whole);
    expect(whole).toBeLessThan(fixed);
  });
  it('refuses a model whose weights cannot change', async () => {
    const { task } = deserializeTask(serializeTask(model));
    const compressed = task as LanguageModel;
    compressWeights(compressed.model, 'int8');
    expect(await messageAfter(() => compressed.evaluate(other, { dynamic: {} }))).toMatch(
      /^\[USAGE\] LanguageModel\.evaluate: the model cannot learn while it reads: its weight `.*` is compressed/,
    );
  });
  it('scores each token before it learns from it', async () => {
    const text = other.slice(0, 21);
    // One segment holds the whole text: nothing was learned yet when it is scored.
    expect((await model.evaluate(text, { dynamic: { learningRate: 5, segment: 20 } })).loss).toBeCloseTo(
      (await model.evaluate(text)).loss,
      5,
    );
  });
  it('keeps nothing of a run that fails', async () => {
    const { loss } = await model.evaluate(other);
    await expect(model.evaluate(other, { dynamic: { learningRate: 1e38, globalClipNorm: 1e30 } })).rejects.toThrow(
      '[NOT_FINITE]',
    );
    await expect(model.evaluate(other, { dynamic: {}, signal: AbortSignal.abort() })).rejects.toThrow('[ABORTED]');
    expect((await model.evaluate(other)).loss).toBe(loss);
    await expect(model.evaluate(other, { dynamic: { learningRate: -1 } })).rejects.toThrow('[OUT_OF_RANGE]');
    await expect(model.evaluate(other, { dynamic: { rate: 1 } as object })).rejects.toThrow('[UNKNOWN_NAME]');
  });
});

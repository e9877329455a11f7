import { describe, expect, it } from 'vitest';
import { setSeed } from '../random.js';
import { factorizeTask } from './factorize-task.js';
import { LanguageModelTraining } from './language-model/language-model-training.js';
import { deserializeTask, serializeTask } from './task-file.js';

describe('factorizeTask', () => {
  it('gives the task a network with kernels of a low rank, which its file keeps', async () => {
    setSeed(1);
    const { languageModel } = new LanguageModelTraining('abcab'.repeat(20), {
      units: 14,
      layers: 1,
      embeddingUnits: 9,
    });
    const smaller = await factorizeTask(languageModel, { ratio: 0.25 });
    expect(smaller.model.countParams()).toBeLessThan(languageModel.model.countParams());
    expect(smaller.codec.shown(1)).toBe(languageModel.codec.shown(1));
    expect(smaller.options).toEqual(languageModel.options);
    const [before, after] = [await languageModel.predict('ab'), await smaller.predict('ab')];
    expect(after.map(({ token }) => token).sort()).toEqual(before.map(({ token }) => token).sort());
    expect(after).not.toEqual(before);
    const loaded = deserializeTask(serializeTask(smaller)).task as typeof smaller;
    expect(await loaded.predict('ab')).toEqual(after);
  });

  it('refuses what is no model of a task', async () => {
    await expect(factorizeTask({} as never, { rank: 2 })).rejects.toThrow('[USAGE]');
  });
});

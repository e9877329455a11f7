import { describe, expect, it } from 'vitest';
import { setSeed } from '../random.js';
import { ClassifierTraining } from './classify/classifier-training.js';
import { factorizeTask } from './factorize-task.js';
import { LanguageModelTraining } from './language-model/language-model-training.js';
import { TaggerTraining } from './tag/tagger-training.js';
import { TranslatorTraining } from './translate/translator-training.js';

const text = 'abcab'.repeat(20);
const pairs = Array.from({ length: 20 }, (_, i) => ({ source: `a${'b'.repeat(i)}`, target: `${'c'.repeat(i % 3)}d` }));
const texts = { texts: pairs.map(({ source }) => source), labels: pairs.map(({ target }) => target) };
const sentences = pairs.map(({ source }) => ({ words: [...source], tags: [...source].map((word) => `T${word}`) }));

/** What a training says of the model it begins with, and the weights that it then has. */
async function begun(
  task: Parameters<typeof factorizeTask>[0],
  training: (initial: never) => { beginning?: { numTaken: number; anew: readonly string[] } | undefined },
): Promise<void> {
  const smaller = await factorizeTask(task, { ratio: 0.3 });
  const numWeights = smaller.model.countParams();
  expect(numWeights).toBeLessThan(task.model.countParams());
  expect(training(smaller as never).beginning).toMatchObject({ numTaken: numWeights, anew: [] });
}

describe('a training that begins with a model of a low rank', () => {
  it('has its ranks, of every layer, and takes all of its weights', async () => {
    setSeed(3);
    const { languageModel } = new LanguageModelTraining(text, { units: 14, layers: 2, embeddingUnits: 9 });
    await begun(languageModel, (initial) => new LanguageModelTraining({ train: text, initial }, { dropout: 0.3 }));
    const { classifier } = new ClassifierTraining(
      { train: texts },
      { units: 13, embeddingUnits: 9, tokens: 'characters' },
    );
    await begun(classifier, (initial) => new ClassifierTraining({ train: texts, initial }));
    const { tagger } = new TaggerTraining({ train: sentences }, { units: 13, wordUnits: 11 });
    await begun(tagger, (initial) => new TaggerTraining({ train: sentences, initial }));
    const { translator } = new TranslatorTraining({ train: pairs }, { units: 14 });
    await begun(translator, (initial) => new TranslatorTraining({ train: pairs, initial }));
  });

  it('learns in them', async () => {
    setSeed(3);
    const { languageModel } = new LanguageModelTraining(text, { units: 14, embeddingUnits: 9 });
    const initial = await factorizeTask(languageModel, { rank: 3 });
    const training = new LanguageModelTraining({ train: text, initial }, { epochs: 3 });
    const { loss } = await training.train();
    expect(loss[2]).toBeLessThan(loss[0]);
    expect(training.languageModel.model.countParams()).toBe(initial.model.countParams());
  });
});

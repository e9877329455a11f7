import { describe, expect, it } from 'vitest';
import { madeReviews, reviewOptions } from '../../test/support/made-reviews.js';
import { standaloneModule } from '../../test/support/standalone.js';
import { setSeed } from '../random.js';
import type { ClassPrediction } from '../tasks/classify/classifier.js';
import type { ClassifierOptions } from '../tasks/classify/classifier-options.js';
import { ClassifierTraining } from '../tasks/classify/classifier-training.js';
import { generate } from '../tasks/generate/generate.js';
import type { LanguageModelOptions } from '../tasks/language-model/language-model-options.js';
import { LanguageModelTraining } from '../tasks/language-model/language-model-training.js';
import { literal } from '../tasks/module-code.js';
import { standaloneCode } from './standalone-code.js';

type OfTexts = {
  createClassifier(): { predict(text: string): ClassPrediction };
  createLanguageModel(): { generate(options: object): string };
};

const load = async (source: string): Promise<OfTexts> => (await standaloneModule(source)) as unknown as OfTexts;
const texts = [
  'the film was good',
  'Not Awful , and the CAFE\u0301 was fine 🙂',
  "it's nothing anyone knows",
  'dull '.repeat(300),
  ' 好 戏 \n good\tgood ',
];

describe('code of a classifier', () => {
  it.each<ClassifierOptions>([
    { tokens: 'words', bidirectional: true, pooling: 'attention' },
    { tokens: 'words', bidirectional: false, pooling: 'last', timesteps: 11 },
    { tokens: 'characters', bidirectional: true, pooling: 'concat', truncating: 'post', timesteps: 9 },
    { tokens: 'segments', bidirectional: true, pooling: 'mean' },
  ])('predicts what the library does: %o', async (options) => {
    setSeed(1);
    const training = new ClassifierTraining({ train: madeReviews(200) }, { ...reviewOptions, epochs: 2, ...options });
    await training.train();
    const { classifier } = training;
    const own = (await load(standaloneCode(classifier, { language: 'js' }).source)).createClassifier();
    for (const text of texts) {
      const [expected] = await classifier.predict(text);
      const actual = own.predict(text);
      expect(actual.label, text).toBe(expected.label);
      expected.probabilities.forEach((value, i) => expect(actual.probabilities[i], text).toBeCloseTo(value, 4));
    }
    expect(() => own.predict(' ')).toThrow('the text has no token');
  });
});

describe('code of a language model', () => {
  const english = "Shall I compare thee to a summer's day?\nThou art more lovely (and more temperate):\n".repeat(6);

  it.each<LanguageModelOptions>([
    { level: 'characters' },
    { level: 'words' },
    { level: 'words', lower: true, tied: true },
  ])('writes what the library does: %o', async (options) => {
    setSeed(3);
    const training = new LanguageModelTraining(english, {
      units: 13,
      timesteps: 7,
      embeddingUnits: 11,
      epochs: 3,
      ...options,
    });
    await training.train();
    const { languageModel } = training;
    const own = (await load(standaloneCode(languageModel, { language: 'js' }).source)).createLanguageModel();
    for (const prompt of ['', 'Thou art', 'day? zebra\nShall']) {
      let expected = '';
      for await (const piece of generate(languageModel, { prompt, length: 40, temperature: 0 })) expected += piece;
      expect(own.generate({ prompt, length: 40, temperature: 0 })).toBe(expected);
    }
    let draws = 0;
    const random = (): number => (draws++ * 0.37) % 1;
    expect(own.generate({ length: 25, temperature: 2, topK: 5, random }).length).toBeGreaterThan(5);
    expect(draws).toBe(25);
  });

  it('keeps what data hold, also where that is a word of the code', () => {
    const data = { label: 'WEIGHTS', tokens: ['<', 'createModel(WEIGHTS)'] };
    expect(literal(data)).not.toContain('WEIGHTS');
    expect(JSON.parse(literal(data))).toEqual(data);
  });

  it('is refused for bytes, with what to do', () => {
    const { languageModel } = new LanguageModelTraining(english, { units: 5, timesteps: 7, level: 'bytes' });
    expect(() => standaloneCode(languageModel, { language: 'js' })).toThrow(/bytes or byte pairs.*--network-only/s);
    expect(() => standaloneCode(languageModel, { language: 'c' })).toThrow('C has no code for what stands around');
    expect(standaloneCode(languageModel.model, { language: 'c' }).source).toContain('model_step');
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { Random, setSeed } from '../../random.js';
import { type GenerateOptions, generate } from '../generate/generate.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import { LanguageModel } from './language-model.js';
import { LanguageModelTraining } from './language-model-training.js';

const random = new Random(8, 'free-writing');
const oneOf = (items: readonly string[]): string => items[random.integer(items.length)];
const word = (): string =>
  oneOf([
    'the',
    'stone',
    'river',
    'under',
    'a',
    'walks',
    'quiet',
    'fox',
    'jumps',
    'over',
    'dozing',
    'bird',
    'glimmers',
  ]);
const sentence = (): string => ` ${Array.from({ length: 7 + random.integer(9) }, word).join(' ')} `;
/** Signs that stand in the text a few times; a model knows little of a state that has read one. */
const rare = '0123456789$<>#{}|;="%*&';
const lines = Array.from({ length: 300 }, (_, i) =>
  i % 13 === 5 ? `${sentence()}${rare[i % rare.length]} ` : sentence(),
);

const texts = {
  'a sentence a line': `${lines.join('\n')}\n`,
  'one long line': lines.map((line) => line.trim()).join('; '),
};

async function textOf(model: LanguageModel, settings: GenerateOptions): Promise<string> {
  let text = '';
  for await (const piece of generate(model, settings)) text += piece;
  return text;
}

/** Mean `ln P` of the characters of a text that was written freely. */
async function likelihoodOf(model: LanguageModel, text: string): Promise<number> {
  const start = model.codec.decode(model.text.start!.tokens);
  const scores = (await model.tokenScores(start + text)).slice(-text.length);
  return scores.reduce((sum, { logProbability }) => sum + logProbability, 0) / scores.length;
}

describe.each(Object.entries(texts))('a model of %s', (_, text) => {
  let model: LanguageModel;
  let heldOut: number;
  beforeAll(async () => {
    setSeed(3);
    const size = { units: 40, embeddingUnits: 11, batchSize: 2, timesteps: 41 };
    const training = new LanguageModelTraining(text, { ...size, epochs: 4, learningRate: 0.015 });
    const { valLoss, bestEpoch } = await training.train();
    model = deserializeTask(serializeTask(training.languageModel)).task as LanguageModel;
    heldOut = -valLoss[bestEpoch];
  });

  it('has learned something', () => expect(heldOut).toBeGreaterThan(-1.1));

  it.each([0.8, 1])('writes as the text does from the start, at temperature %f', async (temperature) => {
    const written = await Promise.all(
      Array.from({ length: 20 }, (__, seed) => textOf(model, { seed, temperature, length: 60 })),
    );
    const likelihoods: number[] = [];
    for (const one of written) likelihoods.push(await likelihoodOf(model, one));
    for (const likelihood of likelihoods) expect(likelihood).toBeGreaterThan(heldOut - 0.4);
    const numOdd = written
      .join('')
      .split('')
      .filter((character) => rare.includes(character)).length;
    expect(numOdd).toBeLessThan(20);
  });
});

describe('what is read before a text is written', () => {
  const { languageModel } = new LanguageModelTraining('ab cd\n\nab dc\n\n'.repeat(9), { units: 7, embeddingUnits: 5 });
  // Untrained weights are small, and then every token is about as likely.
  for (const variable of languageModel.model.weights)
    variable.assign(Array.from(variable.dataSync(), (value) => value * 4));

  it('stands before a prompt as well, and is not said twice', async () => {
    const written = await textOf(languageModel, { prompt: 'ab', seed: 3, length: 20 });
    for (const prompt of ['\nab', '\n\nab'])
      expect(await textOf(languageModel, { prompt, seed: 3, length: 20 })).toBe(written);
    expect(await textOf(languageModel, { prompt: ' ab', seed: 3, length: 20 })).not.toBe(written);
  });

  it('is a line end in files of earlier versions', async () => {
    const { model, codec, text, options } = languageModel;
    const { start: _, ...facts } = text;
    const earlier = deserializeTask(serializeTask(new LanguageModel(model, codec, facts, options)))
      .task as LanguageModel;
    expect(earlier.text.start).toBeUndefined();
    const asLines = new LanguageModel(
      model,
      codec,
      { ...facts, start: { kind: 'line', tokens: [...codec.encode('\n')] } },
      options,
    );
    expect(await textOf(earlier, { seed: 4, length: 20 })).toBe(await textOf(asLines, { seed: 4, length: 20 }));
    expect(await textOf(earlier, { seed: 4, length: 20 })).not.toBe(
      await textOf(languageModel, { seed: 4, length: 20 }),
    );
  });
});

describe('the budget of a training', () => {
  const text = (length: number): string => 'carl;bert;'.repeat(length / 10);
  it('has small batches and many epochs for a short text, unless it says something else', () => {
    expect(new LanguageModelTraining(text(4000), { units: 3 }).languageModel.options).toMatchObject({
      batchSize: 4,
      epochs: 36,
    });
    expect(new LanguageModelTraining(text(100_000), { units: 3 }).languageModel.options).toMatchObject({
      batchSize: 32,
      epochs: 12,
    });
    expect(
      new LanguageModelTraining(text(4000), { units: 3, epochs: 2, batchSize: 5 }).languageModel.options,
    ).toMatchObject({ batchSize: 5, epochs: 2 });
    expect(new LanguageModelTraining(text(150), { units: 3 }).languageModel.options.epochs).toBe(100);
  });
});

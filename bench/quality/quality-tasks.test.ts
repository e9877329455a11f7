import { expect, test } from 'vitest';
import { Random, setSeed } from '../../src/index.js';
import { characterModel, characterModelData } from './character-model.js';
import { filmClassifier, filmClassifierData } from './film-classifier.js';

test('The language model has the parameters of its description, begins near the even guess and learns', async () => {
  const text = 'to be, or not to be, that is the question. '.repeat(120);
  const data = characterModelData(text, 2);
  const V = new Set(text).size;
  expect(data.vocabularySize).toBeGreaterThanOrEqual(V);
  expect(data.tokens).toHaveLength(text.length);
  expect(data.numTrainingTokens).toBe(Math.round(0.9 * text.length));
  expect(data.learningRates).toHaveLength(2 * 2);
  setSeed(5);
  const trainee = characterModel.build(data);
  const vocabulary = data.vocabularySize;
  expect(trainee.numParameters).toBe(vocabulary * 64 + 4 * 128 * (64 + 128 + 1) + (128 + 1) * vocabulary);
  const initial = await trainee.initialLoss();
  expect(Math.abs(initial - Math.log(vocabulary))).toBeLessThan(0.5);
  const { trainMs, meanLosses } = await trainee.train();
  expect(trainMs).toBeGreaterThan(0);
  expect(meanLosses).toHaveLength(2);
  // The rows of the first window begin where training draws them, so it is not the one that the initial loss was taken of.
  expect(Math.abs(meanLosses[0] - initial)).toBeLessThan(0.05);
  expect((await trainee.scores()).loss).toBeLessThan(initial);
});

test('The classifier has the parameters of its description, is held out stratified and learns a telling word', async () => {
  const random = new Random(3);
  const filler = ['film', 'plot', 'scene', 'cast', 'score'];
  const texts = (word: string): string[] =>
    Array.from({ length: 150 }, (_, i) =>
      [word, `n${i}`, ...Array.from({ length: 1 + random.integer(9) }, () => filler[random.integer(5)])].join(' '),
    );
  const data = filmClassifierData([[...texts('dull'), ' '], texts('bright')], 4);
  expect(data.train.ids).toHaveLength(240);
  expect(data.heldOut.classes.filter((label) => label === 1)).toHaveLength(30);
  expect(data.train.ids.flat()).not.toContain(0);
  setSeed(6);
  const trainee = filmClassifier.build(data);
  expect(trainee.numParameters).toBe(data.vocabularySize * 100 + 2 * 4 * 64 * (100 + 64 + 1) + 2 * (128 + 1));
  expect(Math.abs((await trainee.initialLoss()) - Math.LN2)).toBeLessThan(0.1);
  const { meanLosses } = await trainee.train();
  expect(meanLosses).toHaveLength(8);
  const { accuracy, loss } = await trainee.scores();
  expect(accuracy).toBeGreaterThan(0.9);
  expect(loss).toBeLessThan(0.6);
});

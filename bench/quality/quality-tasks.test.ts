import { expect, test } from 'vitest';
import { Random, setSeed } from '../../src/index.js';
import { characterModel, characterModelData, comparedWindows } from './character-model.js';
import { filmClassifier, filmClassifierData } from './film-classifier.js';
import { sentenceTranslator, sentenceTranslatorData } from './sentence-translator.js';

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
  // The first window is that of the peer: the one that the initial loss was taken of.
  expect(meanLosses[0]).toBeCloseTo(initial, 4);
  expect((await trainee.scores()).loss).toBeLessThan(initial);
});

test('The language model learns from the windows that pytorch-quality.py cuts out of the same tokens', () => {
  const data = characterModelData('to be, or not to be, that is the question. '.repeat(120), 1);
  const windows = comparedWindows(data);
  const [batchSize, timesteps] = [32, 64];
  // There: learned[shift : shift + batch_size * length].view(batch_size, length), cut along time.
  const length = Math.floor((data.numTrainingTokens - 1) / batchSize);
  expect(windows.length).toBe(Math.floor(length / timesteps));
  expect(windows.length).toBe(data.learningRates.length);
  for (let w = 0; w < windows.length; w++) {
    const { input, target } = windows.window(w);
    const cut = (shift: number): number[] =>
      Array.from({ length: batchSize }, (_, b) => b * length + w * timesteps + shift).flatMap((from) =>
        data.tokens.slice(from, from + timesteps),
      );
    expect([[...input.data], [...target.data]]).toEqual([cut(0), cut(1)]);
  }
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

test('The translator has the parameters of its description, begins near the even guess and learns', async () => {
  const random = new Random(4);
  const words = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
  const pairs = Array.from({ length: 120 }, () => {
    const source = Array.from({ length: 2 + random.integer(5) }, () => words[random.integer(7)]);
    return { source: source.join(' '), target: [...source].reverse().join(' ') };
  });
  const data = sentenceTranslatorData(pairs.slice(20), pairs.slice(0, 20), 2);
  expect(data.train).toHaveLength(100);
  expect(data.heldOut).toHaveLength(20);
  expect(data.learningRates).toHaveLength(2);
  setSeed(7);
  const trainee = sentenceTranslator.build(data);
  const V = data.vocabularySize;
  const [encoder, decoder] = [4 * 256 * (256 + 128 + 1), 4 * 256 * (256 + 256 + 1)];
  const attention = 256 * 256;
  expect(trainee.numParameters).toBe(
    V * 256 + 2 * encoder + decoder + (decoder + 4 * 256 * 256) + attention + (512 + 1) * 256 + V,
  );
  const initial = await trainee.initialLoss();
  expect(Math.abs(initial - Math.log(V))).toBeLessThan(0.5);
  const { meanLosses } = await trainee.train();
  expect(meanLosses).toHaveLength(1);
  expect((await trainee.scores()).loss).toBeLessThan(initial);
});

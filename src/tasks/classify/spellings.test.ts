import { beforeAll, describe, expect, it } from 'vitest';
import { madeReviews, reviewOptions } from '../../../test/support/made-reviews.js';
import { serializeModel } from '../../io/checkpoint.js';
import { Random, setSeed } from '../../random.js';
import { deserializeTask, taskJson } from '../task-file.js';
import { trainingBudget } from '../training-rounds.js';
import type { Classifier } from './classifier.js';
import { classifierTask } from './classifier-options.js';
import { ClassifierTraining } from './classifier-training.js';
import { overlapOf } from './text-keys.js';
import { tokenKindFor } from './token-kind-for.js';

/** Texts with labels that say nothing, each in three spellings that read alike. */
function inThreeSpellings(count: number): { texts: string[]; labels: string[] } {
  const random = new Random(5);
  const rows = Array.from({ length: count }, () => ({
    text: Array.from({ length: 6 }, () => `w${random.integer(40)}`).join(' '),
    label: random.uniform() < 0.5 ? 'a' : 'b',
  }));
  const all = rows.flatMap(({ text, label }) =>
    [text, text.toUpperCase(), text.replaceAll(' ', '  ')].map((spelling) => ({ text: spelling, label })),
  );
  const order = random.shuffle(Int32Array.from(all, (_, i) => i));
  return { texts: Array.from(order, (i) => all[i].text), labels: Array.from(order, (i) => all[i].label) };
}

describe('texts that read alike', () => {
  it('are never learned from in one spelling and measured in another', () => {
    const data = inThreeSpellings(101);
    const training = new ClassifierTraining({ train: data }, { validation: 0.2, test: 0.2 });
    const partOf = (text: string) => training.classifier.measuredPart({ texts: [text], labels: ['a'] }).seen[0];
    for (const text of data.texts) expect(partOf(text)).toBe(partOf(text.toLowerCase().replaceAll('  ', ' ')));
    expect(new Set(data.texts.map(partOf))).toEqual(new Set(['train', 'validation', undefined]));
    expect(training.overlap()).toEqual({ validation: { numEqual: 0, numNear: 0 }, test: { numEqual: 0, numNear: 0 } });
    expect(training.classifier.data).toMatchObject({ numTest: 60, numValidation: 60 });
  });

  it('are told apart from those that are nearly equal, which are counted', () => {
    const keyOf = (text: string): string => text.toLowerCase();
    expect(overlapOf(['A b', 'a, b!', 'c', '?!', 'a'], ['a b', 'b', '!'], keyOf)).toEqual({ numEqual: 1, numNear: 1 });
    const rows = (texts: string[]) => ({ texts, labels: texts.map((_, i) => (i % 2 === 0 ? 'x' : 'y')) });
    const training = new ClassifierTraining({
      train: rows(['one film', 'two films', 'three']),
      validation: rows(['One film', 'one - film', 'four']),
      test: rows(['two FILMS.', 'five']),
    });
    expect(training.overlap()).toEqual({ validation: { numEqual: 1, numNear: 1 }, test: { numEqual: 0, numNear: 1 } });
  });
});

describe('measuring a classifier on what it has seen', () => {
  const reviews = madeReviews(160);
  const pick = (from: number, to: number) => ({
    texts: reviews.texts.slice(from, to),
    labels: reviews.labels.slice(from, to),
  });
  let split: Classifier;
  let given: Classifier;
  beforeAll(async () => {
    setSeed(3);
    const trainings = [
      new ClassifierTraining({ train: reviews }, { ...reviewOptions, epochs: 2 }),
      new ClassifierTraining(
        { train: pick(0, 100), validation: pick(100, 130) },
        { ...reviewOptions, epochs: 2, test: 0 },
      ),
    ];
    for (const training of trainings) await training.train();
    [split, given] = trainings.map(({ classifier }) => classifier);
  });

  it('says so where it is all of it, in any order and spelling', async () => {
    const data = {
      texts: [...pick(0, 100).texts].reverse().map((text) => text.toUpperCase()),
      labels: [...pick(0, 100).labels].reverse(),
    };
    expect(await given.evaluate(data)).toMatchObject({
      part: 'trained on',
      numTexts: 100,
      numTrained: 100,
      numChosen: 0,
      unseenAccuracy: null,
    });
    expect(await given.evaluate(pick(100, 130))).toMatchObject({ part: 'trained on', numTrained: 0, numChosen: 30 });
  });

  it('says how much where it is a part of it, and how right it is on the others', async () => {
    const report = await given.evaluate(pick(90, 160));
    const alone = await given.evaluate(pick(130, 160));
    expect(report).toMatchObject({
      part: 'all',
      numTexts: 70,
      numTrained: 10,
      numChosen: 30,
      unseenAccuracy: alone.accuracy,
    });
    expect(alone).toMatchObject({ part: 'all', numTrained: 0, numChosen: 0, unseenAccuracy: null });
  });

  it('keeps to the held-out part of its own list, of which a file without hashes makes the split again', async () => {
    const report = await split.evaluate(reviews);
    expect(report).toMatchObject({ part: 'held out', numTexts: 16, numTrained: 0, numChosen: 0 });
    const stored = taskJson(split) as { data: object };
    const older = deserializeTask(
      serializeModel(split.model, { preprocessing: { ...stored, data: { ...stored.data, seen: undefined } } }),
    ).task as Classifier;
    expect(older.data.seen).toBeUndefined();
    expect(await older.evaluate(reviews)).toEqual(report);
  });
});

describe('what a classifier does by default', () => {
  it('reads characters where texts are names, and words where they are sentences', () => {
    const random = new Random(2);
    const letters = (): string =>
      Array.from({ length: 7 }, () => String.fromCharCode(97 + random.integer(26))).join('');
    expect(tokenKindFor(Array.from({ length: 90 }, letters))).toBe('characters');
    expect(tokenKindFor(madeReviews(90).texts)).toBe('words');
    // Single words that come again and again are words.
    expect(tokenKindFor(Array.from({ length: 90 }, (_, i) => ['good', 'bad', 'dull'][i % 3]))).toBe('words');
  });

  it('trains few texts for as many steps as more of them, and in rounds unless it is told how long', () => {
    expect(trainingBudget({}, 500, classifierTask.rounds)).toEqual({ epochs: 6, maxEpochs: 42, patience: 3 });
    expect(trainingBudget({}, 23, classifierTask.rounds)).toEqual({ epochs: 27, maxEpochs: 189, patience: 14 });
    expect(trainingBudget({}, 2, classifierTask.rounds)).toEqual({ epochs: 60, maxEpochs: 420, patience: 30 });
    expect(trainingBudget({ epochs: 9 }, 23, classifierTask.rounds)).toEqual({ epochs: 9, maxEpochs: 9, patience: 5 });
    expect(trainingBudget({ epochs: 9, maxEpochs: 27, patience: 2 }, 23, classifierTask.rounds)).toEqual({
      epochs: 9,
      maxEpochs: 27,
      patience: 2,
    });
  });
});

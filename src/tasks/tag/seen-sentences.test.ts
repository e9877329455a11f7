import { beforeAll, describe, expect, it } from 'vitest';
import { serializeModel } from '../../io/checkpoint.js';
import { Random, setSeed } from '../../random.js';
import { deserializeTask, taskJson } from '../task-file.js';
import { trainingBudget } from '../training-rounds.js';
import type { TaggedSentence } from './tagged-sentence.js';
import { Tagger } from './tagger.js';
import { taggerTask } from './tagger-options.js';
import { TaggerTraining } from './tagger-training.js';

const random = new Random(3);
const word = (): string => Array.from({ length: 4 }, () => 'abcdefgh'[random.integer(8)]).join('');
const sentences: TaggedSentence[] = Array.from({ length: 40 }, () => {
  const words = Array.from({ length: 3 + random.integer(3) }, word);
  return { words, tags: words.map((own) => (own < 'd' ? 'X' : 'Y')) };
});
const loud = ({ words, tags }: TaggedSentence): TaggedSentence => ({
  words: words.map((own) => own.toUpperCase()),
  tags,
});
const options = { units: 5, wordUnits: 4, characterUnits: 3, characterFeatures: 6, epochs: 2 };

describe('sentences that read alike', () => {
  it('are either learned from or choose the best epoch, in whatever case', () => {
    const all = [...sentences, ...sentences.map(loud)];
    const { tagger, numSentences } = new TaggerTraining({ train: all }, { ...options, validation: 0.25 });
    expect(numSentences).toEqual({ train: 60, validation: 20 });
    // Without repetitions every fourth is held out.
    expect(tagger.sentences.seen).toEqual(
      new TaggerTraining({ train: sentences }, { ...options, validation: 0.25 }).tagger.sentences.seen,
    );
  });
});

describe('measuring a tagger on what it has seen', () => {
  let tagger: Tagger;
  beforeAll(async () => {
    setSeed(5);
    const training = new TaggerTraining(
      { train: sentences.slice(0, 20), validation: sentences.slice(20, 27) },
      options,
    );
    await training.train();
    ({ tagger } = training);
  });

  it('says so where it is all of it', async () => {
    expect(await tagger.evaluate(sentences.slice(0, 20).map(loud).reverse())).toMatchObject({
      numTrained: 20,
      numChosen: 0,
      unseen: null,
    });
    expect(await tagger.evaluate(sentences.slice(20, 27))).toMatchObject({ numTrained: 0, numChosen: 7, unseen: null });
  });

  it('says how much where it is a part of it, with figures of the others', async () => {
    const report = await tagger.evaluate(sentences.slice(15, 40));
    const { numWords, accuracy, numTrained } = await tagger.evaluate(sentences.slice(27, 40));
    expect(report).toMatchObject({ numTrained: 5, numChosen: 7, unseen: { numSentences: 13, numWords, accuracy } });
    expect(numTrained).toBe(0);
  });

  it('measures of the list that training split the held-out sentences alone', async () => {
    setSeed(6);
    const training = new TaggerTraining({ train: sentences }, { ...options, validation: 0.2 });
    const report = await training.tagger.evaluate(sentences);
    expect(report).toMatchObject({ part: 'validation', numGiven: 40, numSentences: 8, numTrained: 0, numChosen: 8 });
    expect(report.accuracy).toBe((await training.evaluate()).accuracy);
    expect(report.baseline).not.toBeNull();
    expect(await training.tagger.evaluate(sentences.slice(1))).toMatchObject({
      part: 'trained on',
      numGiven: 39,
      numSentences: 39,
    });
  });

  it('knows the training list alone where a file has no hashes', async () => {
    const stored = taskJson(tagger) as { sentences: object; options: object };
    const older = {
      ...stored,
      sentences: { ...stored.sentences, seen: undefined },
      options: { ...stored.options, maxEpochs: undefined },
    };
    const { task } = deserializeTask(serializeModel(tagger.model, { preprocessing: older }));
    if (!(task instanceof Tagger)) throw new Error(task.task);
    expect(task.options.maxEpochs).toBe(2);
    expect(await task.evaluate(sentences.slice(0, 20))).toMatchObject({ numTrained: 20 });
    expect(await task.evaluate(sentences.slice(0, 19))).toMatchObject({ numTrained: 0 });
  });
});

describe('how long a tagger trains by default', () => {
  it('is so many steps, in rounds, unless it is told the epochs', () => {
    expect(trainingBudget({}, 400, taggerTask.rounds)).toEqual({ epochs: 20, maxEpochs: 60, patience: 10 });
    expect(trainingBudget({}, 31, taggerTask.rounds)).toEqual({ epochs: 49, maxEpochs: 147, patience: 25 });
    expect(trainingBudget({}, 3, taggerTask.rounds)).toEqual({ epochs: 100, maxEpochs: 300, patience: 50 });
    expect(trainingBudget({ epochs: 7 }, 3, taggerTask.rounds)).toEqual({ epochs: 7, maxEpochs: 7, patience: 4 });
  });
});

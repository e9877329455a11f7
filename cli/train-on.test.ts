import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ClassifierOptions, classifierOptions, LanguageModelTraining, translatorOptions } from '../src/index.js';
import { train } from './language-model/train.js';
import { type TrainOnCall, trainingOnOptions } from './train-on.js';

const call = {
  ...{ reading: {}, epochs: 2, learningRate: undefined, prune: 0, quantized: 'int4' },
} as unknown as TrainOnCall;

it('a training that goes on has the split and the loss of the one before, and its own rate', () => {
  const earlier: ClassifierOptions = {
    ...{ classWeight: { spam: 3, ham: 1 }, labelSmoothing: 0.1, splitSeed: 7, test: 0.2, units: 9 },
    ...{ learningRate: 0.02, epochs: 40, tokenDropout: 0.3 },
  };
  expect(trainingOnOptions(classifierOptions, earlier, {}, call)).toEqual({
    ...{ classWeight: { spam: 3, ham: 1 }, labelSmoothing: 0.1, splitSeed: 7, test: 0.2 },
    ...{ learningRate: 0.005, epochs: 2, prune: 0, pruneBlock: '16x1', quantizationAware: true },
    quantizationFormat: 'int4',
  });
});

it('what is left of a pruned network has the whole rate, and most of the epochs', () => {
  const earlier = { learningRate: 0.02 };
  const pruned = { ...call, prune: 0.9 };
  expect(trainingOnOptions(classifierOptions, earlier, {}, pruned)).toMatchObject({
    ...{ prune: 0.9, pruneUntil: 0.12, learningRate: 0.02 },
  });
  const told = { ...pruned, learningRate: 0.001 };
  expect(trainingOnOptions(classifierOptions, earlier, {}, told)).toMatchObject({ learningRate: 0.001 });
});

it("a translator's labels are as smooth as they were", () => {
  const earlier = { labelSmoothing: 0.1, learningRate: 0.01 };
  expect(trainingOnOptions(translatorOptions, earlier, {}, call)).toMatchObject({ labelSmoothing: 0.1 });
});

it('a language model of fewer weights drops half of what it dropped, one of rounded weights as much', async () => {
  const text = 'the old hen sees a fox\n'.repeat(40);
  const file = join(mkdtempSync(join(tmpdir(), 'rondo-')), 'hen.txt');
  writeFileSync(file, text);
  const { languageModel } = new LanguageModelTraining(text, { units: 5, timesteps: 7, dropout: 0.3, epochs: 1 });
  const all = { ...call, where: 'rondo compress', option: '--fine-tune', files: [file], initial: languageModel };
  const fewer = { ...all, quantized: undefined, prune: 0.5 };
  expect((await train.trainOn(fewer)).task.options).toMatchObject({ dropout: 0.15, pruneUntil: 0.12 });
  expect((await train.trainOn(all)).task.options).toMatchObject({ dropout: 0.3 });
});

import { expect, it } from 'vitest';
import { type ClassifierOptions, classifierOptions, translatorOptions } from '../src/index.js';
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

it("a translator's labels are as smooth as they were", () => {
  const earlier = { labelSmoothing: 0.1, learningRate: 0.01 };
  expect(trainingOnOptions(translatorOptions, earlier, {}, call)).toMatchObject({ labelSmoothing: 0.1 });
});

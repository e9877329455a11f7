import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Table } from '../../src/data/table.js';
import { useBackend } from '../../src/kernels/select.js';
import { Random } from '../../src/random.js';
import { ClassifierTraining } from '../../src/tasks/classify/classifier-training.js';
import { explain } from '../../src/tasks/classify/explanation.js';
import { ForecastTraining } from '../../src/tasks/forecast/forecast-training.js';
import { generate } from '../../src/tasks/generate/generate.js';
import { LanguageModelTraining } from '../../src/tasks/language-model/language-model-training.js';
import { TaggerTraining } from '../../src/tasks/tag/tagger-training.js';
import type { TaskModel } from '../../src/tasks/task.js';
import { deserializeTask, serializeTaskAsync } from '../../src/tasks/task-file.js';
import { chainLoss } from '../../src/tensor/chain-loss.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { type FlatArray, tensor } from '../../src/tensor/tensor.js';
import { Diagnosis } from '../../src/training/diagnosis/diagnosis.js';
import { asynchronousReference, onBothReferences } from '../support/asynchronous.js';
import { expectClose } from '../support/close.js';
import { normals } from '../support/random.js';

const textOf = async (pieces: AsyncIterable<string>): Promise<string> => {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
};

/** The weights in a task's file, which is read on the backend in use. */
async function fileOf(task: TaskModel): Promise<Record<string, FlatArray>> {
  const { task: read } = deserializeTask(await serializeTaskAsync(task));
  const weights = Object.entries(read.model.getWeights());
  return Object.fromEntries(
    await Promise.all(weights.map(async ([name, weight]) => [name, await weight.data()] as const)),
  );
}

describe('tasks on a device that is read asynchronously only', () => {
  beforeAll(() => void useBackend(asynchronousReference));
  afterAll(() => void useBackend('wasm'));

  it.each([
    ['characters', {}],
    [
      'words',
      {
        tied: true,
        optimizer: 'ntasgd',
        clipNorm: 0.2,
        variational: true,
        dropout: 0.2,
        weightDropout: 0.2,
        embeddingDropout: 0.1,
      },
    ],
  ] as const)('a language model of %s trains, scores, learns while it reads, and writes', async (level, more) => {
    const text = 'the quick brown fox jumps.\nso it goes, and so it went.\n\n'.repeat(12);
    const results = await onBothReferences(async () => {
      const training = new LanguageModelTraining(text, {
        level,
        units: 6,
        epochs: 2,
        timesteps: 9,
        batchSize: 3,
        ...more,
      });
      const diagnosis = new Diagnosis({ everySteps: 3 });
      await training.train({ callbacks: [diagnosis] });
      const { languageModel } = training;
      return {
        weights: await fileOf(languageModel),
        score: await languageModel.evaluate(text.slice(0, 90)),
        dynamic: await languageModel.evaluate(text.slice(0, 90), { dynamic: { segment: 7 } }),
        next: await languageModel.predict('so it', { count: 3 }),
        drawn: await textOf(generate(languageModel, { length: 12, seed: 5 })),
        searched: await textOf(generate(languageModel, { length: 5, beams: 3 })),
        report: { ...diagnosis.report(), elapsedMs: 0 },
      };
    });
    expect(results[0]).toEqual(results[1]);
  });

  it('a classifier trains, predicts and explains', async () => {
    const texts = Array.from({ length: 48 }, (_, i) => `${i % 3 === 0 ? 'good' : 'bad'} film number ${(i * 7) % 13}`);
    const labels = texts.map((one) => (one.startsWith('good') ? 'yes' : 'no'));
    const results = await onBothReferences(async () => {
      const training = new ClassifierTraining({ train: { texts, labels } }, { units: 4, epochs: 2, batchSize: 8 });
      await training.train();
      const { classifier } = training;
      return {
        weights: await fileOf(classifier),
        predicted: await classifier.predict(texts.slice(0, 5)),
        explained: await explain(classifier, texts[1]),
      };
    });
    expect(results[0]).toEqual(results[1]);
  });

  it.each([
    ['single tags', false],
    ['chains of tags', true],
  ])('a tagger of %s trains, tags and measures', async (_, crf) => {
    const sentences = Array.from({ length: 24 }, (_, i) => ({
      words: ['the', `n${i % 7}on`, `v${i % 5}eth`, ...(i % 2 === 0 ? ['a', `n${i % 5}on`] : []), '.'],
      tags: ['DET', 'NOUN', 'VERB', ...(i % 2 === 0 ? ['DET', 'NOUN'] : []), 'PUNCT'],
    }));
    const results = await onBothReferences(async () => {
      const training = new TaggerTraining(
        { train: sentences.slice(6), validation: sentences.slice(0, 6) },
        { units: 4, wordUnits: 4, characterUnits: 3, characterFeatures: 3, epochs: 2, batchSize: 7, crf },
      );
      await training.train();
      const { tagger } = training;
      return {
        weights: await fileOf(tagger),
        tags: await tagger.predict(sentences.slice(0, 4).map(({ words }) => words)),
        report: await tagger.evaluate(sentences.slice(0, 6)),
        sure: await tagger.probabilities(sentences[0].words),
      };
    });
    const [there, here] = results;
    expect(there.tags).toEqual(here.tags);
    expect(there.report).toEqual(here.report);
    // A chain's recursion on the device adds in another order.
    for (const [name, weight] of Object.entries(here.weights)) expectClose(there.weights[name], weight, 1e-9, name);
    for (const [t, sure] of here.sure.entries()) expectClose(there.sure[t], sure, 1e-9, `word ${t}`);
  });

  it.each([
    ['of a width', { units: 4, epochs: 2, base: 'naive' }],
    ['of a width that is chosen', { units: 'auto', epochs: 1, maxEpochs: 1, stepsPerEpoch: 2, base: 'naive' }],
  ] as const)('a forecaster %s trains and forecasts', async (_, options) => {
    const random = new Random(9);
    const rows = Array.from({ length: 120 }, (_, row) => [(10 * Math.sin(row / 2) + random.normal()).toFixed(3)]);
    const table = Table.fromRows('made.csv', ['level'], rows);
    const results = await onBothReferences(async () => {
      const training = new ForecastTraining(table, {
        target: 'level',
        horizon: 3,
        timesteps: 8,
        ...options,
      });
      await training.train();
      const { forecaster } = training;
      return {
        weights: await fileOf(forecaster),
        next: await forecaster.predict(forecaster.columnsOf(table).series[0]),
      };
    });
    expect(results[0]).toEqual(results[1]);
  });
});

describe('the losses of a label chain, computed on the device', () => {
  beforeAll(() => void useBackend(asynchronousReference));
  afterAll(() => void useBackend('wasm'));

  const [batch, time, K] = [4, 5, 3];
  const masks: Readonly<Record<string, Uint8Array | undefined>> = {
    'no mask': undefined,
    'lengths, gaps, one step and none': Uint8Array.from([1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
  };

  it.each(Object.entries(masks))('are those of the host, with their derivatives: %s', async (_, mask) => {
    const results = await onBothReferences(async () => {
      const random = new Random(4);
      const given = {
        scores: normals([batch, time, K], random),
        transitions: normals([K, K], random),
        start: normals([K], random),
        end: normals([K], random),
      };
      const cotangent = normals([batch, time], random);
      const targets = Int32Array.from({ length: batch * time }, (_, i) => (i * 7) % K);
      const { value, gradients } = valueAndGradients(
        () => ops.sum(ops.mul(cotangent, chainLoss({ ...given, targets, mask }))),
        Object.values(given),
      );
      return Promise.all([value, ...gradients].map((one) => one.data()));
    });
    results[0].forEach((numbers, i) => expectClose(numbers, results[1][i], 1e-13, `result ${i}`));
  });

  it('does not lose digits of scores that are far apart', async () => {
    const losses = await chainLoss({
      scores: tensor([
        [
          [0, 800],
          [900, 0],
          [0, -700],
        ],
      ] as never),
      transitions: tensor([
        [0, -500],
        [300, 0],
      ]),
      start: tensor([0, 0]),
      end: tensor([0, 0]),
      targets: [1, 0, 0],
    }).data();
    expectClose(losses, [0, 0, 0], 1e-12, 'losses');
  });
});

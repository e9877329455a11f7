import { expect, it } from 'vitest';
import { quantize } from '../compression/quantize.js';
import { roundedFormats } from '../compression/rounding-programs.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { setSeed } from '../random.js';
import type { Callback } from '../training/callbacks/callback.js';
import type { LanguageModel } from './language-model/language-model.js';
import { LanguageModelTraining } from './language-model/language-model-training.js';
import { deserializeTask, serializeTask } from './task-file.js';

const text = Array.from({ length: 40 }, (_, i) => `the ${['red', 'old', 'big'][i % 3]} fox sees ${i % 7} hens\n`).join(
  '',
);

it.each(roundedFormats)(
  'a task that trains for %s validates what its file gives, and a later one that begins with it does too',
  async (format) => {
    setSeed(3);
    const options = {
      units: 9,
      embeddingUnits: 5,
      timesteps: 12,
      batchSize: 5,
      epochs: 1,
      quantizationAware: true,
      quantizationFormat: format,
    };
    const check = async (training: LanguageModelTraining): Promise<void> => {
      const { model } = training.languageModel;
      const numbers = (of: Pick<typeof model, 'namedWeights'>): number[][] =>
        [...of.namedWeights()].map(([, { variable }]) => Array.from(variable.dataSync(), (value) => value + 0));
      let validated: number[][] = [];
      const watch: Callback = {
        onComputeBegin: (computation) => void (computation === 'validation' && (validated = numbers(model))),
      };
      await training.train({ callbacks: [watch] });
      const small =
        format === 'int8'
          ? await quantize(model)
          : deserializeModel(serializeModel(model, { weightFormat: format })).model;
      expect(validated).toEqual(numbers(small));
      expect(validated).not.toEqual(numbers(model));
    };
    const first = new LanguageModelTraining(text, options);
    await check(first);
    const { task } = deserializeTask(serializeTask(first.languageModel));
    await check(new LanguageModelTraining({ train: text, initial: task as LanguageModel }, { epochs: 1 }));
  },
);

import { describe, expect, it } from 'vitest';
import { serializeModel } from '../io/checkpoint.js';
import { decodeSafetensors, encodeSafetensors } from '../io/safetensors.js';
import { Dense } from '../layers/dense.js';
import { Sequential } from '../training/sequential.js';
import { LanguageModelTraining } from './language-model/language-model-training.js';
import { TaggerTraining } from './tag/tagger-training.js';
import { deserializeTask, serializeTask, taskJson } from './task-file.js';

const model = new Sequential([new Dense({ units: 2, inputShape: [3] })]);
const languageModel = new LanguageModelTraining('abcab'.repeat(20), { units: 4 }).languageModel;

describe('task files', () => {
  it('are refused where no task made the model', () => {
    expect(() => deserializeTask(serializeModel(model), 'm.safetensors')).toThrow(
      '[FILE_FORMAT] m.safetensors: the file holds a model, but not of a task',
    );
    expect(() => deserializeTask(serializeModel(model, { preprocessing: { task: 'toString' } }))).toThrow(
      '[FILE_FORMAT]',
    );
    expect(() => deserializeTask(serializeModel(model, { preprocessing: { task: 'forecast' } }))).toThrow(
      '`outcome` is missing',
    );
  });

  it('are refused where vocabulary and model do not belong together', () => {
    const preprocessing = {
      ...taskJson(languageModel),
      codec: { level: 'characters', lower: false, punctuation: 'separate', tokens: ['a'] },
    };
    expect(() => deserializeTask(serializeModel(languageModel.model, { preprocessing }))).toThrow(
      'the vocabulary does not fit the model',
    );
  });

  it('are refused where a tagger reads other affixes than its model', () => {
    const sentences = [...'abcdefghijkl'].map((letter) => ({ words: ['the', `n${letter}on`], tags: ['A', 'B'] }));
    const { tagger } = new TaggerTraining({ train: sentences }, { units: 2 });
    const { tensors, metadata } = decodeSafetensors(serializeTask(tagger), 'good');
    const changed = (to: number): Uint8Array =>
      encodeSafetensors(tensors, { rondo: metadata.rondo.replaceAll(/(longestAffix\\*":)4/g, `$1${to}`) });
    expect(deserializeTask(changed(4)).task.task).toBe('tag');
    for (const [to, numAffixes] of [
      [0, 0],
      [3, 7],
      [16, 33],
    ])
      expect(() => deserializeTask(changed(to), 'x')).toThrow(
        new RegExp(`FILE_FORMAT.*x.*affixes do not fit[^]*expected: 9 of each word[^]*received: ${numAffixes}\\b`),
      );
    // So many would be a row without end for every word, before anything could be compared.
    expect(() => deserializeTask(changed(17), 'x')).toThrow(/FILE_FORMAT[^]*a whole number of at most 16/);
    expect(() => new TaggerTraining({ train: sentences }, { units: 2, longestAffix: 17 })).toThrow(
      /OUT_OF_RANGE[^]*longestAffix[^]*from 0 to 16/,
    );
  });

  it('are refused where they are cut short or changed', () => {
    const bytes = serializeTask(languageModel);
    for (const length of [0, 7, 100, bytes.length - 1])
      expect(() => deserializeTask(bytes.slice(0, length))).toThrow('[FILE_FORMAT]');
    expect(() => deserializeTask(new TextEncoder().encode('hello, this is no model'))).toThrow('[FILE_FORMAT]');
  });
});

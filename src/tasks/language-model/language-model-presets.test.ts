import { describe, expect, it } from 'vitest';
import { setSeed } from '../../random.js';
import { generate } from '../generate/generate.js';
import { checkOptions } from '../option-table.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import { LanguageModel } from './language-model.js';
import { type LanguageModelOptions, languageModelOptions } from './language-model-options.js';
import { languageModelPresetNames, languageModelPresets } from './language-model-presets.js';
import { LanguageModelTraining } from './language-model-training.js';

const text = 'the cat sat on the mat .\nthe dog sat on the log .\n'.repeat(30);
/** Small enough for a test; everything else is the preset's. */
const small: LanguageModelOptions = { units: 8, embeddingUnits: 8, timesteps: 6, batchSize: 3, epochs: 2 };

describe('presets of language models', () => {
  it.each(languageModelPresetNames)('%s trains, survives a file and writes', async (preset) => {
    setSeed(1);
    const training = new LanguageModelTraining(text, { ...small, preset });
    const outcome = await training.train();
    expect(outcome.valLoss.every(Number.isFinite)).toBe(true);
    const { task } = deserializeTask(serializeTask(training.languageModel));
    if (!(task instanceof LanguageModel)) throw new Error('another task');
    expect((await task.evaluate(text)).loss).toBe((await training.languageModel.evaluate(text)).loss);
    expect(task.options.preset).toBe(preset);
    let written = '';
    for await (const piece of generate(task, { prompt: 'the cat', length: 5, seed: 1 })) written += piece;
    expect(written).not.toBe('');
  });
  it('say nothing that the table of options does not take', () => {
    for (const [name, preset] of Object.entries(languageModelPresets))
      expect(() => checkOptions(name, languageModelOptions, preset)).not.toThrow();
  });
  it('give way to options that are given', () => {
    const { languageModel } = new LanguageModelTraining(text, {
      ...small,
      preset: 'awd',
      weightDropout: 0,
      tied: false,
      cell: 'gru',
    });
    expect(languageModel.options).toMatchObject({
      cell: 'gru',
      weightDropout: 0,
      tied: false,
      dropout: 0.3,
      changePenalty: 1,
      level: 'words',
    });
    expect(languageModel.model.layers.map(({ className }) => className)).toEqual([
      'Embedding',
      'SpatialDropout1D',
      'RNN',
      'SpatialDropout1D',
      'RNN',
      'SpatialDropout1D',
      'RNN',
      'ActivationPenalty',
      'SpatialDropout1D',
      'ActivationPenalty',
      'Dense',
    ]);
  });
  it('are refused where they are unknown or cannot be combined', () => {
    expect(() => new LanguageModelTraining(text, { preset: 'zaremba' as 'awd' })).toThrow(
      '[UNKNOWN_NAME] LanguageModelTraining: unknown preset `zaremba`',
    );
    expect(() => new LanguageModelTraining(text, { ...small, cell: 'minGRU', weightDropout: 0.5 })).toThrow('[USAGE]');
    expect(() => new LanguageModelTraining(text, { ...small, inputDropout: 1 })).toThrow('[OUT_OF_RANGE]');
    expect(() => new LanguageModelTraining(text, { ...small, changePenalty: -1 })).toThrow('[OUT_OF_RANGE]');
    expect(() => new LanguageModelTraining('', small)).toThrow('[DATA_FORMAT]');
    expect(() => new LanguageModelTraining('', { ...small, level: 'bpe' })).toThrow('[OUT_OF_RANGE]');
  });
});

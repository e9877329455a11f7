import { describe, expect, it } from 'vitest';
import { Dense } from '../layers/dense.js';
import { setSeed } from '../random.js';
import { Sequential } from '../training/sequential.js';
import { optionsOfInitial, takeWeights, unknownTokens } from './initial-model.js';
import type { LanguageModelOptions } from './language-model/language-model-options.js';
import { LanguageModelTraining } from './language-model/language-model-training.js';
import { count, optionTable, rate, text } from './option-table.js';

describe('a training that begins with an earlier model', () => {
  it('takes the weights of one name and shape, and says which begin anew', () => {
    const network = (classes: number): Sequential => {
      const model = new Sequential([
        new Dense({ units: 5, inputShape: [7], biasInitializer: 'ones' }),
        new Dense({ units: classes }),
      ]);
      model.build([null, 7]);
      return model;
    };
    const [model, initial] = [network(3), network(4)];
    const before = model.weights[2].dataSync().slice();
    expect(takeWeights(model, initial)).toEqual({ numTaken: 7 * 5 + 5, anew: ['dense1/kernel', 'dense1/bias'] });
    expect(model.weights[0].dataSync()).toEqual(initial.weights[0].dataSync());
    expect(model.weights[2].dataSync()).toEqual(before);
    expect(takeWeights(network(3), network(3), model.layers.slice(1))).toEqual({
      numTaken: 7 * 5 + 5 + 5 * 3 + 3,
      anew: [],
    });
    expect(takeWeights(model, network(3), model.layers.slice(1))).toEqual({
      numTaken: 7 * 5 + 5,
      anew: ['dense1/kernel', 'dense1/bias'],
    });
  });

  it('keeps what the earlier model has decided, and refuses another', () => {
    const earlier = { units: 5, cell: 'gru', dropout: 0.4, epochs: 3 };
    const table = optionTable({
      units: count({ ofInitial: 'decided' }),
      cell: text({ ofInitial: 'decided' }),
      dropout: rate({ ofInitial: 'inherited' }),
      epochs: count({}),
    });
    expect(optionsOfInitial('train', table, { units: 5, epochs: 9 }, earlier)).toEqual({
      units: 5,
      cell: 'gru',
      dropout: 0.4,
    });
    expect(optionsOfInitial('train', table, { dropout: 0.2 }, earlier)).toEqual({
      units: 5,
      cell: 'gru',
      dropout: 0.2,
    });
    expect(() =>
      optionsOfInitial('train', table, { units: 6, cell: 'lstm' }, earlier),
    ).toThrowErrorMatchingInlineSnapshot(`
      [RondoError: [USAGE] train: these options are decided by the model that training begins with.
        expected: units 5, cell "gru"
        received: units 6, cell "lstm"
        fix: leave them out, or begin without a model.]
    `);
  });

  it('counts what the vocabulary does not hold, the most frequent first', () => {
    expect(unknownTokens('abcacd', (token) => token === 'a')).toEqual({
      numTokens: 6,
      numUnknown: 4,
      examples: ['c', 'b', 'd'],
    });
  });
});

describe('a language model that goes on from another', () => {
  const options: LanguageModelOptions = {
    cell: 'gru',
    units: 11,
    embeddingUnits: 5,
    layers: 2,
    dropout: 0.1,
    epochs: 1,
    batchSize: 3,
    timesteps: 13,
  };
  const first = (): LanguageModelTraining => new LanguageModelTraining('the quick brown fox\n'.repeat(30), options);

  it('has its weights, tokens and shape, and scores as it did before it learns', async () => {
    setSeed(5);
    const { languageModel: initial } = first();
    setSeed(6);
    const training = new LanguageModelTraining({ train: 'the quack frown béx ü\n'.repeat(30), initial });
    const { languageModel } = training;
    expect(languageModel.codec).toBe(initial.codec);
    expect(languageModel.options).toMatchObject({
      cell: 'gru',
      units: 11,
      embeddingUnits: 5,
      layers: 2,
      dropout: 0.1,
      batchSize: 3,
      timesteps: 13,
    });
    expect((await languageModel.evaluate('the fox')).loss).toBe((await initial.evaluate('the fox')).loss);
    expect(training.beginning).toEqual({
      numTaken: initial.model.countParams(),
      anew: [],
      unknown: { numTokens: 22 * 30, numUnknown: 3 * 30, examples: ['a', 'é', 'ü'] },
    });
  });

  it('learns without changing the earlier one', async () => {
    const { languageModel: initial } = first();
    const before = await initial.evaluate('the fox');
    const training = new LanguageModelTraining({ train: 'fox the brown quick\n'.repeat(30), initial }, { epochs: 2 });
    const { loss } = await training.train();
    expect(loss[1]).toBeLessThan(loss[0]);
    expect(await initial.evaluate('the fox')).toEqual(before);
  });

  it('keeps what an interrupted training has learned since', async () => {
    const { languageModel: initial } = first();
    const data = { train: 'fox the brown quick\n'.repeat(30), initial };
    const training = new LanguageModelTraining(data, { epochs: 1 });
    await training.train();
    const before = await training.languageModel.evaluate('the fox');
    const resumed = new LanguageModelTraining(data, {}, training.languageModel);
    expect(resumed.beginning).toBeUndefined();
    expect(await resumed.languageModel.evaluate('the fox')).toEqual(before);
  });

  it('refuses another shape, and tokens or vectors of another kind', () => {
    const { languageModel: initial } = first();
    const begin = (given: LanguageModelOptions) => () =>
      new LanguageModelTraining({ train: 'the fox\n'.repeat(30), initial }, given);
    expect(begin({ units: 12, level: 'words' })).toThrow('expected: level "characters", units 11');
    expect(begin({ preset: 'stacked' })).toThrow('received: cell "lstm", units 256, layers 3');
    expect(() => new LanguageModelTraining({ train: 'the fox\n'.repeat(30), initial, codec: initial.codec })).toThrow(
      'no `vectors` and no `codec` beside `initial`',
    );
  });
});

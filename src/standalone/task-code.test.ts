import { describe, expect, it } from 'vitest';
import { madeReviews, reviewOptions } from '../../test/support/made-reviews.js';
import { normals } from '../../test/support/random.js';
import { standaloneModule } from '../../test/support/standalone.js';
import { readTable } from '../data/csv.js';
import type { Table } from '../data/table.js';
import { Random, setSeed } from '../random.js';
import type { ClassPrediction } from '../tasks/classify/classifier.js';
import type { ClassifierOptions } from '../tasks/classify/classifier-options.js';
import { ClassifierTraining } from '../tasks/classify/classifier-training.js';
import { baseNames } from '../tasks/forecast/base-forecast.js';
import type { ForecastOptions } from '../tasks/forecast/forecast-options.js';
import { ForecastTraining } from '../tasks/forecast/forecast-training.js';
import { generate } from '../tasks/generate/generate.js';
import type { LanguageModelOptions } from '../tasks/language-model/language-model-options.js';
import { LanguageModelTraining } from '../tasks/language-model/language-model-training.js';
import { literal } from '../tasks/module-code.js';
import type { TaggerOptions } from '../tasks/tag/tagger-options.js';
import { TaggerTraining } from '../tasks/tag/tagger-training.js';
import { TranslatorTraining } from '../tasks/translate/translator-training.js';
import { standaloneCode } from './standalone-code.js';

type OfTexts = {
  createClassifier(): { predict(text: string): ClassPrediction };
  createLanguageModel(): { generate(options: object): string };
};

const load = async (source: string): Promise<OfTexts> => (await standaloneModule(source)) as unknown as OfTexts;
const texts = [
  'the film was good',
  'Not Awful , and the CAFE\u0301 was fine 🙂',
  "it's nothing anyone knows",
  'dull '.repeat(300),
  ' 好 戏 \n good\tgood ',
];

describe('code of a classifier', () => {
  it.each<ClassifierOptions>([
    { tokens: 'words', bidirectional: true, pooling: 'attention' },
    { tokens: 'words', bidirectional: false, pooling: 'last', timesteps: 11 },
    { tokens: 'characters', bidirectional: true, pooling: 'concat', truncating: 'post', timesteps: 9 },
    { tokens: 'segments', bidirectional: true, pooling: 'mean' },
  ])('predicts what the library does: %o', async (options) => {
    setSeed(1);
    const training = new ClassifierTraining({ train: madeReviews(200) }, { ...reviewOptions, epochs: 2, ...options });
    await training.train();
    const { classifier } = training;
    const own = (await load(standaloneCode(classifier, { language: 'js' }).source)).createClassifier();
    for (const text of texts) {
      const [expected] = await classifier.predict(text);
      const actual = own.predict(text);
      expect(actual.label, text).toBe(expected.label);
      expected.probabilities.forEach((value, i) => expect(actual.probabilities[i], text).toBeCloseTo(value, 4));
    }
    expect(() => own.predict(' ')).toThrow('the text has no token');
    expect(() => own.predict(['a'] as never)).toThrow('predict takes one text');
  });
});

type OfSeries = { predict(rows: readonly (readonly number[] | number)[], name?: string): number[] };

async function forecasterOf(source: string): Promise<OfSeries> {
  return ((await standaloneModule(source)) as unknown as { createForecaster(): OfSeries }).createForecaster();
}

describe('code of a forecaster', () => {
  /** A season of 12 on a level that wanders above 0, and a second column that leads it; with several series by name. */
  const tableOf = (numRows: number, series: readonly string[] = []): Promise<Table> => {
    const random = new Random(6);
    const names = series.length === 0 ? [''] : series;
    const lines = names.flatMap((name, s) =>
      Array.from({ length: numRows - 40 * s }, (_, row) => {
        const level = 50 + 10 * s + 10 * Math.sin((2 * Math.PI * row) / 12) + 2 * random.normal();
        return `${name},${level.toFixed(4)},${(7 * Math.cos((2 * Math.PI * (row + 2)) / 12)).toFixed(4)}`;
      }),
    );
    return readTable(`shop,level,lead\n${lines.join('\n')}\n`, { where: 'made.csv' });
  };
  const common = {
    target: 'level',
    horizon: 5,
    timesteps: 9,
    epochs: 2,
    units: 4,
    batchSize: 16,
    refit: false,
  } as const;

  it.each<[ForecastOptions, 'alone' | 'several']>([
    [{ ...common, base: 'naive', features: ['lead'] }, 'alone'],
    [{ ...common, base: 'smoothing', features: [] }, 'alone'],
    [{ ...common, base: 'seasonalDrift', features: ['lead'], allowNegative: true }, 'several'],
    [{ ...common, base: 'mean', features: [] }, 'alone'],
    [{ ...common, base: 'drift', features: [] }, 'alone'],
  ])('gives what the library gives: %o %s', async (options, kind) => {
    setSeed(5);
    const isOfSeveral = kind === 'several';
    const table = await tableOf(240, isOfSeveral ? ['north', 'south'] : []);
    const training = new ForecastTraining(table, { ...options, ...(isOfSeveral && { series: 'shop' }) });
    await training.train();
    const { forecaster, columns } = training;
    // Of a network that has learned little, with all of what it says.
    forecaster.findings = { ...forecaster.findings, share: 0.8, instead: null };
    const { predict } = await forecasterOf(standaloneCode(forecaster, { language: 'js' }).source);
    const width = forecaster.names.length;
    for (const series of columns.series) {
      const rows = Array.from({ length: series.numRows }, (_, row) =>
        Array.from(series.values.subarray(row * width, (row + 1) * width)),
      );
      for (const origin of [30, 101, series.numRows]) {
        const expected = await forecaster.predictAt(series, [origin]);
        const actual = predict(rows.slice(0, origin), series.name);
        expect(actual.length).toBe(5);
        actual.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-4 * Math.abs(expected[i])));
      }
    }
    const [{ name, numRows, values }] = columns.series;
    const listed = Array.from({ length: numRows }, (_, row) => [...values.subarray(row * width, (row + 1) * width)]);
    // By name, the order of the columns does not matter.
    const named = listed.map((row) =>
      Object.fromEntries(row.map((value, i) => [forecaster.names[i], value]).reverse()),
    );
    expect(predict(named as never, name)).toEqual(predict(listed, name));
    expect(() => predict([{ levle: 1 }] as never, name)).toThrow('row 0 has no number of the column level');
    expect(() => predict([[1, 2, 3, 4]], name)).toThrow('row 0 is not of');
    expect(() => predict([null] as never, name)).toThrow('row 0 is not of');
    expect(() => predict('1,2,3' as never, name)).toThrow('predict takes an array of rows');
    if (isOfSeveral) expect(() => predict([], 'west')).toThrow('there is no series west');
    else expect(() => predict([])).toThrow('there are 0 rows instead of at least');
  });
});

it('code of a forecaster takes the place that a baseline has taken', async () => {
  const values = Array.from({ length: 150 }, (_, row) => Math.sin(row) + row / 50);
  const table = await readTable(`level\n${values.join('\n')}\n`, { where: 'made.csv' });
  const training = new ForecastTraining(table, {
    target: 'level',
    horizon: 5,
    timesteps: 9,
    epochs: 1,
    units: 3,
    refit: false,
  });
  await training.train();
  const { forecaster, columns } = training;
  for (const instead of baseNames) {
    if (instead === 'smoothing') continue;
    forecaster.findings = { ...forecaster.findings, instead };
    const { predict } = await forecasterOf(standaloneCode(forecaster, { language: 'js' }).source);
    for (const origin of [7, 12, 150]) {
      const expected = await forecaster.predictAt(columns.series[0], [origin]);
      const actual = predict(values.slice(0, origin));
      expect(actual.length).toBe(5);
      actual.forEach((value, i) => expect(value, instead).toBeCloseTo(expected[i], 6));
    }
  }
});

describe('code of a tagger', () => {
  /** Names and numbers in sentences; spans are marked, so that not every tag may follow each. */
  const sentences = Array.from({ length: 90 }, (_, i) => {
    const name = ['Ann', 'Böhm', 'O\u2019Hara', 'Xu'][i % 4];
    const verb = ['walks', 'SAW', 'sleeping', 'eats'][(i >> 2) % 4];
    return {
      words: [name, 'Lee', verb, 'in', `19${i % 10}4`, ...(i % 3 === 0 ? ['.'] : []), `w${i % 7}`],
      tags: ['B-PER', 'I-PER', 'O', 'O', 'B-NUM', ...(i % 3 === 0 ? ['O'] : []), 'O'],
    };
  });
  const given = [
    ['Ann', 'walks', '.'],
    ['Nobody', 'KNOWS', 'Xu', 'Lee', '20\u0663', 'averyveryverylongwordthatiscutinthemiddle', '字'],
    ['w3'],
  ];

  it.each<TaggerOptions>([
    { crf: true, characterEncoder: 'rnn' },
    { crf: false, characterEncoder: 'conv', lower: false, digits: false },
    { crf: false, characterEncoder: 'rnn', longestAffix: 0, cell: 'gru' },
    { crf: true, characterEncoder: 'none', longestAffix: 2 },
  ])('gives the tags that the library gives: %o', async (options) => {
    setSeed(4);
    const training = new TaggerTraining(
      { train: sentences },
      { units: 5, wordUnits: 6, characterUnits: 3, characterFeatures: 7, epochs: 3, maxCharacters: 9, ...options },
    );
    await training.train();
    const { tagger } = training;
    for (const [, { variable }] of tagger.model.namedWeights(''))
      variable.assign(normals(variable.shape, new Random(variable.size)).dataSync());
    const before = [...tagger.model.namedWeights('')].map(([path]) => path);
    const { source } = standaloneCode(tagger, { language: 'js' });
    expect([...tagger.model.namedWeights('')].map(([path]) => path)).toEqual(before);
    const module = (await standaloneModule(source)) as unknown as {
      tags: string[];
      createTagger(): { predict(words: readonly string[]): string[] };
    };
    const own = module.createTagger();
    const expected = await tagger.predict(given);
    given.forEach((words, i) => expect(own.predict(words), words.join(' ')).toEqual(expected[i]));
    expect(new Set(expected.flat()).size).toBeGreaterThan(1);
    expect(own.predict([])).toEqual([]);
    expect(() => own.predict(['a', ''])).toThrow('a word is empty');
    expect(() => own.predict('They sleep' as never)).toThrow('predict takes an array of the words of one sentence');
    expect(() => standaloneCode(tagger, { language: 'wasm' })).toThrow('of the task tag in WebAssembly');
  });
});

describe('code of a language model', () => {
  const english = "Shall I compare thee to a summer's day?\nThou art more lovely (and more temperate):\n".repeat(6);

  it.each<LanguageModelOptions>([
    { level: 'characters' },
    { level: 'words' },
    { level: 'words', lower: true, tied: true },
  ])('writes what the library does: %o', async (options) => {
    setSeed(3);
    const training = new LanguageModelTraining(english, {
      units: 13,
      timesteps: 7,
      embeddingUnits: 11,
      epochs: 3,
      ...options,
    });
    await training.train();
    const { languageModel } = training;
    const own = (await load(standaloneCode(languageModel, { language: 'js' }).source)).createLanguageModel();
    for (const prompt of ['', 'Thou art', 'day? zebra\nShall']) {
      let expected = '';
      for await (const piece of generate(languageModel, { prompt, length: 40, temperature: 0 })) expected += piece;
      expect(own.generate({ prompt, length: 40, temperature: 0 })).toBe(expected);
    }
    let draws = 0;
    const random = (): number => (draws++ * 0.37) % 1;
    expect(own.generate({ length: 25, temperature: 2, topK: 5, random }).length).toBeGreaterThan(5);
    expect(draws).toBe(25);
    const refused = (options: unknown): unknown => own.generate(options as object);
    expect(() => refused('Thou')).toThrow('generate takes an object of options');
    expect(() => refused({ prompt: 5 })).toThrow('prompt is no text');
    expect(() => refused({ length: -1 })).toThrow('length is no whole number');
    expect(() => refused({ temperature: NaN })).toThrow('temperature is no number');
    expect(() => refused({ topK: 0 })).toThrow('topK is no number');
    expect(() => refused({ random: 0.5 })).toThrow('random is no function');
  });

  it('keeps what data hold, also where that is a word of the code', () => {
    const data = { label: 'WEIGHTS', tokens: ['<', 'createModel(WEIGHTS)'] };
    expect(literal(data)).not.toContain('WEIGHTS');
    expect(JSON.parse(literal(data))).toEqual(data);
  });

  it('is refused for bytes, with what to do', () => {
    const { languageModel } = new LanguageModelTraining(english, { units: 5, timesteps: 7, level: 'bytes' });
    expect(() => standaloneCode(languageModel, { language: 'js' })).toThrow(/bytes or byte pairs.*--network-only/s);
    expect(() => standaloneCode(languageModel, { language: 'c' })).toThrow('C has no code for what stands around');
    expect(standaloneCode(languageModel.model, { language: 'c' }).source).toContain('model_step');
  });

  it('is refused for a task that has none before its net is looked at', () => {
    const train = [{ source: 'ein Hund', target: 'a dog' }];
    const { translator } = new TranslatorTraining({ train }, { units: 4, embeddingUnits: 3 });
    for (const language of ['js', 'c'] as const)
      expect(() => standaloneCode(translator, { language })).toThrow('models of the task translate');
    expect(() => standaloneCode(translator.model, { language: 'js' })).toThrow('the layer Attention attention');
  });
});

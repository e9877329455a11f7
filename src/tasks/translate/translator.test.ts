import { beforeAll, describe, expect, it } from 'vitest';
import { Random, setSeed } from '../../random.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { SentencePair } from './sentence-pair.js';
import type { Translator } from './translator.js';
import type { TranslatorOptions } from './translator-options.js';
import { TranslatorTraining } from './translator-training.js';

const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** Numbers as digits and, the last digit first, as words. */
function numbers(count: number): SentencePair[] {
  const random = new Random(3);
  return Array.from({ length: count }, () => {
    const digits = Array.from({ length: 2 + random.integer(3) }, () => random.integer(10));
    return {
      source: digits.join(''),
      target: digits
        .reverse()
        .map((digit) => names[digit])
        .join(' '),
    };
  });
}

const options: TranslatorOptions = {
  units: 32,
  embeddingUnits: 16,
  layers: 1,
  dropout: 0,
  epochs: 12,
  learningRate: 0.02,
  batchTokens: 200,
};

describe('a translator of digits into words', () => {
  let training: TranslatorTraining;
  let translator: Translator;
  beforeAll(async () => {
    setSeed(1);
    training = new TranslatorTraining({ train: numbers(1500) }, options);
    ({ translator } = training);
    await training.train();
  });

  it('learns them, and is measured on those that are held out', async () => {
    const { codecs } = translator;
    expect([codecs.source.tokens.level, codecs.target.tokens.level]).toEqual(['characters', 'words']);
    const report = await training.evaluate();
    expect(report.exactMatch).toBeGreaterThan(0.9);
    expect(report.bleu.score).toBeGreaterThan(90);
    expect(report.wordErrors.rate).toBeLessThan(0.1);
    expect(report.baseline.name).toBe('word by word'); // the right words, in the wrong order
    expect(report.baseline.chrF).toBeLessThan(report.chrF.score);
    expect(report.baseline.chrF).toBeGreaterThan(30);
    const learned = new Set(training.parts.train.map(({ source }) => source));
    expect(training.parts.test.filter(({ source }) => learned.has(source))).toEqual([]);
  });

  it('gives the best translations first, and as many as are asked for', async () => {
    const [best] = await translator.predict(['271'], { nBest: 3, beams: 4 });
    expect(best).toHaveLength(3);
    expect(best[0].text).toBe('one seven two');
    expect(best.map(({ score }) => score)).toEqual(best.map(({ score }) => score).sort((x, y) => y - x));
    expect(best[0].score).toBeCloseTo(best[0].logProbability / (9 / 6), 6); // four ids, the end counted
    expect(new Set(best.map(({ text }) => text)).size).toBe(3);
  });

  it('says the same of a text whatever stands beside it, and nothing of an empty one', async () => {
    const texts = ['90', '1234', '', '56', '777'];
    const together = await translator.predict(texts);
    const apart = await Promise.all(texts.map(async (text) => (await translator.predict([text]))[0]));
    expect(together.map(([{ text }]) => text)).toEqual(apart.map(([{ text }]) => text));
    expect(together[2][0].text).toBe('');
  });

  it('writes what it is told to begin with, or one of some', async () => {
    const [[{ text }]] = await translator.predict(['271'], { prefix: 'nine' });
    expect(text).toMatch(/^nine /);
    const oneOf = ['one seven two', 'one seven', 'four'];
    expect((await translator.predict(['17', '271'], { oneOf })).map(([best]) => best.text)).toEqual([
      expect.stringMatching(/^(one seven|one seven two|four)$/),
      'one seven two',
    ]);
    await expect(translator.predict(['1'], { prefix: 'ninety' })).rejects.toThrow(/USAGE.*"ninety" has a token/);
    await expect(translator.predict(['1'], { prefix: 'one', oneOf })).rejects.toThrow(/USAGE.*together/);
  });

  it('says what each token attends to: the digits from the end on', async () => {
    const [[{ tokens, attention }]] = await translator.predict(['4567'], { beams: 1 });
    expect(tokens).toEqual({ source: ['4', '5', '6', '7'], target: ['seven', 'six', 'five', 'four'] });
    expect(attention).toHaveLength(5); // the end too
    for (const row of attention) expect(row).toHaveLength(4);
    for (const row of attention.slice(0, 4)) expect(row.reduce((sum, share) => sum + share, 0)).toBeLessThan(1.0001);
  });

  it('is the same after it was saved', async () => {
    const { task } = deserializeTask(serializeTask(translator));
    expect(await (task as Translator).predict(['58', '9031'])).toEqual(await translator.predict(['58', '9031']));
  });

  it.each<[string, object, RegExp]>([
    ['a beam of none', { beams: 0 }, /OUT_OF_RANGE.*`beams`/],
    ['more translations than beams', { beams: 2, nBest: 3 }, /OUT_OF_RANGE.*`nBest`/],
    ['a misspelt option', { beam: 2 }, /UNKNOWN_NAME.*`beam`/],
  ])('refuses %s', async (_, wrong, message) => {
    await expect(translator.predict(['1'], wrong)).rejects.toThrow(message);
  });
});

it('writes unknown words as those of the source where it may', async () => {
  setSeed(2);
  const words = ['red', 'green', 'blue', 'white', 'black', 'brown'];
  const random = new Random(5);
  // Each name stands once, so that all are unknown.
  const train = Array.from({ length: 700 }, (_, i) => {
    const word = words[random.integer(6)];
    return { source: `${word} x${i}`, target: `x${i} ${word}` };
  });
  const training = new TranslatorTraining(
    { train },
    { ...options, sourceTokens: 'words', targetTokens: 'words', maxTokens: 260, epochs: 40 },
  );
  await training.train();
  const [[copied], [kept]] = await Promise.all(
    [true, false].map(
      async (replaceUnknown) => (await training.translator.predict(['blue zebra'], { replaceUnknown }))[0],
    ),
  );
  expect(copied.text).toBe('zebra blue');
  expect(kept.text).not.toMatch(/unk|zebra/);
});

describe('a training of a translator refuses', () => {
  it.each<[string, unknown, TranslatorOptions, RegExp]>([
    ['no pairs', { train: [] }, {}, /DATA_FORMAT.*no pair/],
    ['an odd number of units', { train: numbers(40) }, { units: 7 }, /OUT_OF_RANGE.*odd[\s\S]*fix: give 8/],
    ['a text alone', { train: ['ein Haus'] }, {}, /USAGE.*pair 1/],
    ['sides that are all too long', { train: numbers(40) }, { timesteps: 2, splitSeed: 2 }, /DATA_FORMAT.*too long/],
  ])('%s', (_, data, given, message) => {
    expect(() => new TranslatorTraining(data as never, { ...options, ...given })).toThrow(message);
  });
});

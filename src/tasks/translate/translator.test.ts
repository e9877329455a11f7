import { beforeAll, describe, expect, it, test } from 'vitest';
import { AttentionRNN } from '../../layers/attention-rnn.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Random, setSeed } from '../../random.js';
import { argMaxOf } from '../../training/metrics/metric.js';
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
    const long = Array.from({ length: 60 }, () => 'zero').join(' ');
    expect((await translator.predict(['1'], { oneOf: [long] }))[0][0]).toMatchObject({ text: long, isComplete: true });
    await expect(translator.predict(['1'], { prefix: 'one', oneOf })).rejects.toThrow(/USAGE.*together/);
  });

  it('says what each token attends to: the digits from the end on', async () => {
    const [[{ tokens, attention }]] = await translator.predict(['4567'], { beams: 1 });
    expect(tokens).toEqual({ source: ['4', '5', '6', '7'], target: ['seven', 'six', 'five', 'four'] });
    expect(attention).toHaveLength(5); // the end too
    for (const row of attention) expect(row).toHaveLength(4);
    expect(attention.slice(0, 4).map((row) => argMaxOf(row, 0, row.length))).toEqual([3, 2, 1, 0]);
    for (const row of attention.slice(0, 4)) expect(row.reduce((sum, share) => sum + share, 0)).toBeLessThan(1.0001);
  });

  it('draws translations with their scores, repeatably, and the likelier the more often', async () => {
    const drawn = { nBest: 40, temperature: 1.5, seed: 3 };
    const [found, other] = await translator.predict(['271', '56'], drawn);
    expect(found).toHaveLength(40);
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((x, y) => y - x));
    expect(new Set(found.map(({ text }) => text)).size).toBeGreaterThan(1);
    expect(found.filter(({ text }) => text === 'one seven two').length).toBeGreaterThan(5);
    expect(found[0].text).toBe('one seven two');
    expect(found[0].score).toBeCloseTo(found[0].logProbability / (9 / 6), 6);
    expect(other[0].text).toBe('six five');
    expect(await translator.predict(['271', '56'], drawn)).toEqual([found, other]);
    expect(await translator.predict(['271', '56'], { ...drawn, seed: 4 })).not.toEqual([found, other]);
    const [[likeliest]] = await translator.predict(['271'], { temperature: 0 });
    expect(likeliest).toEqual((await translator.predict(['271'], { beams: 1 }))[0][0]);
    const told = await translator.predict(['17', '271'], { oneOf: ['one seven', 'four'], temperature: 3, nBest: 5 });
    for (const { text } of told.flat()) expect(['one seven', 'four']).toContain(text);
  });

  it('says that its weights are not finite instead of translating into nothing', async () => {
    const broken = deserializeTask(serializeTask(translator)).task as Translator;
    for (const variable of broken.model.weights) variable.assign(Array.from(variable.dataSync(), () => NaN));
    await expect(broken.predict(['58'])).rejects.toThrow('[NOT_FINITE]');
    await expect(broken.predict(['58'], { seed: 1 })).rejects.toThrow('[NOT_FINITE]');
  });

  it('is the same after it was saved', async () => {
    const { task } = deserializeTask(serializeTask(translator));
    expect(await (task as Translator).predict(['58', '9031'])).toEqual(await translator.predict(['58', '9031']));
  });

  it.each<[string, object, RegExp]>([
    ['a beam of none', { beams: 0 }, /OUT_OF_RANGE.*`beams`/],
    ['beams that are drawn', { beams: 2, temperature: 0.5 }, /USAGE.*draws nothing/],
    ['beams with a seed', { beams: 2, seed: 1 }, /USAGE.*draws nothing[\s\S]*no `beams` with `seed`/],
    ['a seed that is no number', { seed: 'x' }, /OUT_OF_RANGE.*`seed`/],
    ['a seed that is not whole', { seed: 1.5 }, /OUT_OF_RANGE.*`seed`/],
    ['a negative temperature', { temperature: -1 }, /OUT_OF_RANGE.*`temperature`/],
    ['more draws than there is memory for', { topK: 3, nBest: 5000 }, /OUT_OF_RANGE.*`nBest`/],
    ['more translations than beams', { beams: 2, nBest: 3 }, /OUT_OF_RANGE.*`nBest`/],
    ['a misspelt option', { beam: 2 }, /UNKNOWN_NAME.*`beam`/],
    ['more beams than there is memory for', { beams: 5000 }, /OUT_OF_RANGE.*`beams`/],
    ['a prefix that is no text', { prefix: 5 }, /DATA_FORMAT.*prefix/],
    ['a list of numbers', { oneOf: [5] }, /DATA_FORMAT.*oneOf/],
    ['a signal that is none', { signal: 5 }, /USAGE.*`signal`/],
    ['a signal that was given', { signal: AbortSignal.abort() }, /ABORTED/],
  ])('refuses %s', async (_, wrong, message) => {
    await expect(translator.predict(['1'], wrong)).rejects.toThrow(message);
  });
});

it.each<TranslatorOptions>([
  { attention: 'general' },
  { attention: 'dot' },
  { attention: 'additive' },
  { attention: 'general', inputFeeding: true },
  { attention: 'additive', inputFeeding: true, cell: 'gru' },
  { attention: 'multiHead' },
  { attention: 'multiHead', encoder: 'hybrid' },
  { pointerGenerator: true, sourceTokens: 'characters', targetTokens: 'characters' },
])('two layers with %j learn, say what they attend to, and do not look at padding', async (network) => {
  setSeed(3);
  const own = { ...network, layers: 2, units: 16, epochs: 10, dropout: 0.1 };
  const training = new TranslatorTraining({ train: numbers(1200) }, { ...options, ...own });
  await training.train();
  const { exactMatch, baseline, chrF } = await training.evaluate('test', { beams: 2 });
  expect(exactMatch).toBeGreaterThan(0.5);
  expect(chrF.score).toBeGreaterThan(baseline.chrF);
  const { translator } = training;
  expect(translator.model.layers.some(({ name }) => name === 'selfAttention')).toBe(network.encoder === 'hybrid');
  const isFed = translator.model.layers.some((layer) => layer instanceof AttentionRNN);
  expect(isFed).toBe(network.inputFeeding === true);
  // The decoder begins with what the encoder ends with, whichever layer it is.
  const begins = translator.model.graph.nodes.filter(({ inputs }) =>
    inputs.some(({ shape, node }) => shape.length === 2 && node.layer instanceof Concatenate),
  );
  expect(begins.map(({ layer }) => layer.name)).toEqual([isFed ? 'attention' : 'decoder1', 'decoder2']);
  const [[{ attention: shares, score }]] = await translator.predict(['45']);
  const [[{ score: besideLonger }]] = await translator.predict(['45', '67890']);
  expect(besideLonger).toBeCloseTo(score, 5);
  for (const sum of shares.map((row) => row.reduce((total, share) => total + share, 0))) {
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(1.0001);
  }
});

it('refuses to feed back what several heads attend to, and to copy tokens of another kind', () => {
  const trained = (own: TranslatorOptions) => () => new TranslatorTraining({ train: numbers(50) }, own);
  expect(trained({ attention: 'multiHead', inputFeeding: true })).toThrow(/USAGE.*`inputFeeding` has one head/);
  expect(trained({ attention: 'multiHead', pointerGenerator: true })).toThrow(/USAGE.*`pointerGenerator` has one head/);
  expect(trained({ sourceTokens: 'characters', targetTokens: 'words', pointerGenerator: true })).toThrow(
    /USAGE.*those of both sides differ[\s\S]*characters and words/,
  );
});

it('copies words that are too rare to be learned, where it has a pointer', async () => {
  const random = new Random(8);
  const letters = (): string => String.fromCharCode(...Array.from({ length: 5 }, () => 97 + random.integer(26)));
  const names = Array.from({ length: 400 }, letters);
  const train = Array.from({ length: 600 }, () => {
    const [given, family] = [names[random.integer(400)], names[random.integer(400)]];
    return { source: `${given} ${family}`, target: `${family} ${given}` };
  });
  const exact = async (pointerGenerator: boolean): Promise<number> => {
    setSeed(6);
    const own = { ...options, sourceTokens: 'words', targetTokens: 'words', maxTokens: 500, pointerGenerator } as const;
    const others = { labelSmoothing: 0.05, scheduledSampling: 0.1 };
    const training = new TranslatorTraining({ train }, { ...own, ...others, epochs: 10 });
    await training.train();
    return (await training.evaluate('test', { beams: 1 })).exactMatch;
  };
  expect(await exact(true)).toBeGreaterThan(0.9);
  expect(await exact(false)).toBeLessThan(0.3);
});

it('measures a translator of small letters by small letters', async () => {
  setSeed(4);
  const capitals = numbers(300).map(({ source, target }) => ({ source, target: target.toUpperCase() }));
  const training = new TranslatorTraining({ train: capitals }, { ...options, lower: true, epochs: 6 });
  await training.train();
  const { characterErrors, baseline } = await training.evaluate();
  expect(characterErrors.rate).toBeLessThan(0.7);
  expect(baseline.chrF).toBeGreaterThan(20);
});

it('goes on with the same pairs alone', () => {
  const train = numbers(60);
  const { translator } = new TranslatorTraining({ train }, options);
  const others = train.map((pair, i) => (i === 7 ? { ...pair, target: 'one' } : pair));
  expect(() => new TranslatorTraining({ train: others }, {}, translator)).toThrow(/USAGE.*not the pairs/);
  expect(() => new TranslatorTraining({ train }, {}, translator)).not.toThrow();
});

it('parts hold even shares of sources that differ in their last characters alone', () => {
  const train = Array.from({ length: 1000 }, (_, i) => ({ source: String(i), target: 'a b' }));
  for (const splitSeed of [1, 2, 3]) {
    const { parts } = new TranslatorTraining({ train }, { ...options, splitSeed });
    for (const part of [parts.test, parts.validation]) {
      expect(part.length).toBeGreaterThan(25);
      expect(part.length).toBeLessThan(80);
    }
  }
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

test('A short source may have a target as long as training has shown, in whatever company', async () => {
  const train = Array.from({ length: 20 }, (_, i) => {
    const [short, long] = [String.fromCharCode(97 + i), names.slice(i % 5, (i % 5) + 5).join(' ')];
    return [
      { source: short, target: long },
      { source: long, target: short },
    ];
  }).flat();
  setSeed(2);
  const { translator } = new TranslatorTraining(
    { train },
    { ...options, sourceTokens: 'characters', targetTokens: 'characters', validation: 0, test: 0 },
  );
  // What has learned nothing does not end by itself.
  const [[{ text, isComplete }]] = await translator.predict(['c'], { beams: 1 });
  expect(isComplete).toBe(false);
  expect(text.length).toBeGreaterThan(Math.max(...train.map(({ target }) => target.length)));
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

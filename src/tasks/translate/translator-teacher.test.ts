import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../test/support/central-differences.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { Random, setSeed } from '../../random.js';
import type { SentencePair } from './sentence-pair.js';
import { sequenceLevelData } from './sequence-level-data.js';
import type { Translator } from './translator.js';
import type { TranslatorOptions } from './translator-options.js';
import { TranslatorTraining } from './translator-training.js';

const random = new Random(5);
/** Letters, and the same in capitals behind each other. */
const pairs: SentencePair[] = Array.from({ length: 220 }, () => {
  const letters = Array.from({ length: 2 + random.integer(3) }, () => 'abcde'[random.integer(5)]);
  return { source: letters.join(''), target: letters.map((letter) => letter.toUpperCase()).join(' ') };
});
const options: TranslatorOptions = { embeddingUnits: 9, dropout: 0, batchTokens: 100, epochs: 2, learningRate: 0.02 };

let teacher: Translator;
beforeAll(async () => {
  setSeed(4);
  const shape = { units: 14, layers: 1, cell: 'gru', attention: 'dot' } as const;
  const training = new TranslatorTraining({ train: pairs }, { ...options, ...shape });
  await training.train();
  teacher = training.translator;
});

async function weightsAfter(data: object, more: TranslatorOptions = {}): Promise<Record<string, number[]>> {
  setSeed(9);
  const training = new TranslatorTraining({ train: pairs, ...data }, { ...options, ...more });
  await training.train();
  const weights = Object.entries(training.translator.model.getWeights());
  return Object.fromEntries(weights.map(([name, weight]) => [name, [...weight.dataSync()]]));
}

describe('a translator with a teacher', () => {
  it('has its tokens, cell, layers and attention, and half its widths', () => {
    const { embeddingUnits: _, ...others } = options;
    const { translator } = new TranslatorTraining({ train: pairs, teacher: { model: teacher } }, others);
    expect(translator.codecs).toBe(teacher.codecs);
    expect(translator.options).toMatchObject({ cell: 'gru', layers: 1, attention: 'dot', units: 8, embeddingUnits: 5 });
    const wider = new TranslatorTraining({ train: pairs, teacher: { model: teacher } }, { ...options, units: 12 });
    expect(wider.translator.options).toMatchObject({ units: 12, embeddingUnits: 9 });
  });

  it('learns otherwise where the teacher counts, and as alone where it does not', async () => {
    const shape = { units: 8, layers: 1, cell: 'gru', attention: 'dot' } as const;
    const alone = await weightsAfter({}, shape);
    expect(await weightsAfter({ teacher: { model: teacher, alpha: 0 } })).toEqual(alone);
    expect(await weightsAfter({ teacher: { model: teacher } })).not.toEqual(alone);
  });

  it('learns what its teacher writes, of the training pairs alone', async () => {
    const twice = [...pairs, ...pairs.slice(0, 9), { source: 'a', target: '' }];
    const data = { train: twice, teacher: { model: teacher } };
    const { parts } = new TranslatorTraining(data, options);
    const told: [number, number][] = [];
    const taught = await sequenceLevelData(data, options, { beams: 2, onProgress: (...how) => told.push(how) });
    expect([taught.validation, taught.test]).toEqual([parts.validation, parts.test]);
    const sources = [...new Set(parts.train.map(({ source }) => source))];
    const written = await teacher.predict(sources, { beams: 2 });
    // What is cut off or empty is no sentence.
    const whole = sources.flatMap((source, i) => {
      const [{ text, isComplete }] = written[i];
      return isComplete && text !== '' ? [{ source, target: text }] : [];
    });
    expect(taught.train).toEqual(whole);
    expect([taught.numEmpty, taught.numUnfinished]).toEqual([1, sources.length - whole.length]);
    // Two epochs are too few to be right.
    const truth = new Map(pairs.map(({ source, target }) => [source, target]));
    expect(taught.train.some(({ source, target }) => target !== truth.get(source))).toBe(true);
    expect(told).toEqual([[sources.length, sources.length]]);
  });

  it('trains on those where nothing is held out, and refuses before it translates', async () => {
    const data = { train: pairs, teacher: { model: teacher, alpha: 0 } };
    const none = { ...options, validation: 0, test: 0 };
    const { numPairs } = new TranslatorTraining(await sequenceLevelData(data, none), none).translator.pairs;
    expect(numPairs).toMatchObject({ validation: 0, test: 0 });
    const refused = (given: object, more: TranslatorOptions = {}): Promise<string> =>
      messageAfter(() => sequenceLevelData(given as typeof data, more, { onProgress: () => expect.fail('too late') }));
    expect(await refused(data, { sourceTokens: 'words' })).toContain('the teacher decides what a token is.');
    expect(await refused({ ...data, initial: teacher })).toContain('no `initial` beside `teacher`');
    expect(await refused({ teacher: { model: teacher } })).toMatch(/^\[USAGE\] sequenceLevelData/);
    expect(await refused({ train: pairs, teacher: { model: {} } })).toContain('there is nobody to write the targets');
    expect(await messageAfter(() => sequenceLevelData({ train: pairs }))).toMatch(
      /^\[USAGE\] sequenceLevelData: there is nobody to write the targets/,
    );
  });

  it('reads its pairs as its teacher does, and smooths no labels', () => {
    const made = (given: TranslatorOptions, more = {}): string =>
      messageOf(() => new TranslatorTraining({ train: pairs, teacher: { model: teacher, ...more } }, given));
    expect(made({ sourceTokens: 'words' })).toMatch(/the teacher decides what a token is.*\n {2}expected: no `source/);
    expect(made({ labelSmoothing: 0.1 })).toMatch(/^\[USAGE\] TranslatorTraining: labels are either smoothed or held/);
    expect(made({ labelSmoothing: 0.1 }, { alpha: 0 })).toBe('nothing was thrown');
    const initial = { train: pairs, teacher: { model: teacher }, initial: teacher };
    expect(messageOf(() => new TranslatorTraining(initial, options))).toMatch(/no `initial` beside `teacher`/);
    const digits = Array.from({ length: 60 }, (_, i) => ({ source: String(i), target: String(i + 1) }));
    const begun = new TranslatorTraining({ train: digits }, options).translator;
    expect(messageOf(() => new TranslatorTraining({ train: digits, teacher: { model: teacher } }, {}, begun))).toMatch(
      /^\[USAGE\] TranslatorTraining, teacher: the teacher reads other tokens than the interrupted training/,
    );
  });
});

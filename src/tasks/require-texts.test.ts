import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { Table } from '../data/table.js';
import { TextCodec } from '../data/tokens/text-codec.js';
import { modelCheckpoint } from '../io/model-files.js';
import type { TrainingContext } from '../training/callbacks/callback.js';
import { ClassifierTraining } from './classify/classifier-training.js';
import { ForecastTraining } from './forecast/forecast-training.js';
import { documentStarts } from './language-model/document-starts.js';
import { LanguageModelTraining } from './language-model/language-model-training.js';
import { TaggerTraining } from './tag/tagger-training.js';
import { RoundStop } from './training-rounds.js';

const texts = Array.from({ length: 30 }, (_, i) => `${i % 2 === 0 ? 'good' : 'bad'} film ${i}`);
const labels = texts.map((text) => text.split(' ')[0]);
const small = { units: 3, embeddingUnits: 2, epochs: 1 };

/** As a program without types gives it. */
const untyped = (value: unknown): never => value as never;

describe('a task that is given something else', () => {
  it('says what to give for texts with labels', async () => {
    for (const value of [{ texts, labels }, texts])
      expect(await messageAfter(() => new ClassifierTraining(untyped(value)))).toMatch(
        /\[USAGE\][^]*give \{ train: \{ texts, labels \} \}/,
      );
    const withNull = { train: { texts: [...texts, null], labels: [...labels, 'bad'] } };
    expect(await messageAfter(() => new ClassifierTraining(untyped(withNull)))).toMatch(
      /\[DATA_FORMAT\][^]*item 31 is no text[^]*null/,
    );
  });

  it('says what to give a classifier, which takes a single text', async () => {
    const { classifier } = new ClassifierTraining({ train: { texts, labels } }, small);
    expect(await classifier.predict('good film')).toEqual(await classifier.predict(['good film']));
    expect(await messageAfter(() => classifier.predict(untyped(['good', 5])))).toContain('item 2 is no text');
    expect(await messageAfter(() => classifier.predict(untyped(7)))).toContain('[USAGE]');
  });

  it('says what to give a language model', async () => {
    for (const value of [texts, 7, undefined])
      expect(await messageAfter(() => new LanguageModelTraining(untyped(value)))).toMatch(/\[USAGE\][^]*give a text/);
  });

  it('says what to give a tagger', async () => {
    const sentences = Array.from({ length: 30 }, (_, i) => ({
      words: ['they', 'abcdefghijklmnopqrstuvwxyzäöüß'[i]],
      tags: ['P', 'V'],
    }));
    expect(await messageAfter(() => new TaggerTraining(untyped(sentences)))).toMatch(/\[USAGE\][^]*give \{ train \}/);
    const { tagger } = new TaggerTraining({ train: sentences }, { units: 3, wordUnits: 2, epochs: 1 });
    for (const value of ['They sleep .', ['They', 'sleep']])
      expect(await messageAfter(() => tagger.predict(untyped(value)))).toContain('[USAGE]');
  });
});

describe('a training of a task', () => {
  const isTold = async (training: { train(controls?: object): Promise<unknown> }): Promise<void> => {
    for (const controls of [{ sigal: 1 }, { checkpont: {} }, { checkpoint: { save() {}, everyStep: 2 } }])
      expect(await messageAfter(() => training.train(controls))).toMatch(
        /\[UNKNOWN_NAME\].*Training.train.*did you mean/,
      );
    expect(await messageAfter(() => training.train({ signal: 'x' }))).toContain('`signal` is no AbortSignal');
  };

  it('refuses what it does not know to be steered by', async () => {
    await isTold(new ClassifierTraining({ train: { texts, labels } }, small));
    await isTold(new LanguageModelTraining('one two three '.repeat(50), { units: 3, timesteps: 5, epochs: 1 }));
    const sentences = Array.from({ length: 30 }, (_, i) => ({
      words: ['a', 'abcdefghijklmnopqrstuvwxyzäöüß'[i]],
      tags: ['X', 'Y'],
    }));
    await isTold(new TaggerTraining({ train: sentences }, { units: 3, epochs: 1 }));
    const rows = Array.from({ length: 80 }, (_, i) => [String(i % 7)]);
    await isTold(new ForecastTraining(Table.fromRows('t', ['y'], rows), { target: 'y', horizon: 2, epochs: 1 }));
  });
});

describe('tokens that the vocabulary does not hold', () => {
  it('are no sign of a beginning', () => {
    const codec = TextCodec.fromText('ab');
    const tokens = codec.encode('azbzazazbzbzazazbz');
    expect(Array.from(documentStarts(tokens, codec, []).tokens)).not.toContain(codec.unknownId);
  });

  it('are counted by part, and most of a text cannot begin with a model that does not know it', async () => {
    const codec = TextCodec.fromText('abc ');
    const training = new LanguageModelTraining({ train: 'abc abd '.repeat(20), codec }, { ...small, validation: 0.25 });
    expect(training.numUnknown).toEqual({ train: 15, validation: 5 });
    const other = { train: '春江花月夜'.repeat(20), initial: training.languageModel };
    expect(await messageAfter(() => new LanguageModelTraining(other))).toMatch(
      /\[DATA_FORMAT\][^]*does not know most of the text/,
    );
  });
});

describe('a score that stands at 0', () => {
  it('does not end training while the loss falls', async () => {
    const stopAfter = async (losses: readonly number[]): Promise<number> => {
      const stop = new RoundStop({ monitor: 'valSpanF1', epochs: 20, maxEpochs: 60, patience: 3 });
      let stopped = false;
      const model = { namedWeights: () => [] };
      const context = untyped({
        model,
        moreIsBetter: () => true,
        stopTraining: () => (stopped = true),
      }) as TrainingContext;
      for (const [epoch, valLoss] of losses.entries()) {
        await stop.onEpochEnd(epoch, { loss: valLoss, valLoss, valSpanF1: 0 }, context);
        if (stopped) return epoch;
      }
      return -1;
    };
    expect(await stopAfter(Array.from({ length: 9 }, (_, i) => 5 - i / 2))).toBe(-1);
    expect(await stopAfter(Array.from({ length: 9 }, () => 5))).toBe(3);
  });
});

describe('a forecast and a callback that are given something else', () => {
  it('say what to give', async () => {
    expect(await messageAfter(() => new ForecastTraining(untyped([3, 1, 4]), { target: 'load', horizon: 2 }))).toMatch(
      /\[USAGE\][^]*give a table/,
    );
    for (const value of [{ path: 'a' }, { filepath: 'b' }])
      expect(await messageAfter(() => modelCheckpoint(untyped(value)))).toMatch(
        /\[USAGE\][^]*write modelCheckpoint\('/,
      );
  });
});

import { describe, expect, it } from 'vitest';
import { setSeed } from '../../random.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { TaggedSentence } from './tagged-sentence.js';
import type { Tagger } from './tagger.js';
import type { TaggerOptions } from './tagger-options.js';
import { TaggerTraining } from './tagger-training.js';

const options: TaggerOptions = {
  cell: 'gru',
  units: 7,
  wordUnits: 5,
  characterUnits: 3,
  characterFeatures: 6,
  minCount: 1,
  timesteps: 11,
  batchSize: 9,
  dropout: 0.3,
  epochs: 1,
};

/** Sentences such as `Ada met Bo .`, some with a name's second part. */
const sentencesOf = (count: number, names: readonly string[]): TaggedSentence[] =>
  Array.from({ length: count }, (_, i) => {
    const isLong = i % 3 === 0;
    return {
      words: [names[i % names.length], ...(isLong ? ['Lee'] : []), i % 2 === 0 ? 'met' : 'saw', `${i}`, '.'],
      tags: ['B-PER', ...(isLong ? ['I-PER'] : []), 'O', 'O', 'O'],
    };
  });

const [train, validation] = [sentencesOf(40, ['Ada', 'Bo', 'Cy', 'Di']), sentencesOf(12, ['Ed', 'Flo'])];
const more = sentencesOf(31, ['Gus', 'Ada']);
const first = (): Tagger => {
  setSeed(4);
  return new TaggerTraining({ train, validation }, options).tagger;
};

describe('a tagger that goes on from another', () => {
  it('has its weights, words and shape, and tags as it did before it learns', async () => {
    const initial = first();
    setSeed(6);
    const data = { train: more, validation: train, test: validation, initial };
    const { tagger, beginning } = new TaggerTraining(data, { dropout: 0, epochs: 2 });
    expect(tagger.codec.words).toBe(initial.codec.words);
    expect(tagger.codec.tags).toBe(initial.codec.tags);
    expect(tagger.options).toMatchObject({ ...options, dropout: 0, epochs: 2 });
    const words = more.map((sentence) => sentence.words);
    expect(await tagger.probabilities(words[1])).toEqual(await initial.probabilities(words[1]));
    expect(await tagger.predict(words)).toEqual(await initial.predict(words));
    const { unknown, learnedBefore, ...taken } = beginning!;
    expect(taken).toEqual({ numTaken: initial.model.countParams(), anew: [] });
    expect(unknown).toMatchObject({ numUnknown: 16, examples: ['Gus'] });
    expect(learnedBefore).toEqual({ validation: 40, test: 0 });
  });

  it('calls words unknown that neither training has shown, and knows the sentences of both', async () => {
    const { tagger } = new TaggerTraining({ train: more, validation, initial: first() }, { epochs: 1 });
    expect(['Bo', 'Gus', 'Hal'].map((word) => tagger.codec.isUnknown(word))).toEqual([false, false, true]);
    const copy = deserializeTask(serializeTask(tagger)).task as Tagger;
    expect(await copy.evaluate([...train, ...more])).toMatchObject({ numTrained: 71 });
  });

  it('learns without changing the earlier one', async () => {
    const initial = first();
    const words = more.map((sentence) => sentence.words);
    const before = await initial.probabilities(words[0]);
    const training = new TaggerTraining({ train: more, validation, initial }, { epochs: 2 });
    const { loss } = await training.train();
    expect(loss[1]).toBeLessThan(loss[0]);
    expect(await initial.probabilities(words[0])).toEqual(before);
    expect(new TaggerTraining({ train: more, validation, initial }, {}, training.tagger).beginning).toBeUndefined();
  });

  it('begins its scores and chain anew where the tags are others, though there be as many', () => {
    const initial = first();
    const places = more.map(({ words, tags }) => ({ words, tags: tags.map((tag) => tag.replace('PER', 'LOC')) }));
    const { tagger, beginning } = new TaggerTraining({ train: places, validation: places, initial });
    expect(tagger.codec.tags).toEqual(['O', 'B-LOC', 'I-LOC']);
    expect(beginning!.anew).toEqual(['dense/kernel', 'dense/bias', 'crf/transitions', 'crf/start', 'crf/end']);
  });

  it('refuses another shape, and vectors', () => {
    const data = { train: more, validation, initial: first() };
    expect(() => new TaggerTraining(data, { wordUnits: 6, crf: false })).toThrow('expected: crf true, wordUnits 5');
    expect(() => new TaggerTraining({ ...data, vectors: {} as never })).toThrow('no `vectors` beside `initial`');
  });
});

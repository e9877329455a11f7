import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { Random, setSeed } from '../../random.js';
import { tensor } from '../../tensor/tensor.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { TaggedSentence } from './tagged-sentence.js';
import { Tagger } from './tagger.js';
import type { TaggerOptions } from './tagger-options.js';
import { TaggerTraining } from './tagger-training.js';

const consonants = [...'bcdfglmnprst'];
const options: TaggerOptions = {
  units: 12,
  wordUnits: 8,
  characterUnits: 6,
  characterFeatures: 10,
  epochs: 8,
  batchSize: 7,
  dropout: 0.1,
  learningRate: 0.02,
  wordDropout: 0.2,
};

/** Sentences whose tags can be told from endings and from the word before; stems are never the same. */
function sentencesOf(count: number, seed: number): TaggedSentence[] {
  const random = new Random(seed);
  const stem = (): string =>
    Array.from({ length: 2 }, () => consonants[random.integer(12)] + 'aeiou'[random.integer(5)]).join('');
  return Array.from({ length: count }, () => {
    const words: string[] = [];
    const tags: string[] = [];
    const add = (word: string, tag: string): void => void (words.push(word), tags.push(tag));
    for (let part = 0; part <= random.integer(3); part++) {
      add(random.uniform() < 0.5 ? 'the' : 'a', 'DET');
      if (random.uniform() < 0.4) add(`${stem()}ish`, 'ADJ');
      add(`${stem()}on`, 'NOUN');
      add(`${stem()}eth`, 'VERB');
    }
    add('.', 'PUNCT');
    return { words, tags };
  });
}

/** Names of one word or two, in BIO. */
function namesOf(count: number, seed: number): TaggedSentence[] {
  const random = new Random(seed);
  const pick = (from: readonly string[]): string => from[random.integer(from.length)];
  return Array.from({ length: count }, () => {
    const first = pick(['Ada', 'Bo', 'Cy']);
    const isLong = random.uniform() < 0.5;
    const words = [
      pick(['saw', 'met']),
      first,
      ...(isLong ? [pick(['Lee', 'Moe'])] : []),
      'in',
      pick(['Rome', 'Oslo']),
    ];
    return { words, tags: ['O', 'B-PER', ...(isLong ? ['I-PER'] : []), 'O', 'B-LOC'] };
  });
}

const [train, validation] = [sentencesOf(150, 1), sentencesOf(40, 2)];

async function trained(
  own: TaggerOptions = {},
  data: Partial<ConstructorParameters<typeof TaggerTraining>[0]> = {},
): Promise<Tagger> {
  setSeed(4);
  const training = new TaggerTraining({ train, validation, ...data }, { ...options, ...own });
  await training.train();
  return training.tagger;
}

describe('a tagger', () => {
  let tagger: Tagger;
  beforeAll(async () => {
    tagger = await trained();
  });

  it('learns endings and neighbours, also of words that it has never seen', async () => {
    const report = await tagger.evaluate(sentencesOf(40, 3));
    expect(report.accuracy).toBeGreaterThan(0.98);
    expect(report.numUnknown).toBeGreaterThan(50);
    expect(report.unknownAccuracy).toBeGreaterThan(0.97);
    const { valScore, bestEpoch } = tagger.outcome!;
    expect(valScore![bestEpoch]).toBe(Math.max(...valScore!));
  });

  it('has the baseline beside its figures on the sentences that training measured', async () => {
    const report = await tagger.evaluate(validation);
    expect(report.baseline).toMatchObject({ part: 'validation', numWords: report.numWords });
    expect(report.baseline!.accuracy).toBeGreaterThan(0.5);
    expect((await tagger.evaluate(sentencesOf(5, 9))).baseline).toBeNull();
    const counts = new Map<string, number>();
    for (const tag of train.flatMap(({ tags }) => tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    const [tag] = [...counts].reduce((most, own) => (own[1] > most[1] ? own : most));
    const own = validation.flatMap(({ tags }) => tags);
    const accuracy = own.filter((found) => found === tag).length / own.length;
    expect(report.commonest).toEqual({ tag, accuracy });
    const twice = await tagger.evaluate([...validation, ...validation]);
    expect(twice.commonest).toEqual({ tag, accuracy });
    expect(twice.numDistinctWords).toBe(report.numDistinctWords);
    // Files of earlier versions say it by the order of their tags alone.
    const { commonestTag, ...sentences } = tagger.sentences;
    expect(commonestTag).toBe(tag);
    const older = new Tagger(tagger.model, tagger.codec, sentences, tagger.options);
    expect((await older.evaluate(validation)).commonest).toEqual({ tag, accuracy });
    expect(report.accuracy).toBeCloseTo(tagger.outcome!.valScore![tagger.outcome!.bestEpoch], 6);
  });

  it('tags a sentence the same whatever stands beside it', async () => {
    const sentences = validation.map(({ words }) => words);
    const together = await tagger.predict(sentences);
    for (const place of [0, 7, 23]) expect((await tagger.predict([sentences[place]]))[0]).toEqual(together[place]);
    expect(await tagger.predict([...sentences].reverse())).toEqual([...together].reverse());
    const model = (words: readonly string[][], time: number): Float32Array | Float64Array => {
      const codec = words.map((own) => tagger.codec.encode({ words: own }));
      const K = tagger.codec.affixesPerWord;
      const columns = 9 + K;
      const data = new Int32Array(words.length * time * columns);
      codec.forEach(({ words: ids, affixes, characters }, b) =>
        ids.forEach((id, t) => {
          const own = affixes.subarray(t * K, (t + 1) * K);
          data.set([id, ...own, ...characters[t]], (b * time + t) * columns);
        }),
      );
      return tagger.model.apply(tensor(data, [words.length, time, columns])).dataSync();
    };
    const K = tagger.codec.tags.length;
    const alone = model([[...sentences[0]]], sentences[0].length);
    const beside = model([[...sentences[0]], [...sentences[7]]], 30);
    expectClose(beside.subarray(0, alone.length), alone, 1e-5, `scores of ${alone.length / K} words`);
  });

  it('tags sentences of no word, of one, of ten thousand, and of signs that it has never seen', async () => {
    const long = Array.from({ length: 10_000 }, (_, i) => ['the', 'bacaon', 'bebeeth'][i % 3]);
    const [none, one, many, signs] = await tagger.predict([
      [],
      ['the'],
      long,
      ['👩🏽‍🚀', 'e\u0301\u0302', '', '\n', '٣', 'x'.repeat(5000)],
    ]);
    expect(none).toEqual([]);
    expect(one).toEqual(['DET']);
    expect(many).toHaveLength(10_000);
    expect(many.slice(5000, 5003).sort()).toEqual(['DET', 'NOUN', 'VERB']);
    expect(signs).toHaveLength(6);
    expect(await tagger.predict([])).toEqual([]);
  });

  it('says how sure it is', async () => {
    const words = ['the', 'bacaon', 'bebeeth', '.'];
    const probabilities = await tagger.probabilities(words);
    const [tags] = await tagger.predict([words]);
    probabilities.forEach((own, t) => {
      expect(own.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
      expect(tagger.codec.tags[own.indexOf(Math.max(...own))]).toBe(tags[t]);
    });
    expect(await tagger.probabilities([])).toEqual([]);
  });

  it('is the same after a file', async () => {
    const { task, training } = deserializeTask(serializeTask(tagger));
    expect(training).toBeUndefined();
    if (!(task instanceof Tagger)) throw new Error(task.task);
    expect(await task.evaluate(validation)).toEqual(await tagger.evaluate(validation));
    expect(task.codec.isUnknown('the')).toBe(false);
    expect(task.options).toEqual(tagger.options);
    expect(task.outcome).toEqual(tagger.outcome);
    expect(task.sentences).toEqual(tagger.sentences);
    expect(task.isTrainedOn(train)).toBe(true);
  });
});

describe('a tagger of spans', () => {
  const names = { train: namesOf(80, 5), validation: namesOf(20, 6) };

  it('finds the scheme, chooses by the F1 of spans and never breaks the scheme', async () => {
    const tagger = await trained({ epochs: 10 }, names);
    expect(tagger.sentences.scheme).toBe('bio');
    const report = await tagger.evaluate(namesOf(30, 7));
    expect(report.spans!.f1).toBeGreaterThan(0.95);
    expect(report.byKind!.PER.numTrue).toBe(30);
    const untrained = new TaggerTraining(names, { ...options, units: 3 }).tagger;
    const random = new Random(1);
    const noise = Array.from({ length: 60 }, () =>
      Array.from({ length: 9 }, () => ['Ada', 'Lee', 'in', 'Rome', 'qq'][random.integer(5)]),
    );
    for (const tags of await untrained.predict(noise))
      tags.forEach((tag, i) => tag === 'I-PER' && expect(['B-PER', 'I-PER']).toContain(tags[i - 1]));
  });

  it('may go without a CRF, and with a convolution over the characters', async () => {
    const tagger = await trained({ crf: false, characterEncoder: 'conv', epochs: 10 }, names);
    expect(tagger.model.layers.at(-1)!.className).toBe('Dense');
    expect((await tagger.evaluate(namesOf(30, 7))).spans!.f1).toBeGreaterThan(0.9);
    const [own] = await tagger.probabilities(['Ada']);
    expect(own.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
  });
});

describe('training a tagger', () => {
  it('ends with the same bits when it was interrupted within an epoch and resumed', async () => {
    const short = { ...options, epochs: 2 };
    setSeed(11);
    const whole = new TaggerTraining({ train, validation }, short);
    await whole.train();
    setSeed(11);
    const first = new TaggerTraining({ train, validation }, short);
    const controller = new AbortController();
    let saved: Uint8Array | undefined;
    let numSteps = 0;
    const stopper = {
      name: 'stopper',
      onBatchEnd: () => void (++numSteps === first.numBatches + 5 && controller.abort()),
    };
    const save = (snapshot: TrainingSnapshot): void => void (saved = serializeTask(first.tagger, snapshot));
    expect(
      (await first.train({ signal: controller.signal, callbacks: [stopper], checkpoint: { save } })).stopReason,
    ).toBe('aborted');
    setSeed(99);
    const { task, training } = deserializeTask(saved!);
    if (!(task instanceof Tagger)) throw new Error(task.task);
    const second = new TaggerTraining({ train, validation }, {}, task);
    await second.train({ resumeFrom: training, callbacks: [{ name: 'stopper' }] });
    expect(Buffer.from(serializeTask(second.tagger)).equals(Buffer.from(serializeTask(whole.tagger)))).toBe(true);
    for (const other of [{ train: train.slice(1), validation }, { train, validation: validation.slice(1) }, { train }])
      expect(() => new TaggerTraining(other, {}, task)).toThrow('not the sentences of the interrupted training');
  });

  it('starts from vectors that are given, and knows their words', async () => {
    const vectors = new Map([
      ['the', Float32Array.of(1, 2, 3)],
      ['zebra', Float32Array.of(4, 5, 6)],
    ]);
    const { tagger } = new TaggerTraining({ train, validation, vectors }, { units: 4, characterEncoder: 'none' });
    expect(tagger.options.wordUnits).toBe(3);
    const table = tagger.model.weights[0].dataSync();
    for (const [word, vector] of vectors) {
      const row = tagger.codec.words.idOf(word);
      expect([...table.subarray(3 * row, 3 * row + 3)]).toEqual([...vector]);
    }
    expect(tagger.codec.words.idOf('zebra')).toBeGreaterThan(1);
    // Training never showed it, so it counts as unknown in every report, the baseline's too.
    expect([tagger.codec.isUnknown('zebra'), tagger.codec.isUnknown('the')]).toEqual([true, false]);
    expect(tagger.sentences.vectors).toMatchObject({ foundTypes: 1, subwordTypes: 0 });
    expect(new TaggerTraining({ train, validation, vectors }, { vectorWords: 1 }).tagger.codec.words.has('zebra')).toBe(
      false,
    );
    expect(() => new TaggerTraining({ train, validation, vectors }, { wordUnits: 4 })).toThrow(
      '[USAGE] TaggerTraining: the vectors decide how wide the embedding is.\n  expected: wordUnits 3, or none',
    );
    expect(
      () =>
        new TaggerTraining({
          train,
          validation,
          vectors: new Map([
            ['the', [1, 2]],
            ['zebra', [1]],
          ]),
        }),
    ).toThrow('[DATA_FORMAT] TaggerTraining, vectors: the vector of "zebra" has another width');
    expect(() => new TaggerTraining({ train, validation, vectors: new Map() })).toThrow(
      '[DATA_FORMAT] TaggerTraining, vectors',
    );
    expect(() => new TaggerTraining({ train, validation }, { freezeVectors: true })).toThrow(
      '[USAGE] TaggerTraining: `freezeVectors` is given, and no vectors are.',
    );
  });

  it('keeps frozen vectors, in training and in its file, and learns the others', async () => {
    const vectors = new Map([
      ['The', Float32Array.of(1, 2, 3)],
      ['the', Float32Array.of(3, 2, 1)],
      ['zebra', Float32Array.of(4, 5, 6)],
    ]);
    for (const freezeVectors of [true, false]) {
      setSeed(4);
      const training = new TaggerTraining(
        { train, validation, vectors },
        { units: 4, characterFeatures: 4, epochs: 1, freezeVectors },
      );
      const { tagger } = training;
      const rowOf = (word: string, { model, codec } = tagger): number[] => [
        ...model.weights[0].dataSync().subarray(3 * codec.words.idOf(word), 3 * codec.words.idOf(word) + 3),
      ];
      await training.train();
      expect(JSON.stringify(rowOf('the')) === '[3,2,1]').toBe(freezeVectors);
      expect(rowOf('zebra')).toEqual([4, 5, 6]);
      const { task } = deserializeTask(serializeTask(tagger));
      if (!(task instanceof Tagger)) throw new Error(task.task);
      expect(rowOf('the', task)).toEqual(rowOf('the'));
      expect(task.codec.isUnknown('zebra')).toBe(true);
      expect(task.sentences.vectors).toEqual(tagger.sentences.vectors);
      expect(task.model.trainableWeights.length).toBe(task.model.weights.length - (freezeVectors ? 1 : 0));
    }
  });

  it('holds sentences out where none are given, and cuts long ones', () => {
    const training = new TaggerTraining({ train }, { ...options, validation: 0.2, timesteps: 4 });
    expect(training.numSentences).toEqual({ train: 120, validation: 30 });
    expect(training.numBatches).toBeGreaterThan(Math.ceil(120 / 7));
  });

  it('looks words up as it is told', () => {
    const { codec } = new TaggerTraining(
      {
        train: [
          ...train,
          { words: ['Born', 'in', '1984', 'and', '1985', 'BORN'], tags: ['A', 'B', 'C', 'D', 'C', 'A'] },
        ],
      },
      options,
    ).tagger;
    expect(codec.words.has('born')).toBe(true);
    expect(codec.words.has('0000')).toBe(true);
    expect(codec.isUnknown('in')).toBe(false);
    expect(codec.words.has('in')).toBe(false);
    const kept = new TaggerTraining(
      { train: [...train, { words: ['Born', '1984', 'Born'], tags: ['A', 'B', 'A'] }] },
      { ...options, lower: false, digits: false, minCount: 1 },
    ).tagger.codec;
    expect([kept.words.has('Born'), kept.words.has('born'), kept.words.has('1984')]).toEqual([true, false, true]);
  });

  it('counts words whose tag training never showed as wrong, and refuses only validation of nothing else', async () => {
    const odd: TaggedSentence = { words: ['the', 'wug'], tags: ['DET', 'WUG'] };
    const tagger = await trained({ epochs: 1 }, { validation: [...validation, odd] });
    const report = await tagger.evaluate([odd]);
    expect(report.numUnseenTags).toBe(1);
    expect(report.accuracy).toBeLessThan(1);
    expect(() => new TaggerTraining({ train, validation: [odd] }, options)).toThrow(
      'every sentence has a tag that training never shows',
    );
  });

  it('refuses what it cannot do before computing', () => {
    const of =
      (own: object, data: object = {}): (() => unknown) =>
      () =>
        new TaggerTraining({ train, validation, ...data }, own);
    expect(of({}, { train: [{ words: ['a'], tags: ['X'] }] })).toThrow(
      '[OUT_OF_RANGE] TaggerTraining: all words have the same tag, "X"',
    );
    expect(of({}, { train: [{ words: ['a'], tags: [] }] })).toThrow(
      '[SHAPE_MISMATCH] TaggerTraining, train, sentence 1',
    );
    expect(of({}, { train: [] })).toThrow('[DATA_FORMAT] TaggerTraining, train: there are no words');
    expect(of({}, { train: train.slice(0, 3), validation: undefined })).toThrow('too few sentences to hold some out');
    expect(of({ validation: 0.2 })).toThrow(
      '[USAGE] TaggerTraining: a share of validation and validation sentences cannot be given together',
    );
    expect(of({ unit: 3 })).toThrow('did you mean `units`');
    expect(of({ cell: 'lsmt' })).toThrow('did you mean `lstm`');
    expect(of({ scheme: 'boi' })).toThrow('did you mean `bio`');
    expect(of({ scheme: 'bio' })).toThrow('is no tag of the scheme `bio`');
    expect(of({ characterEncoder: 'cnv' })).toThrow('unknown characterEncoder');
    expect(of({ wordDropout: 1 })).toThrow('[OUT_OF_RANGE]');
    expect(of({ validation: 0.6 }, { validation: undefined })).toThrow('[OUT_OF_RANGE]');
  });
});

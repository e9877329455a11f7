import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../test/support/central-differences.js';
import { Random, setSeed } from '../../random.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { TaggedSentence } from './tagged-sentence.js';
import type { Tagger } from './tagger.js';
import type { TaggerOptions } from './tagger-options.js';
import { type TaggerData, TaggerTraining } from './tagger-training.js';

const options: TaggerOptions = {
  ...{ wordUnits: 9, characterEncoder: 'none', longestAffix: 0 },
  ...{ batchSize: 7, dropout: 0, wordDropout: 0, learningRate: 0.02, minCount: 1 },
};
const short = { batchSize: 7, dropout: 0, wordDropout: 0, learningRate: 0.02, epochs: 4 };

/** Words of two readings, which the word before decides: `to walk`, `the walk`. */
function sentencesOf(count: number, seed: number): TaggedSentence[] {
  const random = new Random(seed);
  const stems = Array.from({ length: 25 }, (_, i) => `walk${'abcdefghijklmnopqrstuvwxy'[i]}`);
  return Array.from({ length: count }, () => {
    const words: string[] = [];
    const tags: string[] = [];
    for (let part = 0; part <= random.integer(4); part++) {
      const isVerb = random.uniform() < 0.5;
      words.push(isVerb ? 'to' : 'the', stems[random.integer(stems.length)]);
      tags.push(isVerb ? 'PART' : 'DET', isVerb ? 'VERB' : 'NOUN');
    }
    return { words: [...words, '.'], tags: [...tags, 'PUNCT'] };
  });
}

const few = sentencesOf(24, 3);
const random = new Random(8);
/** A third of the tags is wrong, which the teacher knows better. */
const noisy = sentencesOf(80, 6).map(({ words, tags }) => ({
  words,
  tags: tags.map((tag) => (random.uniform() < 1 / 3 ? ['VERB', 'NOUN', 'DET', 'PART'][random.integer(4)] : tag)),
}));
const validation = sentencesOf(30, 4);
const test = sentencesOf(60, 5);
const teachers: Record<'crf' | 'plain', Tagger> = {} as never;

beforeAll(async () => {
  for (const kind of ['crf', 'plain'] as const) {
    setSeed(2);
    const training = new TaggerTraining(
      { train: sentencesOf(200, 1), validation },
      { ...options, units: 11, layers: 2, epochs: 6, crf: kind === 'crf' },
    );
    await training.train();
    teachers[kind] = training.tagger;
  }
});

function student(data: Partial<TaggerData>, more: TaggerOptions = {}): TaggerTraining {
  setSeed(9);
  return new TaggerTraining({ train: few, validation, ...data }, { ...short, ...more });
}

const weightsOf = ({ model }: Tagger): number[][] =>
  Object.values(model.getWeights()).map((weight) => [...weight.dataSync()]);

describe('a tagger with a teacher', () => {
  it('has its words, its tags and its random field, and half its widths', () => {
    const { tagger } = student({ teacher: { model: teachers.crf } });
    expect(tagger.codec.words).toBe(teachers.crf.codec.words);
    expect(tagger.codec.tags).toBe(teachers.crf.codec.tags);
    expect(tagger.options).toMatchObject({ crf: true, layers: 2, units: 6, wordUnits: 5, characterEncoder: 'none' });
    const own = student({ teacher: { model: teachers.crf } }, { crf: false, units: 8, layers: 1 }).tagger.options;
    expect(own).toMatchObject({ crf: false, layers: 1, units: 8 });
  });

  it.each([
    ['crf', true],
    ['crf', false],
    ['plain', true],
    ['plain', false],
  ] as const)(
    'of a teacher (%s) learns faster than alone where tags are often wrong, with a random field: %s',
    async (kind, crf) => {
      const shares: number[] = [];
      for (const alpha of [0, 0.8]) {
        const training = student(
          { train: noisy, teacher: { model: teachers[kind], alpha } },
          { crf, units: 7, layers: 1 },
        );
        const { loss } = await training.train();
        expect(loss.every(Number.isFinite)).toBe(true);
        const words = test.map((sentence) => sentence.words);
        let surprise = 0;
        let count = 0;
        for (const [s, own] of words.slice(0, 20).entries())
          for (const [t, row] of (await training.tagger.probabilities(own)).entries()) {
            surprise -= Math.log(row[training.tagger.codec.tags.indexOf(test[s].tags[t])]);
            count++;
          }
        shares.push(surprise / count);
      }
      expect(shares[1]).toBeLessThan(0.9 * shares[0]);
    },
  );

  it('knows how good its teacher is, and what of the sentences it has learned', async () => {
    const training = student({ teacher: { model: teachers.crf } });
    const { accuracy } = await teachers.crf.evaluate(test);
    expect(await training.evaluateTeacher(test)).toMatchObject({ accuracy });
    expect((await training.evaluateTeacher())!.numLearned).toBeLessThan(validation.length / 2);
    expect((await training.evaluateTeacher(sentencesOf(200, 1)))!.numLearned).toBeGreaterThan(150);
  });

  it('ends with the same bits when it was interrupted within an epoch and resumed', async () => {
    const data = { train: few, validation, teacher: { model: teachers.crf, temperature: 1.5 } };
    const whole = student(data, { wordDropout: 0.1, epochs: 2 });
    const saved: { file: Uint8Array; snapshot: TrainingSnapshot }[] = [];
    const save = (snapshot: TrainingSnapshot): void =>
      void saved.push({ file: serializeTask(whole.tagger, snapshot), snapshot });
    await whole.train({ checkpoint: { save, everySteps: 3 } });
    const { task, training } = deserializeTask(saved[0].file);
    const resumed = new TaggerTraining(data, {}, task as Tagger);
    await resumed.train({ resumeFrom: training, checkpoint: { save: () => undefined, everySteps: 3 } });
    expect(weightsOf(resumed.tagger)).toEqual(weightsOf(whole.tagger));
  });

  it('reads words as its teacher does, and knows the same tags', () => {
    const taught = { model: teachers.crf };
    const made = (data: object, given = {}): string => messageOf(() => student({ teacher: taught, ...data }, given));
    expect(made({}, { minCount: 2 })).toMatch(/the teacher decides what a token is.*\n {2}expected: no `minCount`/);
    expect(made({ initial: teachers.crf })).toMatch(/expected: no `initial` and no `vectors` beside `teacher`/);
    expect(made({ teacher: { ...taught, topK: 3 } })).toMatch(
      /^\[UNKNOWN_NAME\] TaggerTraining, teacher: unknown option `topK`/,
    );
    const other = few.map(({ words, tags }) => ({ words, tags: tags.map((tag) => (tag === 'VERB' ? 'V' : tag)) }));
    const refused = made({ train: other });
    expect(refused).toMatch(
      /^\[DATA_FORMAT\] TaggerTraining, teacher: the teacher tells other tags apart than these data/,
    );
    expect(refused).toContain('received: V, which it does not know');
    expect(
      student({
        teacher: taught,
        train: few.map((one) => ({ ...one, tags: one.tags.map((tag) => (tag === 'PART' ? 'DET' : tag)) })),
      }).tagger.codec.tags,
    ).toHaveLength(5);
  });
});

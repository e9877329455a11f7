import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../test/support/central-differences.js';
import { madeReviews, reviewOptions } from '../../../test/support/made-reviews.js';
import { Random, setSeed } from '../../random.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { Classifier } from './classifier.js';
import { type ClassifierData, ClassifierTraining, type ClassifierTrainingOptions } from './classifier-training.js';

const many = madeReviews(400);
const few = madeReviews(120, 5);
const random = new Random(8);
const flipped = (label: string): string => (label === 'positive' ? 'negative' : 'positive');
/** A third of the labels is wrong, which the teacher knows better. */
const noisy = { texts: few.texts, labels: few.labels.map((own) => (random.uniform() < 1 / 3 ? flipped(own) : own)) };
const held = { validation: madeReviews(60, 6), test: madeReviews(150, 7) };
const short = { batchSize: 8, learningRate: 0.02, dropout: 0, tokenDropout: 0, epochs: 5 } as const;

let teacher: Classifier;

beforeAll(async () => {
  setSeed(4);
  const training = new ClassifierTraining({ train: many, ...held }, { ...reviewOptions, layers: 1, units: 13 });
  await training.train();
  teacher = training.classifier;
});

function student(data: Partial<ClassifierData>, more: ClassifierTrainingOptions = {}): ClassifierTraining {
  setSeed(9);
  return new ClassifierTraining({ train: few, ...held, ...data }, { ...short, ...more });
}

const weightsOf = ({ model }: Classifier): number[][] =>
  Object.values(model.getWeights()).map((weight) => [...weight.dataSync()]);

describe('a classifier with a teacher', () => {
  it('has its tokens and pooling, and half its widths', () => {
    const { classifier } = student({ teacher: { model: teacher } });
    expect(classifier.encoder).toBe(teacher.encoder);
    expect(classifier.options).toMatchObject({ cell: 'gru', layers: 1, units: 7, embeddingUnits: 5, pooling: 'max' });
    expect(student({ teacher: { model: teacher } }, { units: 4, pooling: 'mean' }).classifier.options).toMatchObject({
      ...{ units: 4, pooling: 'mean', minCount: teacher.options.minCount },
    });
  });

  it('learns faster than alone where labels are often wrong', async () => {
    const losses: number[] = [];
    for (const alpha of [0, 0.8]) {
      const training = student({ train: noisy, teacher: { model: teacher, alpha } }, { epochs: 8 });
      await training.train();
      losses.push((await training.evaluate()).loss);
    }
    expect(losses[1]).toBeLessThan(0.8 * losses[0]);
  });

  it('knows how good its teacher is on the texts that are held out, and what of these it has learned', async () => {
    const training = student({ teacher: { model: teacher } });
    const { accuracy } = await teacher.evaluate(held.test);
    expect(await training.evaluateTeacher()).toEqual({ accuracy, numLearned: 0 });
    const kind = student({
      teacher: { model: teacher },
      test: { texts: many.texts.slice(0, 9), labels: many.labels.slice(0, 9) },
    });
    expect(await kind.evaluateTeacher()).toMatchObject({ numLearned: 9 });
    expect(await student({}).evaluateTeacher()).toBeUndefined();
  });

  it('ends with the same bits when it was interrupted within an epoch and resumed', async () => {
    const whole = student({ teacher: { model: teacher } }, { tokenDropout: 0.1, epochs: 2 });
    const saved: { file: Uint8Array; snapshot: TrainingSnapshot }[] = [];
    const save = (snapshot: TrainingSnapshot): void =>
      void saved.push({ file: serializeTask(whole.classifier, snapshot), snapshot });
    await whole.train({ checkpoint: { save, everySteps: 5 } });
    const { task, training } = deserializeTask(saved[0].file);
    const data = { train: few, ...held, teacher: { model: teacher } };
    const resumed = new ClassifierTraining(data, {}, task as Classifier);
    await resumed.train({ resumeFrom: training, checkpoint: { save: () => undefined, everySteps: 5 } });
    expect(training!.values.batch).toBe(5);
    expect(weightsOf(resumed.classifier)).toEqual(weightsOf(whole.classifier));
  });

  it('reads texts as its teacher does, and tells the same classes apart', () => {
    const made = (data: object, given = {}): string =>
      messageOf(() => student({ teacher: { model: teacher }, ...data }, given));
    expect(made({}, { minCount: 2 })).toMatch(/the teacher decides what a token is.*\n {2}expected: no `minCount`/);
    expect(made({ initial: teacher })).toMatch(/expected: no `initial` and no `vectors` beside `teacher`/);
    expect(made({}, { labelSmoothing: 0.1 })).toMatch(/either smoothed or held beside what a teacher says/);
    const other = { texts: few.texts, labels: few.labels.map((label) => (label === 'negative' ? 'sour' : label)) };
    expect(made({ train: other, validation: undefined, test: undefined })).toMatchInlineSnapshot(`
      "[DATA_FORMAT] ClassifierTraining, teacher: the teacher tells other classes apart than these data have.
        expected: negative, positive
        received: sour, which it does not know; none of negative
        fix: give data of the teacher's classes, or a teacher that was trained on data such as these."
    `);
  });
});

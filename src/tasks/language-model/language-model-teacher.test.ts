import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../test/support/central-differences.js';
import { setSeed } from '../../random.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { LanguageModel } from './language-model.js';
import type { LanguageModelData } from './language-model-data.js';
import { LanguageModelTraining } from './language-model-training.js';

const text = '春眠不覺曉，處處聞啼鳥。the quick brown fox\n'.repeat(25);
const options = { cell: 'gru', batchSize: 3, timesteps: 13, embeddingUnits: 7, epochs: 2 } as const;

let teacher: LanguageModel;

beforeAll(async () => {
  setSeed(4);
  const training = new LanguageModelTraining(text, { ...options, units: 19, layers: 2, epochs: 6 });
  await training.train();
  teacher = training.languageModel;
});

/** The weights after a training, whose first draws are those of the seed. */
async function trained(data: Partial<LanguageModelData>, more: object = {}): Promise<Record<string, number[]>> {
  setSeed(9);
  const training = new LanguageModelTraining({ train: text, ...data }, { ...options, ...more });
  await training.train();
  return weightsOf(training.languageModel);
}

function weightsOf({ model }: LanguageModel): Record<string, number[]> {
  return Object.fromEntries(Object.entries(model.getWeights()).map(([name, weight]) => [name, [...weight.dataSync()]]));
}

describe('a language model with a teacher', () => {
  it('has its tokens, its cell and layers, and half its units', () => {
    const { cell: _, ...others } = options;
    const { languageModel } = new LanguageModelTraining({ train: text, teacher: { model: teacher } }, others);
    expect(languageModel.codec).toBe(teacher.codec);
    expect(languageModel.options).toMatchObject({ cell: 'gru', layers: 2, units: 10 });
    const wider = new LanguageModelTraining({ train: text, teacher: { model: teacher } }, { units: 13, layers: 1 });
    expect(wider.languageModel.options).toMatchObject({ layers: 1, units: 13 });
  });

  it('with alpha 0 has the bits of one that trains alone, and others with a teacher', async () => {
    const shape = { units: 10, layers: 2 };
    const alone = await trained({ codec: teacher.codec }, shape);
    expect(await trained({ teacher: { model: teacher, alpha: 0 } })).toEqual(alone);
    expect(await trained({ teacher: { model: teacher } })).not.toEqual(alone);
  });

  it('knows how good its teacher is on the held-out tokens', async () => {
    const training = new LanguageModelTraining({ train: text, teacher: { model: teacher } }, options);
    const { outcome } = teacher;
    expect(await training.teacherLoss()).toBe(outcome!.valLoss[outcome!.bestEpoch]);
  });

  it('ends with the same bits when it was interrupted within an epoch and resumed', async () => {
    const data = { train: text, teacher: { model: teacher, topK: 5 } };
    setSeed(9);
    const whole = new LanguageModelTraining(data, options);
    const saved: { file: Uint8Array; snapshot: TrainingSnapshot }[] = [];
    const save = (snapshot: TrainingSnapshot): void =>
      void saved.push({ file: serializeTask(whole.languageModel, snapshot), snapshot });
    await whole.train({ checkpoint: { save, everySteps: 5 } });
    const { task, training } = deserializeTask(saved[0].file);
    const resumed = new LanguageModelTraining(data, {}, task as LanguageModel);
    await resumed.train({ resumeFrom: training, checkpoint: { save: () => undefined, everySteps: 5 } });
    expect(training!.values.batch).toBe(5);
    expect(weightsOf(resumed.languageModel)).toEqual(weightsOf(whole.languageModel));
  });

  it('reads its text as its teacher does', () => {
    const made = (data: object, given = {}): string =>
      messageOf(() => new LanguageModelTraining({ train: text, teacher: { model: teacher }, ...data }, given));
    expect(made({}, { level: 'words' })).toMatch(/the teacher decides what a token is.*\n {2}expected: no `level`/);
    expect(made({ initial: teacher })).toMatch(
      /expected: no `initial` and no `codec` beside `teacher`\n {2}received: initial/,
    );
    setSeed(3);
    const { languageModel: other } = new LanguageModelTraining('abcdef\n'.repeat(40), options);
    const again = new LanguageModelTraining({ train: text }, options).languageModel;
    expect(messageOf(() => new LanguageModelTraining({ train: text, teacher: { model: other } }, {}, again))).toMatch(
      /^\[USAGE\] LanguageModelTraining, teacher: the teacher reads other tokens/,
    );
  });
});

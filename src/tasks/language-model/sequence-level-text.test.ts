import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../test/support/central-differences.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { Random, setSeed } from '../../random.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { LanguageModel } from './language-model.js';
import type { LanguageModelData } from './language-model-data.js';
import { LanguageModelTraining } from './language-model-training.js';
import { sequenceLevelText } from './sequence-level-text.js';

const draw = new Random(8);
const one = (...words: string[]): string => words[draw.integer(words.length)];

/** A language of few words, whose verbs agree with their nouns. */
const text = Array.from({ length: 260 }, () => {
  const isMany = draw.integer(2) === 1;
  const noun = one('cat', 'dog', 'hen') + (isMany ? 's' : '');
  return `the ${one('old', 'red', 'shy')} ${noun} ${one('eat', 'see', 'hear')}${isMany ? '' : 's'} the ${one('bird', 'fox')}\n`;
}).join('');

const options = { level: 'words', timesteps: 13, batchSize: 5, dropout: 0 } as const;
const ofStudent = { timesteps: 13, batchSize: 5, units: 9, embeddingUnits: 7, learningRate: 0.02 } as const;

function newTeacher(epochs: number): LanguageModelTraining {
  setSeed(4);
  return new LanguageModelTraining(text, { ...options, units: 17, epochs, learningRate: 0.02 });
}

let teacher: LanguageModel;
let data: LanguageModelData;
beforeAll(async () => {
  const training = newTeacher(8);
  await training.train();
  teacher = training.languageModel;
  data = { train: text, teacher: { model: teacher, alpha: 0 } };
});

/** The training of a student, and the loss on the real text that is held out. */
async function taught(
  given: LanguageModelData,
  epochs = 20,
): Promise<{ training: LanguageModelTraining; loss: number }> {
  setSeed(9);
  const training = new LanguageModelTraining(given, { ...ofStudent, epochs });
  const { valLoss, bestEpoch } = await training.train();
  return { training, loss: valLoss[bestEpoch] };
}

const weightsOf = ({ languageModel }: LanguageModelTraining): number[][] =>
  [...languageModel.model.namedWeights()].map(([, { variable }]) => [...variable.dataSync()]);

describe('a text that a teacher writes', () => {
  it('is as long as what is learned from, in the language of the teacher, and repeatable', async () => {
    const { written } = await sequenceLevelText(data, ofStudent);
    const { numTrainingTokens } = newTeacher(1);
    const tokens = written!.texts.flatMap((one) => [...one]);
    // Each of the rows begins with what stands before a text.
    const { start } = teacher.text;
    expect(start).toMatchObject({ kind: 'line', tokens: [expect.any(Number)] });
    expect(tokens.length).toBe(numTrainingTokens + 32);
    const lines = teacher.codec.decode(tokens).split('\n').filter(Boolean);
    const form = /^the (old|red|shy) ((cat|dog|hen) (eats|sees|hears)|(cats|dogs|hens) (eat|see|hear)) the (bird|fox)$/;
    expect(lines.filter((line) => form.test(line)).length / lines.length).toBeGreaterThan(0.6);
    expect((await sequenceLevelText(data, ofStudent)).written).toEqual(written);
    expect((await sequenceLevelText(data, ofStudent, { seed: 1 })).written).not.toEqual(written);
    const told: number[][] = [];
    const short = await sequenceLevelText(data, ofStudent, { length: 70, onProgress: (...how) => told.push(how) });
    expect(short.written!.texts.flatMap((one) => [...one])).toHaveLength(70 + 32);
    expect(told).toEqual([32, 64, 70].map((done) => [done, 70]));
  });

  it('teaches the language without the text, as far as its teacher knows it', async () => {
    const knowing = await taught(await sequenceLevelText(data, ofStudent));
    const novice = newTeacher(1).languageModel;
    const unknowing = await taught(
      await sequenceLevelText({ ...data, teacher: { model: novice, alpha: 0 } }, ofStudent),
    );
    const ofText = await taught(data);
    expect(knowing.loss).toBeLessThan(1.2 * ofText.loss);
    expect(unknowing.loss).toBeGreaterThan(2 * knowing.loss);
  });

  it('has unknown tokens about as often as the text of its teacher', async () => {
    setSeed(4);
    const few = new LanguageModelTraining(text, { ...options, maxTokens: 9, units: 17, epochs: 8, learningRate: 0.02 });
    await few.train();
    const { codec } = few.languageModel;
    const share = few.numUnknown.train / few.numTrainingTokens;
    expect(share).toBeGreaterThan(0.2);
    const { written } = await sequenceLevelText({ train: text, teacher: { model: few.languageModel } }, ofStudent);
    const tokens = written!.texts.flatMap((one) => [...one]);
    const ofWritten = tokens.filter((token) => token === codec.unknownId).length / tokens.length;
    expect(Math.abs(ofWritten / share - 1)).toBeLessThan(0.15);
  });

  it('takes the place of the text, of which the end alone measures, or stands beside it', async () => {
    const given = await sequenceLevelText(data, ofStudent);
    const { training } = await taught(given, 2);
    // Other lines in other places, as many.
    const lines = text.trimEnd().split('\n');
    const learned = lines.slice(0, 200).reverse();
    const other = `${[...learned, ...lines.slice(200)].join('\n')}\n`;
    const { training: same } = await taught({ ...given, train: other }, 2);
    expect(weightsOf(same)).toEqual(weightsOf(training));
    const beside = { ...given, written: { ...given.written!, keepText: true } };
    const { training: both } = await taught(beside, 2);
    expect(both.numBatches).toBeGreaterThan(1.9 * training.numBatches);
    expect(weightsOf((await taught({ ...beside, train: other }, 2)).training)).not.toEqual(weightsOf(both));
    for (const { languageModel, numTrainingTokens } of [training, both]) {
      expect(numTrainingTokens).toBe(newTeacher(1).numTrainingTokens);
      expect((await languageModel.evaluate(text)).part).toBe('held out');
      expect(languageModel.text.baseline).toEqual(teacher.text.baseline);
      expect(languageModel.text.start).toEqual(teacher.text.start);
    }
  });

  it('is written again for a training that goes on, which ends with the same bits', async () => {
    const given = await sequenceLevelText(data, ofStudent, { length: 600 });
    setSeed(9);
    const whole = new LanguageModelTraining(given, { ...ofStudent, epochs: 2 });
    const files: Uint8Array[] = [];
    const save = (snapshot: TrainingSnapshot): void => void files.push(serializeTask(whole.languageModel, snapshot));
    await whole.train({ checkpoint: { save, everySteps: 3 } });
    const { task, training } = deserializeTask(files[0]);
    const again = await sequenceLevelText(data, ofStudent, { length: 600 });
    const resumed = new LanguageModelTraining(again, {}, task as LanguageModel);
    await resumed.train({ resumeFrom: training, checkpoint: { save: () => undefined, everySteps: 3 } });
    expect(training!.values.batch).toBe(3);
    expect(weightsOf(resumed)).toEqual(weightsOf(whole));
  });

  it('needs a teacher, and tokens to write', async () => {
    const refused = (more: object, settings: object = {}): Promise<string> =>
      messageAfter(() => sequenceLevelText({ ...data, ...more }, ofStudent, settings));
    expect(await refused({ teacher: undefined })).toMatch(/^\[USAGE\] sequenceLevelText: there is nobody to write/);
    expect(await refused({}, { length: 1 })).toContain('[OUT_OF_RANGE] sequenceLevelText: `length`');
    expect(await refused({}, { temperature: 0 })).toContain('[OUT_OF_RANGE] sequenceLevelText: `temperature`');
    expect(await refused({}, { keeptext: true })).toContain('did you mean `keepText`');
    expect(await refused({}, { signal: AbortSignal.abort() })).toContain('[ABORTED] sequenceLevelText');
    expect(messageOf(() => new LanguageModelTraining({ train: text, written: { texts: ['a'] } as never }))).toContain(
      'LanguageModelTraining, written',
    );
  });
});

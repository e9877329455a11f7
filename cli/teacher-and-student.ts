import { stat } from 'node:fs/promises';
import type { TaskModel } from '../src/index.js';
import { lossOfQuality } from './compress/quality.js';
import { fileSize, shortNumber, textTable, withSeparators } from './text-table.js';
import type { TrainAnswer } from './train-run.js';

/** How good a teacher and its student are on data that the student has not learned from. */
export interface ComparedQuality {
  /** As `perplexity`. */
  readonly measure: string;
  readonly better: 'higher' | 'lower';
  readonly teacher: number;
  readonly student: number;
}

/** A model and its file. */
export interface SavedModel {
  readonly path: string;
  readonly model: TaskModel & { readonly options: { readonly units: number | 'auto'; readonly layers: number } };
  /** Where its options leave it open. */
  readonly units?: number | undefined;
}

/** What is told of a student beside its teacher. */
interface Comparison {
  readonly facts: object;
  readonly table: string;
  /** Whether the student is worse, and how much. */
  readonly verdict: string;
}

/** A figure of a teacher, and of how much of what it was measured on it has learned. */
interface MeasuredTeacher {
  readonly accuracy: number;
  readonly numLearned: number;
}

/** The same for a share of right answers; a last line says what the teacher had learned of the data. */
export async function accuracyBesideTeacher(
  own: TrainAnswer,
  teacher: SavedModel,
  student: SavedModel,
  { theirs, accuracy, items }: { readonly theirs: MeasuredTeacher; readonly accuracy: number; readonly items: string },
): Promise<TrainAnswer> {
  const answer = await answerBesideTeacher(own, teacher, student, {
    measure: 'accuracy',
    better: 'higher',
    teacher: theirs.accuracy,
    student: accuracy,
  });
  const { numLearned } = theirs;
  if (numLearned === 0) return answer;
  const note =
    `The teacher has learned from ${withSeparators(numLearned)} of these ${items}, so its figure is kind, and the ` +
    "student's too.";
  return { ...answer, sections: [...answer.sections, note] };
}

/** What a training tells, with the comparison of its model with the teacher at the end. */
export async function answerBesideTeacher(
  own: TrainAnswer,
  teacher: SavedModel,
  student: SavedModel,
  quality: ComparedQuality,
): Promise<TrainAnswer> {
  const { facts, table, verdict } = await compareWithTeacher(teacher, student, quality);
  const sections = [...own.sections, ...(own.verdict === undefined ? [] : [own.verdict]), table];
  return { ...own, facts: { ...own.facts, distillation: facts }, sections, verdict };
}

/** The sizes of a teacher and its student, and what the smaller one costs. */
async function compareWithTeacher(
  teacher: SavedModel,
  student: SavedModel,
  quality: ComparedQuality,
): Promise<Comparison> {
  const { measure, better } = quality;
  const about = async (name: 'teacher' | 'student', { path, model, units }: SavedModel) => ({
    name,
    path,
    units: units ?? model.options.units,
    layers: model.options.layers,
    numParameters: model.model.countParams(),
    sizeBytes: (await stat(path)).size,
    [measure]: quality[name],
  });
  const models = [await about('teacher', teacher), await about('student', student)];
  const rows = models.map(({ name, units, layers, numParameters, sizeBytes }) => [
    name,
    `${layers} x ${units}`,
    withSeparators(numParameters),
    fileSize(sizeBytes),
    shortNumber(quality[name]),
  ]);
  const table = textTable(['', 'units', 'parameters', 'file', measure], rows);
  const share = models[1].numParameters / models[0].numParameters;
  const sizes = `with ${(100 * share).toFixed(0)} % of the parameters`;
  const both = `${measure} ${shortNumber(quality.student)} beside ${shortNumber(quality.teacher)} of its teacher`;
  const lost = lossOfQuality({ better }, quality.teacher, quality.student);
  const verdict =
    lost > 0
      ? `The student has lost quality: ${both}, ${(100 * lost).toFixed(1)} % worse, ${sizes}.`
      : `The student has lost no quality: ${both}, ${sizes}.`;
  return { facts: { teacher: models[0], student: models[1], lost }, table, verdict };
}

import { RondoError } from '../errors.js';
import type { TeachingOptions } from '../training/distillation/distill.js';

/** A trained model of a task that another of the same task learns from; see `distill`. */
export interface TaskTeacher<Own> extends TeachingOptions {
  readonly model: Own;
}

/** A teacher of tokens, whose temperature is 1 where none is given: the tail that a higher one lifts has no shape of its own. */
export function overVocabulary<Own>(teacher: TaskTeacher<Own> | undefined): TaskTeacher<Own> | undefined {
  return teacher && { ...teacher, temperature: teacher.temperature ?? 1 };
}

export function teachingOf({ temperature, alpha, topK }: TeachingOptions): TeachingOptions {
  return { temperature, alpha, topK };
}

/** What a student takes from its teacher where it is not said otherwise. */
interface SharedShape {
  readonly cell?: unknown;
  readonly units?: number | undefined;
  readonly layers?: number | undefined;
}

/**
 * The options of a student that are not said: the cell and the layers of its teacher, of half the width.
 *
 * @param teacher the options of the teacher.
 */
export function studentShape<Options extends SharedShape>(
  teacher: Options & { readonly units: number },
): Pick<Options, 'cell' | 'units' | 'layers'> {
  const { cell, layers, units } = teacher;
  return { cell, layers, units: Math.ceil(units / 2) };
}

/** @throws USAGE for what a teacher has itself, or what takes its place */
export function refuseBesideTeacher(
  where: string,
  teacher: object | undefined,
  others: Readonly<Record<string, unknown>>,
): void {
  const given = Object.keys(others).filter((name) => others[name] !== undefined);
  if (teacher === undefined || given.length === 0) return;
  throw new RondoError('USAGE', {
    where,
    what: 'a student reads its data as its teacher does.',
    expected: `no ${Object.keys(others)
      .map((name) => `\`${name}\``)
      .join(' and no ')} beside \`teacher\``,
    received: given.join(', '),
    fix: 'leave them out, or train without a teacher.',
  });
}

/** @throws USAGE for smoothed labels beside what a teacher says */
export function refuseSmoothedLabels(
  where: string,
  labelSmoothing: number | undefined = 0,
  alpha: number | undefined,
): void {
  if (labelSmoothing === 0 || alpha === 0) return;
  throw new RondoError('USAGE', {
    where,
    what: 'labels are either smoothed or held beside what a teacher says, which smooths them by what it knows.',
    expected: 'labelSmoothing 0, or a teacher with alpha 0',
    received: String(labelSmoothing),
    fix: 'leave `labelSmoothing` out.',
    option: 'labelSmoothing',
  });
}

/** @throws DATA_FORMAT for data of other classes than those that a teacher tells apart */
export function requireTeachersClasses(
  where: string,
  teacher: readonly string[],
  own: readonly string[],
  name = 'classes',
): void {
  const [unknown, missing] = [
    own.filter((label) => !teacher.includes(label)),
    teacher.filter((label) => !own.includes(label)),
  ];
  if (unknown.length === 0 && missing.length === 0) return;
  const listed = (labels: readonly string[]): string =>
    `${labels.slice(0, 12).join(', ')}${labels.length > 12 ? ', ...' : ''}`;
  throw new RondoError('DATA_FORMAT', {
    where,
    what: `the teacher tells other ${name} apart than these data have.`,
    expected: listed(teacher),
    received: [
      ...(unknown.length > 0 ? [`${listed(unknown)}, which it does not know`] : []),
      ...(missing.length > 0 ? [`none of ${listed(missing)}`] : []),
    ].join('; '),
    fix: `give data of the teacher's ${name}, or a teacher that was trained on data such as these.`,
  });
}

/** What cuts a text into tokens. */
interface Tokens {
  readonly size: number;
  toJSON(): unknown;
}

/** @throws USAGE for a student that was begun with other tokens than its teacher's */
export function requireTeachersTokens(where: string, teacher: Tokens, own: Tokens): void {
  if (teacher === own || JSON.stringify(teacher.toJSON()) === JSON.stringify(own.toJSON())) return;
  throw new RondoError('USAGE', {
    where: `${where}, teacher`,
    what: 'the teacher reads other tokens than the interrupted training.',
    expected: `a teacher of ${own.size} tokens`,
    received: `${teacher.size} tokens${teacher.size === own.size ? ', others' : ''}`,
    fix: 'give the teacher that the training was begun with.',
  });
}

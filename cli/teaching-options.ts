import type { TaskModel, TaskTeacher } from '../src/index.js';
import type { TaskNames } from './command-line-task.js';
import { loadModelOf } from './load-model-of.js';
import type { CommandLine, OptionSpecs } from './options.js';
import { WrongUsage } from './wrong-usage.js';

/** Options of a `rondo train` whose model may learn from a larger one. */
export const teachingOptions = {
  teacher: {
    type: 'text',
    ofData: true,
    value: 'MODEL',
    about:
      'Learn from a larger model of the same task too (Hinton et al. 2015): with its tokens, and with its cell, its ' +
      'layers and half its units where nothing else is said.',
  },
  temperature: {
    type: 'number',
    ofData: true,
    value: 'T',
    about: 'What the logits of teacher and student are divided by. Default 1, of classes of whole texts 2.',
  },
  alpha: {
    type: 'number',
    ofData: true,
    value: 'SHARE',
    about: 'How much the teacher counts, from 0 to 1; the data count the rest. Default 0.5.',
  },
  'top-k': {
    type: 'count',
    ofData: true,
    value: 'N',
    about:
      'How many answers the teacher gives a probability of each; all others are one. Default 32, of whole texts all.',
  },
} as const satisfies OptionSpecs;

const { 'top-k': _, ...ofTags } = teachingOptions;
const { temperature: __, ...ofValues } = ofTags;

/** The same where every answer has a probability. */
export const tagTeachingOptions = ofTags;

/** The same of values, which have no probabilities. */
export const valueTeachingOptions = ofValues;

/**
 * The model that --teacher names and how it teaches; undefined without it.
 *
 * @throws WrongUsage for how it teaches without a teacher; USAGE for a model of another task
 */
export async function readTeacher<Own extends TaskModel>(
  where: string,
  { teacher, temperature, alpha, 'top-k': topK }: CommandLine<OptionSpecs>['options'],
  task: TaskNames<Own>,
): Promise<TaskTeacher<Own> | undefined> {
  const teaching = { temperature, alpha, 'top-k': topK };
  if (typeof teacher === 'string')
    return {
      model: await loadModelOf(where, teacher, task),
      temperature: numberOf(temperature),
      alpha: numberOf(alpha),
      topK: numberOf(topK),
    };
  const alone = Object.entries(teaching).flatMap(([name, value]) => (typeof value === 'number' ? [`--${name}`] : []));
  if (alone.length === 0) return undefined;
  throw new WrongUsage({
    where,
    what: 'these options are of a teacher.',
    expected: `--teacher MODEL ${alone.join(' ')}`,
    received: alone.join(' '),
    fix: `add --teacher, or leave ${alone.join(' and ')} out.`,
  });
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

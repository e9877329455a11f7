import type { LearnedBefore, TakenWeights, TaskModel, UnknownTokens } from '../src/index.js';
import type { TaskNames } from './command-line-task.js';
import { loadModelOf } from './load-model-of.js';
import type { CommandLine, OptionSpecs } from './options.js';
import { withSeparators } from './text-table.js';
import { vectorsOption } from './vector-options.js';
import { notTogether } from './wrong-usage.js';

/** Option of a `rondo train` whose weights may begin with those of an earlier model. */
export const initialOption = {
  init: {
    type: 'text',
    value: 'MODEL',
    about: 'Begin with the weights and the vocabulary of a model of the same task, whose shape the new one then has.',
  },
} as const satisfies OptionSpecs;

/** The same, and where the embedding may begin with vectors. */
export const beginningOptions = { ...vectorsOption, ...initialOption } as const satisfies OptionSpecs;

/**
 * The model that --init names; undefined without it. @throws WrongUsage beside --resume; USAGE for a model of another
 * task
 */
export async function readInitial<Own extends TaskModel>(
  where: string,
  { init, resume }: CommandLine<OptionSpecs>['options'],
  task: TaskNames<Own>,
): Promise<Own | undefined> {
  if (typeof init !== 'string') return undefined;
  if (resume === true)
    throw notTogether(
      where,
      ['--init', '--resume'],
      'leave --init out: an interrupted training has its weights in its checkpoint.',
    );
  return loadModelOf(where, init, task);
}

/** How much of the data the vocabulary of another model does not hold; nothing where it holds all. */
export function unknownLines(unknown: UnknownTokens | undefined, tokens: string, whose = 'its'): string[] {
  if (unknown === undefined || unknown.numUnknown === 0) return [];
  const shown = unknown.examples.map((token) => JSON.stringify(token).slice(1, -1)).join(' ');
  return [
    `${withSeparators(unknown.numUnknown)} of ${withSeparators(unknown.numTokens)} ${tokens} are not in ${whose} ` +
      `vocabulary and are read as unknown, most often ${shown}`,
  ];
}

/** What a training says of the model it begins with. */
interface BegunWith extends TakenWeights {
  readonly unknown: UnknownTokens | undefined;
  /** Of labelled data. */
  readonly learnedBefore?: LearnedBefore | null | undefined;
}

/**
 * What was taken from the model of --init, what of the data it does not know, and what of those that measure it has
 * learned from; nothing without such a model.
 *
 * @param names what the data are called.
 */
export function beginningLines(
  path: string | undefined,
  beginning: BegunWith | undefined,
  names: { readonly tokens: string; readonly outputs?: string; readonly items?: string },
): string[] {
  if (path === undefined || beginning === undefined) return [];
  const { numTaken, anew, unknown, learnedBefore } = beginning;
  const { tokens, outputs = 'outputs', items = 'texts' } = names;
  const others = anew.length === 0 ? '' : `; anew, because its ${outputs} are others: ${anew.join(', ')}`;
  const lines = [
    `begins with ${withSeparators(numTaken)} parameters of ${path}${others}`,
    ...unknownLines(unknown, tokens),
  ];
  const parts = [
    ['validation', learnedBefore?.validation ?? 0],
    ['held-out', learnedBefore?.test ?? 0],
  ] as const;
  const learned = parts
    .filter(([, count]) => count > 0)
    .map(([part, count]) => `${withSeparators(count)} of the ${part} ${items}`);
  if (learned.length > 0)
    lines.push(`${learned.join(' and ')} were learned from by that model: the figures are kinder for that`);
  return lines;
}

import type { Beginning, TakenWeights, UnknownTokens } from '../src/index.js';
import type { TaskNames } from './command-line-task.js';
import type { KnownTask } from './known-task.js';
import { loadModelOf } from './load-model-of.js';
import type { OptionSpecs } from './options.js';
import { withSeparators } from './text-table.js';
import { WrongUsage } from './wrong-usage.js';

/** The option of a `rondo train` that can begin with an earlier model. */
export const initOption = {
  init: {
    type: 'text',
    value: 'MODEL',
    about: 'Begin with the weights and the vocabulary of a model of the same task, whose shape the new one then has.',
  },
} as const satisfies OptionSpecs;

/**
 * The model that --init names; undefined without it. @throws WrongUsage beside --resume; USAGE for a model of another
 * task
 */
export async function readInitial<Name extends KnownTask['task']>(
  where: string,
  { init, resume }: { readonly init: string | undefined; readonly resume: boolean },
  task: TaskNames<Name>,
): Promise<Extract<KnownTask, { task: Name }> | undefined> {
  if (init === undefined) return undefined;
  if (resume) {
    throw new WrongUsage({
      where,
      what: '--init and --resume cannot be given together.',
      expected: 'one of them',
      received: '--init --resume',
      fix: 'leave --init out: an interrupted training has its weights in its checkpoint.',
    });
  }
  return loadModelOf(where, init, task);
}

/** What was taken from the model of --init, and what of the data it does not know. */
export function initialLines(
  path: string,
  { numTaken, anew }: TakenWeights,
  unknown: UnknownTokens | undefined,
  kindOfToken: string,
  outputs = 'outputs',
): string[] {
  const others = anew.length === 0 ? '' : `; anew, because its ${outputs} are others: ${anew.join(', ')}`;
  const weights = `begins with ${withSeparators(numTaken)} parameters of ${path}${others}`;
  if (unknown === undefined || unknown.numUnknown === 0) return [weights];
  const { numTokens, numUnknown, examples } = unknown;
  const shown = examples.map((token) => JSON.stringify(token).slice(1, -1)).join(' ');
  return [
    weights,
    `${withSeparators(numUnknown)} of ${withSeparators(numTokens)} ${kindOfToken} are not in its vocabulary and ` +
      `are read as unknown, most often ${shown}`,
  ];
}

/** The same for labelled data, of which the earlier model may have learned from what now measures. */
export function beginningLines(
  path: string,
  beginning: Beginning,
  names: { readonly tokens: string; readonly outputs: string; readonly items: string },
): string[] {
  const { learnedBefore, unknown } = beginning;
  const { validation, test } = learnedBefore ?? { validation: 0, test: 0 };
  const parts = (
    [
      ['validation', validation],
      ['held-out', test],
    ] as const
  ).filter(([, count]) => count > 0);
  const learned = parts.map(([part, count]) => `${withSeparators(count)} of the ${part} ${names.items}`).join(' and ');
  return [
    ...initialLines(path, beginning, unknown, names.tokens, names.outputs),
    ...(learned === '' ? [] : [`${learned} were learned from by that model: the figures are kinder for that`]),
  ];
}

import type { KnownTask } from '../known-task.js';
import type { Given } from '../options.js';
import { WrongUsage } from '../wrong-usage.js';
import { emptyOption, readingOptions } from './reading-options.js';

/** What of them is read for other tasks too. */
const others: Readonly<Record<KnownTask['task'], readonly string[]>> = {
  forecast: ['columns', 'encoding'],
  languageModel: ['encoding'],
  tag: ['encoding'],
  classify: [],
};

/**
 * Refuses options of texts and labels where the model is of another task, which would ignore them. @throws WrongUsage
 * naming all of them
 */
export function refuseReadingOptions(
  where: string,
  task: KnownTask,
  options: Given<typeof readingOptions & typeof emptyOption>,
): void {
  const given = Object.keys({ ...readingOptions, ...emptyOption }).filter(
    (name) => !others[task.task].includes(name) && options[name as keyof typeof options] !== undefined,
  );
  if (given.length === 0) return;
  throw new WrongUsage({
    where,
    what: `${given.map((name) => `--${name}`).join(', ')} can be used with classifiers only.`,
    expected: 'a model made by rondo train classify',
    received: `a model of the task ${task.task}`,
    fix: 'leave them out, or give another model.',
  });
}

import { RondoError, requireKind } from '../errors.js';
import { restoreClassifier } from './classify/restore-classifier.js';
import { restoreForecaster } from './forecast/restore-forecaster.js';
import { restoreLanguageModel } from './language-model/restore-language-model.js';
import { restoreTagger } from './tag/restore-tagger.js';
import type { TaskRestorer } from './task.js';
import { restoreTranslator } from './translate/restore-translator.js';

/**
 * Every task that a file may name. This is the only place that knows them all, and only what loads files of tasks
 * imports it, so that a page carries the tasks that it uses.
 */
const restorers = new Map<string, TaskRestorer>(
  Object.entries({
    languageModel: restoreLanguageModel,
    forecast: restoreForecaster,
    classify: restoreClassifier,
    tag: restoreTagger,
    translate: restoreTranslator,
  }),
);

/** The names of the library's own tasks. */
export const libraryTasks: readonly string[] = [...restorers.keys()];

/** The names of all known tasks. */
export function taskNames(): string[] {
  return [...restorers.keys()];
}

/** @internal */
export function taskRestorer(name: unknown): TaskRestorer | undefined {
  return typeof name === 'string' ? restorers.get(name) : undefined;
}

/**
 * Makes a task of your own known by the `task` of its models, so that their files can be loaded:
 * `registerTask('spelling', ({ model, saved }) => new Speller(model, saved.read(...)))`.
 *
 * @throws USAGE when the library has a task of that name
 */
export function registerTask(name: string, restore: TaskRestorer): void {
  const where = 'registerTask';
  if (libraryTasks.includes(name))
    throw new RondoError('USAGE', {
      where,
      what: `\`${name}\` is a task of the library.`,
      fix: 'give your task another name.',
    });
  requireKind(typeof name === 'string' && name !== '' && typeof restore === 'function', restore, {
    where,
    what: 'a name and a function that makes the model are needed.',
    fix: "write registerTask('spelling', ({ model, saved }) => new Speller(model, ...)).",
  });
  restorers.set(name, restore);
}

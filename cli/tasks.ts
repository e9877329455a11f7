import type { TaskModel } from '../src/index.js';
import { loadTask } from '../src/node.js';
import { classify } from './classify/task.js';
import type { CommandLineTask } from './command-line-task.js';
import { forecast } from './forecast/task.js';
import { languageModel } from './language-model/task.js';
import { otherTask } from './load-model-of.js';
import { tag } from './tag/task.js';
import { translate } from './translate/task.js';

/** A task whose models are of a type that is not known here. */
export type AnyTask = CommandLineTask<never>;

/** Every task of the command line, in the order of `rondo --help`. */
export const tasks: readonly AnyTask[] = [languageModel, forecast, tag, classify, translate];

/** The model of a file and its task. @throws FILE_ACCESS, FILE_FORMAT; USAGE for a task without commands */
export async function loadWithTask(
  where: string,
  path: string,
): Promise<{ readonly model: TaskModel; readonly task: CommandLineTask<TaskModel> }> {
  const { task: model } = await loadTask(path);
  const task = tasks.find(({ name }) => name === model.task);
  if (task === undefined) throw otherTask(where, path, model, tasks);
  // The library has made the model by the name of the task.
  return { model, task: task as CommandLineTask<never> as CommandLineTask<TaskModel> };
}

import { RondoError, type TaskModel } from '../src/index.js';
import { loadTask } from '../src/node.js';
import { classify } from './classify/task.js';
import type { CommandLineTask } from './command-line-task.js';
import { forecast } from './forecast/task.js';
import { languageModel } from './language-model/task.js';
import { tag } from './tag/task.js';

/** A task whose models are of a type that is not known here. */
export type AnyTask = CommandLineTask<never>;

/** Every task of the command line, in the order of `rondo --help`. */
export const tasks: readonly AnyTask[] = [languageModel, forecast, tag, classify];

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

/** The model of a file, of one task. @throws FILE_ACCESS, FILE_FORMAT; USAGE for a model of another task */
export async function loadModelOf<Own extends TaskModel>(
  where: string,
  path: string,
  task: CommandLineTask<Own>,
): Promise<Own> {
  const { task: model } = await loadTask(path);
  if (model.task === task.name) return model as Own;
  throw otherTask(where, path, model, [task]);
}

/** `a model made by rondo train tag`. */
export function madeBy(wanted: readonly Pick<AnyTask, 'command'>[]): string {
  return `a model made by ${wanted.map(({ command }) => `rondo train ${command}`).join(' or ')}`;
}

function otherTask(
  where: string,
  path: string,
  { task }: TaskModel,
  wanted: readonly Pick<AnyTask, 'name' | 'command'>[],
): RondoError {
  return new RondoError('USAGE', {
    where,
    what: `${path} is a model of another task.`,
    expected: `a model of the task ${wanted.map(({ name }) => name).join(' or ')}`,
    received: task,
    fix: `give ${madeBy(wanted)}.`,
  });
}

import { RondoError, type TaskModel } from '../src/index.js';
import { loadTask } from '../src/node.js';
import type { TaskNames } from './command-line-task.js';

/** The model of a file, of one task. @throws FILE_ACCESS, FILE_FORMAT; USAGE for a model of another task */
export async function loadModelOf<Own extends TaskModel>(
  where: string,
  path: string,
  task: TaskNames<Own>,
): Promise<Own> {
  const { task: model } = await loadTask(path);
  if (model instanceof task.model) return model;
  throw otherTask(where, path, model, [task]);
}

/** `a model made by rondo train tag`. */
export function madeBy(wanted: readonly TaskNames[]): string {
  return `a model made by ${wanted.map(({ command }) => `rondo train ${command}`).join(' or ')}`;
}

/** What is thrown for a model of a task that is not wanted. */
export function otherTask(where: string, path: string, { task }: TaskModel, wanted: readonly TaskNames[]): RondoError {
  return new RondoError('USAGE', {
    where,
    what: `${path} is a model of another task.`,
    expected: `a model of the task ${wanted.map(({ name }) => name).join(' or ')}`,
    received: task,
    fix: `give ${madeBy(wanted)}.`,
  });
}

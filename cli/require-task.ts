import { RondoError, type TaskModel } from '../src/index.js';
import type { KnownTask } from './known-task.js';

/** @throws USAGE where the model is of another task */
export function requireTask<Kind extends KnownTask['task']>(
  where: string,
  path: string,
  task: TaskModel,
  kind: Kind,
): Extract<KnownTask, { task: Kind }> {
  if (task.task === kind) return task as KnownTask as Extract<KnownTask, { task: Kind }>;
  throw new RondoError('USAGE', {
    where,
    what: `${path} is a model of another task.`,
    expected: `a model of the task ${kind}`,
    received: task.task,
    fix: fixes[kind],
  });
}

const fixes: Readonly<Record<KnownTask['task'], string>> = {
  languageModel: 'use rondo predict for forecasts, classes and tags.',
  forecast: 'give a model made by rondo train forecast.',
  classify: 'give a model made by rondo train classify.',
  tag: 'give a model made by rondo train tag.',
};

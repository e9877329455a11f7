import { RondoError } from '../errors.js';
import { withoutModuleCode } from '../tasks/module-code.js';
import type { TaskModel } from '../tasks/task.js';
import type { AnyModel } from './note-model.js';

/** A model of a task, as opposed to a net alone. */
export function isTask(given: AnyModel | TaskModel): given is TaskModel {
  return 'task' in given && 'model' in given;
}

/** @throws USAGE for a task around whose net there is no code, or none in C: before anything is asked of the net */
export function requireTaskCode(given: TaskModel, where: string, isC: boolean): void {
  const { task } = given;
  if (given.moduleCode === undefined)
    throw withoutModuleCode(
      `models of the task ${task}`,
      'classifiers, forecasters, language models and taggers',
      task,
    );
  if (isC)
    throw new RondoError('USAGE', {
      where,
      what: 'C has no code for what stands around the net of a task.',
      received: task,
      fix: 'write the net alone (its `model`; --network-only), or JavaScript.',
    });
}

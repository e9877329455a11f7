import { type ModuleCode, type TakenByNet, withoutModuleCode } from '../tasks/module-code.js';
import type { TaskModel } from '../tasks/task.js';
import type { AnyModel } from './note-model.js';

/** A model of a task, as opposed to a net alone. */
export function isTask(given: AnyModel | TaskModel): given is TaskModel {
  return 'task' in given && 'model' in given;
}

/** The code around the net of a task's model. @throws USAGE for a task that has none */
export function taskCode(task: TaskModel, takes: TakenByNet): ModuleCode {
  const code = task.moduleCode?.(takes);
  if (code !== undefined) return code;
  throw withoutModuleCode(
    `models of the task ${task.task}`,
    'classifiers, forecasters, language models and taggers',
    task.task,
  );
}

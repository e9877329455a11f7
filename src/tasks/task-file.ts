import { isFiniteNumber, isFiniteNumbers, isObject, isText, orNull, SavedFields } from '../data/saved-fields.js';
import type { TokenizerLibrary } from '../data/tokens/tokenizer-codec.js';
import { RondoError, requireKind } from '../errors.js';
import { deserializeModel, type SerializeOptions, serializeModel, serializeModelAsync } from '../io/checkpoint.js';
import type { Json } from '../layers/layer.js';
import { madeFromFile } from '../made-from-file.js';
import type { Model } from '../training/model.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import type { TaskFields, TaskModel } from './task.js';
import { taskNames, taskRestorer } from './task-registry.js';
import type { TrainingOutcome } from './training-run.js';

/** What a task's file holds. */
export interface LoadedTask {
  readonly task: TaskModel;
  /** For {@link TrainingControls.resumeFrom}; undefined where the file is no checkpoint. */
  readonly training: TrainingSnapshot | undefined;
}

/** How a task's file stores weights, see `serializeModel`. */
export type TaskStorage = Pick<SerializeOptions, 'weightFormat'>;

/** {@link serializeTask} on every backend. */
export async function serializeTaskAsync(
  task: TaskModel,
  training?: TrainingSnapshot,
  storage: TaskStorage = {},
): Promise<Uint8Array> {
  return serializeModelAsync(task?.model, { ...storage, preprocessing: taskJson(task), training });
}

/**
 * A task's model as one safetensors file; with a snapshot, as a checkpoint to resume from. See `serializeModel`.
 *
 * @throws USAGE for a model without its task, and for one of a task that is not registered
 */
export function serializeTask(task: TaskModel, training?: TrainingSnapshot, storage: TaskStorage = {}): Uint8Array {
  return serializeModel(task?.model, { ...storage, preprocessing: taskJson(task), training });
}

/**
 * The task of a file's bytes.
 *
 * @param where the file's name, for messages.
 * @param tokenizers makes the tokenizer of a language model that has another program's.
 * @throws FILE_FORMAT for a foreign or damaged file, and for a model that no known task made; as `deserializeModel`;
 *   BACKEND_UNAVAILABLE where `tokenizers` is needed
 */
export function deserializeTask(
  bytes: Uint8Array,
  where = 'deserializeTask',
  tokenizers?: TokenizerLibrary,
): LoadedTask {
  const { model, preprocessing, training } = deserializeModel(bytes, where);
  return { task: restoredTask(where, model, preprocessing, tokenizers), training };
}

/** @internal A task's model from its network and what a file keeps beside that. @throws FILE_FORMAT */
export function restoredTask(
  where: string,
  model: Model,
  preprocessing: unknown,
  tokenizers: TokenizerLibrary | undefined,
): TaskModel {
  const name = isObject(preprocessing) ? preprocessing.task : undefined;
  const restore = taskRestorer(name);
  if (restore === undefined) {
    throw new RondoError('FILE_FORMAT', {
      where,
      what: 'the file holds a model, but not of a task that is known here.',
      expected: `a model made by one of the tasks ${taskNames().join(', ')}`,
      received: typeof name === 'string' ? name : `${model.className} without a task`,
      fix: 'load it with loadModel, and use it from code; a task of your own is made known with registerTask.',
    });
  }
  return madeFromFile(where, () => {
    const saved = new SavedFields(where, preprocessing);
    return restore({ model, saved, outcome: outcomeOf(saved), tokenizers });
  });
}

/** @internal What a file keeps of a task beside the weights. @throws USAGE for what is no model of a known task */
export function taskJson(task: TaskModel): TaskFields {
  requireKind(taskRestorer(task?.task) !== undefined && typeof task.toJSON === 'function', task, {
    where: 'serializeTask',
    what: 'this is no model of a task.',
    fix:
      'give what a task made, such as training.classifier, and make a task of your own known with registerTask; a ' +
      'model alone is for saveModel.',
  });
  const { outcome, options } = task;
  return {
    ...task.toJSON(),
    task: task.task,
    options: { ...options } as Json,
    outcome: outcome === undefined ? null : { ...outcome },
  };
}

function outcomeOf(saved: SavedFields): TrainingOutcome | undefined {
  const found = saved.read('outcome', 'an object or null', orNull(isObject));
  if (found === null) return undefined;
  const fields = new SavedFields(saved.where, found);
  const valScore =
    found.valScore === undefined ? undefined : fields.read('valScore', 'a list of numbers', isFiniteNumbers);
  return {
    stopReason: fields.read('stopReason', 'a text', isText) as TrainingOutcome['stopReason'],
    loss: fields.read('loss', 'a list of numbers', isFiniteNumbers),
    valLoss: fields.read('valLoss', 'a list of numbers', isFiniteNumbers),
    bestEpoch: fields.read('bestEpoch', 'a number', isFiniteNumber),
    ...(valScore && { valScore }),
  };
}

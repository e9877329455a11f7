import type { TokenizerLibrary } from '../data/tokens/tokenizer-codec.js';
import { type FactorizeOptions, factorize } from '../training/graph/factorize.js';
import type { TaskModel } from './task.js';
import { restoredTask, taskJson } from './task-file.js';

/**
 * A task's model whose network has kernels of a low rank; all else is as it was. See {@link factorize}: layers that stay
 * are shared with the task that is given.
 *
 * @param tokenizers makes the tokenizer of a language model that has another program's.
 * @throws as {@link factorize}; USAGE for what is no model of a known task; BACKEND_UNAVAILABLE where `tokenizers` is
 *   needed
 */
export async function factorizeTask<Given extends TaskModel>(
  task: Given,
  options: FactorizeOptions,
  tokenizers?: TokenizerLibrary,
): Promise<Given> {
  const kept: unknown = JSON.parse(JSON.stringify(taskJson(task)));
  return restoredTask('factorizeTask', await factorize(task.model, options), kept, tokenizers) as Given;
}

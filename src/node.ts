/** What needs Node: files. Everything else is in `rondo`. */
import { RondoError } from './errors.js';
import { readBytes, writeFileAtomically } from './io/files.js';
import { modelEnding } from './io/model-files.js';
import { tokenizerLibrary } from './io/tokenizers/load-tokenizer.js';
import { provideMachineCode } from './kernels/machine-code.js';
import { offeredMachineCode } from './kernels/use-machine-code.js';
import type { TaskModel } from './tasks/task.js';
import { deserializeTask, type LoadedTask, serializeTaskAsync } from './tasks/task-file.js';
import type { TrainingSnapshot } from './training/snapshot.js';

provideMachineCode(offeredMachineCode);

export {
  type BytePieces,
  dataPieces,
  joined,
  type ReadTableFileOptions,
  readData,
  readTableFile,
  readText,
  unpacked,
} from './io/data-files.js';
export { FileLock, type LockOwner, type TakenLock } from './io/file-lock.js';
export { fileAccessError, readBytes, writeFileAtomically } from './io/files.js';
export { loadKeras } from './io/keras/load-keras.js';
export { load, save } from './io/load-and-save.js';
export {
  type CheckpointFileOptions,
  checkpointFile,
  csvLogger,
  loadModel,
  loadWeightsFile,
  type ModelCheckpointFileOptions,
  modelCheckpoint,
  saveModel,
  tensorBoard,
} from './io/model-files.js';
export { loadNpy, loadNpz, saveNpy, saveNpz } from './io/numpy/array-files.js';
export { loadOnnx } from './io/onnx/load-onnx.js';
export { type ReadTextFilesOptions, readTextFiles, type TextFileFormat, textFileFormats } from './io/text-row-files.js';

/** Writes a task's model to one file; a reader sees the old file or the new one, never a part. @throws FILE_ACCESS */
export async function saveTask(task: TaskModel, path: string, training?: TrainingSnapshot): Promise<void> {
  await writeFileAtomically(path, await serializeTaskAsync(task, training));
}

/**
 * The task of a file; the library for its tokenizer is loaded where it needs one. @throws FILE_ACCESS; as
 * `deserializeTask`
 */
export async function loadTask(path: string): Promise<LoadedTask> {
  return readTask(await readBytes(path, modelEnding), path);
}

/** The task of a file's bytes, as {@link loadTask} reads it. @param path for messages. @throws as `deserializeTask` */
export async function readTask(bytes: Uint8Array, path: string): Promise<LoadedTask> {
  try {
    return deserializeTask(bytes, path);
  } catch (error) {
    if (!(error instanceof RondoError) || error.code !== 'BACKEND_UNAVAILABLE') throw error;
    return deserializeTask(bytes, path, await tokenizerLibrary());
  }
}
export { loadStateDictFile } from './io/pytorch/state-dict-files.js';
export { loadTensorFlowJs, saveTensorFlowJs } from './io/tensorflow-js/tensorflow-js-files.js';
export { loadTokenizer } from './io/tokenizers/load-tokenizer.js';
export { loadWordVectors } from './io/word-vectors/load-word-vectors.js';
export type { ProductSpeed } from './kernels/blas/probe.js';
export { type BlasDescription, type BlasOptions, type BlasReport, describeBlas, useBlas } from './kernels/use-blas.js';
export {
  describeMachineCode,
  type MachineCodeDescription,
  type MachineCodeOptions,
  useMachineCode,
} from './kernels/use-machine-code.js';
export { allowWideKernels } from './kernels/wasm/v8-flags.js';

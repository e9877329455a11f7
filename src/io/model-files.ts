import { appendFile, mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { RondoError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Logs } from '../training/callbacks/callback.js';
import { CSVLogger } from '../training/callbacks/csv-logger.js';
import { ModelCheckpoint, type ModelCheckpointOptions } from '../training/callbacks/model-checkpoint.js';
import { TensorBoard, type TensorBoardOptions } from '../training/callbacks/tensor-board.js';
import type { Model } from '../training/model.js';
import type { ModelOutput } from '../training/model-outputs.js';
import type { CheckpointOptions } from '../training/model-training.js';
import {
  deserializeModel,
  type LoadedModel,
  loadWeights,
  modelOfTensors,
  type SerializeOptions,
  serializeModelAsync,
  takeTensors,
} from './checkpoint.js';
import { fileAccessError, readBytes, readInPieces, writeFileAtomically } from './files.js';
import { type BytesByPlace, decodeSafetensorsInPieces } from './safetensors-decode.js';

/**
 * Writes a model to one file, see `serializeModel`. A reader sees the old file or the new one, never a part.
 *
 * @throws FILE_ACCESS; as `serializeModel`
 */
export async function saveModel(model: Model, path: string, options?: SerializeOptions): Promise<void> {
  await writeFileAtomically(path, await serializeModelAsync(model, options));
}

/** What the names of models end with, so that other files are not taken for one that is misspelt. */
export const modelEnding = '.safetensors';

/** The model of a file, see `deserializeModel`. @throws FILE_ACCESS; as `deserializeModel` */
export async function loadModel<Output extends ModelOutput = Tensor>(path: string): Promise<LoadedModel<Output>> {
  return (
    (await readInPieces(
      path,
      (file) => modelOfTensors<Output>(decodeSafetensorsInPieces(file, path), path),
      modelEnding,
    )) ?? deserializeModel(await readBytes(path, modelEnding), path)
  );
}

/** Reads the weights of a file into a model made in code, see `loadWeights`. @throws FILE_ACCESS; as `loadWeights` */
export async function loadWeightsFile(model: Model, path: string): Promise<void> {
  const take = (file: BytesByPlace): true => {
    takeTensors(model, decodeSafetensorsInPieces(file, path), path);
    return true;
  };
  if (!(await readInPieces(path, take, modelEnding))) loadWeights(model, await readBytes(path, modelEnding), path);
}

export interface CheckpointFileOptions
  extends Omit<CheckpointOptions, 'save'>,
    Pick<SerializeOptions, 'preprocessing'> {}

/**
 * For `fit`'s `checkpoint`: keeps one file from which training can be resumed exactly, however it was interrupted.
 *
 * @example
 * await model.fit(x, y, { epochs: 50, checkpoint: checkpointFile('run.safetensors', { everySteps: 500 }) });
 * // later, in another process
 * const { model, training } = await loadModel('run.safetensors');
 * await model.fit(x, y, { epochs: 50, checkpoint: checkpointFile('run.safetensors', { everySteps: 500 }), resumeFrom: training });
 */
export function checkpointFile(
  path: string,
  { preprocessing, ...options }: CheckpointFileOptions = {},
): CheckpointOptions {
  return { ...options, save: (model, training) => saveModel(model, path, { training, preprocessing }) };
}

export interface ModelCheckpointFileOptions
  extends Omit<ModelCheckpointOptions, 'save'>,
    Pick<SerializeOptions, 'preprocessing' | 'includeOptimizer'> {}

/**
 * A callback that saves the model after each epoch, or each best one. @param path the file, or a function that names it
 * by epoch and logs.
 */
export function modelCheckpoint(
  path: string | ((epoch: number, logs: Logs) => string),
  { preprocessing, includeOptimizer, ...options }: ModelCheckpointFileOptions = {},
): ModelCheckpoint {
  if (typeof path !== 'string' && typeof path !== 'function') {
    throw new RondoError('USAGE', {
      where: 'modelCheckpoint',
      what: 'the first argument is no path.',
      expected: 'the name of a file, or a function that names it by epoch and logs',
      received: path === null ? 'null' : typeof path,
      fix: "write modelCheckpoint('model.safetensors', { saveBestOnly: true }).",
    });
  }
  const pathOf = typeof path === 'string' ? () => path : path;
  return new ModelCheckpoint({
    ...options,
    save: (model, epoch, logs) => saveModel(model, pathOf(epoch, logs), { preprocessing, includeOptimizer }),
  });
}

/** A callback that keeps the logs of all epochs in a CSV file. */
export function csvLogger(path: string): CSVLogger {
  return new CSVLogger((table) => writeFileAtomically(path, table));
}

/**
 * A callback that writes event files of TensorBoard into a folder, which is made where it does not exist; one file a
 * run.
 */
export function tensorBoard(folder: string, options: Omit<TensorBoardOptions, 'write'> = {}): TensorBoard {
  let path: string | undefined;
  const write = async (records: Uint8Array): Promise<void> => {
    path ??= join(
      folder,
      `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}.${process.pid}.` +
        crypto.randomUUID().slice(0, 8),
    );
    try {
      await mkdir(folder, { recursive: true });
      await appendFile(path, records);
    } catch (cause) {
      throw await fileAccessError('write', path, cause);
    }
  };
  return new TensorBoard({ ...options, write });
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Model } from '../../training/model.js';
import type { ModelOutput } from '../../training/model-outputs.js';
import { fileAccessError, readBytes } from '../files.js';
import { readBeside, save } from '../load-and-save.js';
import { decodeUtf8 } from '../utf8.js';
import { readTensorFlowJs, type TensorFlowJsModel } from './read-tensorflow-js.js';
import { modelJsonName } from './write-tensorflow-js.js';

/**
 * The model of a TensorFlow.js layers model's `model.json`, whose shards are read from its folder alone; see {@link readTensorFlowJs}.
 *
 * @throws FILE_ACCESS where a file is missing; as `readTensorFlowJs`
 */
export async function loadTensorFlowJs(path: string): Promise<TensorFlowJsModel> {
  const json = decodeUtf8(await readBytes(path, '.json'), path);
  return readTensorFlowJs(json, { name: path, shard: (shard) => readBeside(path, shard) });
}

/**
 * Writes a model as TensorFlow.js reads it: `model.json` and shards of weights in a folder, which is made where it is missing; see
 * {@link writeTensorFlowJs}. model.json comes last, so that it never names files that are not there.
 *
 * @returns the paths of the files, that of model.json first
 * @throws FILE_ACCESS; as `writeTensorFlowJs`
 */
export async function saveTensorFlowJs(model: Model<ModelOutput>, folder: string): Promise<readonly string[]> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw await fileAccessError('write', folder, cause);
  }
  const { paths } = await save(model, join(folder, modelJsonName), { format: 'tensorflowjs' });
  return paths;
}

import { readBytes } from '../files.js';
import { type ModelOfKeras, type ReadKerasOptions, readKeras } from './read-keras.js';

/** A model of a Keras file, see `readKeras`. @throws FILE_ACCESS; as `readKeras` */
export async function loadKeras(path: string, options?: ReadKerasOptions): Promise<ModelOfKeras> {
  return readKeras(await readBytes(path), path, options);
}

import { readBytes } from '../files.js';
import { readBeside } from '../load-and-save.js';
import { type OnnxModel, readOnnx } from './onnx-model.js';

/**
 * The model of an ONNX file, see {@link readOnnx}. Weights in other files are read from those, which must lie below the
 * folder of the model, also where a symbolic link leads.
 *
 * @throws FILE_ACCESS; as `readOnnx`
 */
export async function loadOnnx(path: string): Promise<OnnxModel> {
  const bytes = await readBytes(path, '.onnx');
  return readOnnx(bytes, { where: path, external: (location) => readBeside(path, location) });
}

import { realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { RondoError } from '../../errors.js';
import { fileAccessError, readBytes } from '../files.js';
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

async function readBeside(path: string, location: string): Promise<Uint8Array> {
  const wanted = join(dirname(path), ...location.split('/'));
  let [folder, file] = ['', ''];
  let isFile = false;
  try {
    folder = await realpath(dirname(path));
    file = await realpath(wanted);
    isFile = (await stat(file)).isFile();
  } catch (cause) {
    throw await fileAccessError('read', wanted, cause);
  }
  const below = folder.endsWith(sep) ? folder : folder + sep;
  if (isFile && file.startsWith(below)) return readBytes(file);
  throw new RondoError('FILE_FORMAT', {
    where: path,
    what: 'a tensor names another file that is not below the folder of the model.',
    expected: `a file in ${folder}`,
    received: `${location.slice(0, 200)}, which is ${file}`,
    fix: 'copy the file beside the model, if you trust both.',
  });
}

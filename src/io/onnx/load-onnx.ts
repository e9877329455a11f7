import { readBytes } from '../files.js';
import { type OnnxModel, readOnnx } from './onnx-model.js';

/** The model of an ONNX file, see {@link readOnnx}. @throws FILE_ACCESS; as `readOnnx` */
export async function loadOnnx(path: string): Promise<OnnxModel> {
  return readOnnx(await readBytes(path, '.onnx'), path);
}

import { type ModelFormat, plainlyRead } from '../model-format.js';
import { readOnnx } from './onnx-model.js';

/** Graphs of ONNX, which have no signature at their beginning. */
export const onnxFormat: ModelFormat<object> = {
  title: 'ONNX',
  recognises: (_, name) => name.toLowerCase().endsWith('.onnx'),
  read: {
    endings: ['.onnx'],
    options: [],
    model: async ({ bytes, name }) => plainlyRead(readOnnx(bytes, name)),
  },
};

import { type ModelFormat, plainlyRead, withoutPreprocessing } from '../model-format.js';
import { readOnnx } from './onnx-model.js';
import { writeOnnx } from './write/write-onnx.js';

/** Graphs of ONNX, which have no signature at their beginning. */
export const onnxFormat: ModelFormat<object> = {
  title: 'ONNX',
  recognises: (_, name) => name.toLowerCase().endsWith('.onnx'),
  read: {
    endings: ['.onnx'],
    options: [],
    async model({ bytes, name, sibling }) {
      const model = await readOnnx(bytes, { where: name, external: sibling });
      return plainlyRead(model, { notes: model.notes });
    },
  },
  write: {
    endings: ['.onnx'],
    async files({ model, preprocessing }, name) {
      return { files: new Map([[name, await writeOnnx(model)]]), notes: withoutPreprocessing('ONNX', preprocessing) };
    },
  },
};

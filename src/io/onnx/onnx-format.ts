import { type ModelFormat, plainlyRead, withoutPreprocessing } from '../model-format.js';
import { readOnnx } from './onnx-model.js';
import { type WriteOnnxOptions, writeOnnx, writeOnnxOptionNames } from './write/write-onnx.js';

/** Graphs of ONNX, which have no signature at their beginning. */
export const onnxFormat: ModelFormat<object, WriteOnnxOptions> = {
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
    options: writeOnnxOptionNames,
    async files({ model, preprocessing }, name, options) {
      const bytes = await writeOnnx(model, options);
      return { files: new Map([[name, bytes]]), notes: withoutPreprocessing('ONNX', preprocessing) };
    },
  },
};

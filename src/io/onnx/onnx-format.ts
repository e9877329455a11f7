import type { Layer } from '../../layers/layer.js';
import { RecurrentLayer } from '../../layers/recurrent-layer.js';
import { type ModelFormat, plainlyRead, withoutPreprocessing } from '../model-format.js';
import { readOnnx } from './onnx-model.js';
import { type WriteOnnxOptions, writeOnnx, writeOnnxOptionNames } from './write/write-onnx.js';

/** Says which layers carry states on, which a file does not by itself. */
function statesNote(model: Layer<unknown>): string[] {
  const names = statefulLayers(model);
  return names.length === 0
    ? []
    : [
        `each run of the file begins with zeros, where layers here go on from the batch before (${names.slice(0, 8).join(', ')}): ` +
          'writeOnnx(model, { states: true }) makes their states inputs and outputs',
      ];
}

function statefulLayers(layer: Layer<unknown>): string[] {
  const own = layer instanceof RecurrentLayer && layer.stateful ? [layer.name] : [];
  return [...own, ...[...layer.sublayers.values()].flatMap(statefulLayers)];
}

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
      const notes = options?.states === true ? [] : statesNote(model);
      return {
        files: new Map([[name, await writeOnnx(model, options)]]),
        notes: [...notes, ...withoutPreprocessing('ONNX', preprocessing)],
      };
    },
  },
};

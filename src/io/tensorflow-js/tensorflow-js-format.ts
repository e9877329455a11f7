import { jsonText } from '../json-beginning.js';
import { type ModelFormat, plainlyRead, withoutPreprocessing } from '../model-format.js';
import { decodeUtf8 } from '../utf8.js';
import { readTensorFlowJs } from './read-tensorflow-js.js';
import { modelJsonName, writeTensorFlowJs } from './write-tensorflow-js.js';

/** Layers models of TensorFlow.js: a JSON file, and shards of weights beside it. */
export const tensorFlowJsFormat: ModelFormat<object> = {
  title: 'TensorFlow.js',
  recognises: (bytes) => /"(?:modelTopology|weightsManifest)"\s*:/.test(jsonText(bytes) ?? ''),
  read: {
    endings: ['.json'],
    options: [],
    async model({ bytes, name, sibling }) {
      const { model, ...rest } = await readTensorFlowJs(decodeUtf8(bytes, name), { shard: sibling, name });
      return plainlyRead(model, rest);
    },
  },
  write: {
    endings: ['.json'],
    async files({ model, preprocessing }, name) {
      const files = [...(await writeTensorFlowJs(model))];
      return {
        files: new Map(files.map(([each, bytes]) => [each === modelJsonName ? name : each, bytes])),
        notes: withoutPreprocessing('TensorFlow.js', preprocessing),
      };
    },
  },
};

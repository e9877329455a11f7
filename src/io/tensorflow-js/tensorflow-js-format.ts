import { jsonMembers } from '../json-members.js';
import { type ModelFormat, plainlyRead, withoutPreprocessing } from '../model-format.js';
import { decodeUtf8 } from '../utf8.js';
import { readTensorFlowJs } from './read-tensorflow-js.js';
import { tensorFlowJsFiles } from './write-tensorflow-js.js';

/** Layers models of TensorFlow.js: a JSON file, and shards of weights beside it. */
export const tensorFlowJsFormat: ModelFormat<object> = {
  title: 'TensorFlow.js',
  recognises: (bytes) => ['modelTopology', 'weightsManifest'].some((name) => jsonMembers(bytes).has(name)),
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
      return {
        files: await tensorFlowJsFiles(model, name),
        notes: withoutPreprocessing('TensorFlow.js', preprocessing),
      };
    },
  },
};

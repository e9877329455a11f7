import { registerCell } from '../cells/registry.js';
import { brainLSTM } from './brain/brain-lstm.js';
import { deserializeModel, serializeModelAsync } from './checkpoint.js';
import { metadataKey } from './checkpoint-metadata.js';
import { type ModelFormat, plainlyRead } from './model-format.js';
import { safetensorsMetadata } from './safetensors-decode.js';

/** This library's own files. */
export const rondoFormat: ModelFormat<object> = {
  title: 'Rondo',
  recognises: (bytes) => safetensorsMetadata(bytes)?.[metadataKey] !== undefined,
  read: {
    endings: ['.safetensors'],
    options: [],
    async model({ bytes, name }) {
      // What a net of brain.js was saved as names its cell.
      registerCell(brainLSTM);
      const { model, preprocessing, training } = deserializeModel(bytes, name);
      return plainlyRead(model, { preprocessing, training });
    },
  },
  write: {
    endings: ['.safetensors'],
    async files({ model, preprocessing }, name) {
      return { files: new Map([[name, await serializeModelAsync(model, { preprocessing })]]), notes: [] };
    },
  },
};

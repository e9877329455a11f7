import { registerCell } from '../cells/registry.js';
import { brainLSTM } from './brain/brain-lstm.js';
import { deserializeModel, type LoadedModel, modelOfTensors, serializeModelAsync } from './checkpoint.js';
import { metadataKey } from './checkpoint-metadata.js';
import { type ModelFormat, type ModelRead, plainlyRead } from './model-format.js';
import {
  type BytesByPlace,
  beginningOf,
  decodeSafetensorsInPieces,
  safetensorsMetadata,
} from './safetensors-decode.js';

function isOwn(bytes: Uint8Array): boolean {
  return safetensorsMetadata(bytes)?.[metadataKey] !== undefined;
}

/** @param load with which the file is read */
function readOwn(load: () => LoadedModel): ModelRead {
  // What a net of brain.js was saved as names its cell.
  registerCell(brainLSTM);
  const { model, preprocessing, training } = load();
  return plainlyRead(model, { preprocessing, training });
}

/** The model of a file that is still open, if it is this library's own. @throws as `deserializeModel` */
export function ownModelInPieces(file: BytesByPlace, name: string): ModelRead | undefined {
  if (!isOwn(beginningOf(file))) return undefined;
  return readOwn(() => modelOfTensors(decodeSafetensorsInPieces(file, name), name));
}

/** This library's own files. */
export const rondoFormat: ModelFormat<object> = {
  title: 'Rondo',
  recognises: isOwn,
  read: {
    endings: ['.safetensors'],
    options: [],
    model: async ({ bytes, name }) => readOwn(() => deserializeModel(bytes, name)),
  },
  write: {
    endings: ['.safetensors'],
    async files({ model, preprocessing }, name) {
      return { files: new Map([[name, await serializeModelAsync(model, { preprocessing })]]), notes: [] };
    },
  },
};

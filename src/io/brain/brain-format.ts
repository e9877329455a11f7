import { jsonMembers } from '../json-members.js';
import { type ModelFormat, plainlyRead } from '../model-format.js';
import { decodeUtf8 } from '../utf8.js';
import { brainNetTypes, type ReadBrainOptions, readBrain } from './read-brain.js';

/** Nets of brain.js, which are JSON. What turns raw data into inputs are the characters of a net of texts, and names. */
export const brainFormat: ModelFormat<ReadBrainOptions> = {
  title: 'brain.js',
  recognises: (bytes) => {
    const members = jsonMembers(bytes);
    const isNet = (brainNetTypes as readonly string[]).includes(members.get('type') ?? '');
    return isNet && ['hiddenLayers', 'sizes'].some((name) => members.has(name));
  },
  read: {
    endings: ['.json'],
    options: ['returnSequences'],
    async model({ bytes, name }, options) {
      const { model, text, inputNames, outputNames } = readBrain(decodeUtf8(bytes, name), name, options);
      const names = { ...(inputNames && { inputNames }), ...(outputNames && { outputNames }) };
      const preprocessing = text && { characters: text.characters.map((character) => character ?? null) };
      const hasNames = Object.keys(names).length > 0;
      return plainlyRead(model, { preprocessing: preprocessing ?? (hasNames ? names : null) });
    },
  },
};

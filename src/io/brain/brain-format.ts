import { jsonText } from '../json-beginning.js';
import { type ModelFormat, plainlyRead } from '../model-format.js';
import { decodeUtf8 } from '../utf8.js';
import { brainNetTypes, type ReadBrainOptions, readBrain } from './read-brain.js';

const typeOfNet = new RegExp(`"type"\\s*:\\s*"(?:${brainNetTypes.join('|')})"`);

/** Nets of brain.js, which are JSON. What turns raw data into inputs are the characters of a net of texts, and names. */
export const brainFormat: ModelFormat<ReadBrainOptions> = {
  title: 'brain.js',
  recognises: (bytes) => {
    const text = jsonText(bytes);
    return text !== undefined && typeOfNet.test(text) && /"(?:hiddenLayers|sizes)"/.test(text);
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

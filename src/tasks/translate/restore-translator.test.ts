import { beforeAll, expect, it } from 'vitest';
import { SavedFields } from '../../data/saved-fields.js';
import { restoreTranslator } from './restore-translator.js';
import type { Translator } from './translator.js';
import { TranslatorTraining } from './translator-training.js';

type Fields = Record<string, Record<string, unknown>>;

let translator: Translator;
beforeAll(() => {
  const train = Array.from({ length: 40 }, (_, i) => ({ source: `a${i}`, target: `b ${i % 7}` }));
  const options = { units: 4, layers: 1, embeddingUnits: 3 };
  ({ translator } = new TranslatorTraining({ train }, options));
});

/** What comes of the file when something in it is changed. */
function restored(change: (fields: Fields) => void): Translator {
  const fields = structuredClone({ ...translator.toJSON(), options: translator.options }) as unknown as Fields;
  change(fields);
  const saved = new SavedFields('model.safetensors', fields);
  return restoreTranslator({ model: translator.model, saved, outcome: undefined, tokenizers: undefined });
}

it('is the same translator', () => {
  expect(restored(() => undefined).toJSON()).toEqual(translator.toJSON());
});

it.each<[string, (fields: Fields) => void]>([
  ['a ratio of lengths below 0', ({ pairs }) => void (pairs.lengthRatio = { mean: -1, most: 2 })],
  ['a ratio without an end', ({ pairs }) => void (pairs.lengthRatio = { mean: 1e300, most: 1e300 })],
  ['other tokens than the model has', ({ codecs }) => void (codecs.source = codecs.target)],
  ['a baseline of ids that there are not', (fields) => void (fields.wordByWord = [3, 99_999] as never)],
  ['half a pair of the baseline', (fields) => void (fields.wordByWord = [3] as never)],
  ['no word of the longest target', ({ pairs }) => void delete pairs.longestTarget],
  ['no word of how the pairs were read', ({ pairs }) => void delete pairs.reading],
  ['a width that is none', ({ options }) => void (options.units = 'wide')],
])('refuses %s', (_, change) => {
  expect(() => restored(change)).toThrow(/FILE_FORMAT|OUT_OF_RANGE/);
});

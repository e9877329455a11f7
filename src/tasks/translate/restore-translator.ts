import {
  isBoolean,
  isCount,
  isFiniteNumber,
  isObject,
  isText,
  listOf,
  recordOf,
  SavedFields,
} from '../../data/saved-fields.js';
import { Embedding } from '../../layers/embedding.js';
import type { Resolved } from '../../resolved.js';
import { Functional } from '../../training/graph/functional.js';
import { checkOptions } from '../option-table.js';
import { isSavedSeenItems } from '../seen-items.js';
import type { SavedTask } from '../task.js';
import { SentenceCodec } from './sentence-codec.js';
import { type TrainedPairs, Translator } from './translator.js';
import { type TranslatorOptions, translatorOptions } from './translator-options.js';
import { WordByWord } from './word-by-word.js';

const isCounts = listOf(isCount);

/** No language writes a thousand tokens for one. */
const isRatio = (value: unknown): value is number => isFiniteNumber(value) && value > 0 && value < 1000;

/** What {@link Translator.toJSON} wrote. @throws FILE_FORMAT where it is damaged or does not fit the model */
export function restoreTranslator({ model, saved, outcome }: SavedTask): Translator {
  const { where } = saved;
  if (!(model instanceof Functional) || model.inputNames.join() !== 'source,target')
    throw saved.fault('the model is not one of its task.', 'a Functional of `source` and `target`', model.className);
  const pairs = trainedPairs(new SavedFields(where, saved.read('pairs', 'an object', isObject)));
  const fields = new SavedFields(where, saved.read('codecs', 'an object', isObject));
  const codec = (name: string): SentenceCodec =>
    SentenceCodec.fromJSON(fields.read(name, 'an object', isObject), where);
  const both = pairs.isShared ? codec('both') : undefined;
  const codecs = { source: both ?? codec('source'), target: both ?? codec('target') };
  for (const side of pairs.isShared ? (['target'] as const) : (['source', 'target'] as const)) {
    const table = model.layers.find(({ name }) => name === `${side}Embedding`);
    if (!(table instanceof Embedding) || table.inputDim !== codecs[side].size)
      throw saved.fault(`the tokens of the ${side} do not fit the model.`, `${codecs[side].size} vectors`, table?.name);
  }
  const numOutputs = model.computeOutputShape([1, 1], [1, 1]).at(-1);
  if (numOutputs !== codecs.target.size)
    throw saved.fault('the tokens do not fit the model.', `${codecs.target.size} outputs`, numOutputs);
  const options = saved.read('options', 'an object', isObject) as unknown as Resolved<TranslatorOptions>;
  checkOptions(where, translatorOptions, options);
  const sizes = [codecs.source.size, codecs.target.size];
  const isTable = (found: unknown): found is number[] =>
    isCounts(found) && found.length % 2 === 0 && found.every((id, i) => id < sizes[i % 2]);
  const wordByWord = WordByWord.fromJSON(saved.read('wordByWord', 'pairs of ids', isTable));
  return new Translator(model, codecs, pairs, wordByWord, options, outcome);
}

function trainedPairs(saved: SavedFields): TrainedPairs {
  const inner = (name: string): SavedFields => new SavedFields(saved.where, saved.read(name, 'an object', isObject));
  const [numPairs, ratio] = [inner('numPairs'), inner('lengthRatio')];
  const count = (part: string): number => numPairs.read(part, 'a whole number', isCount);
  return {
    numPairs: { train: count('train'), validation: count('validation'), test: count('test') },
    lengthRatio: {
      mean: ratio.read('mean', 'a number above 0', isRatio),
      most: ratio.read('most', 'a number above 0', isRatio),
    },
    longestTarget: saved.read('longestTarget', 'a whole number', isCount),
    isShared: saved.read('isShared', 'true or false', isBoolean),
    seen: saved.read('seen', 'hashes of sources', isSavedSeenItems),
    fingerprint: saved.read('fingerprint', 'a whole number', isCount),
    reading: saved.read('reading', 'an object of texts', recordOf(isText)),
  };
}

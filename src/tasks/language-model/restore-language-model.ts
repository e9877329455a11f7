import { isCount, isObject, optional, SavedFields } from '../../data/saved-fields.js';
import type { Resolved } from '../../resolved.js';
import { codecFromJSON } from '../codec-of-text.js';
import { type SavedTask, sequentialOf } from '../task.js';
import { savedStart } from './document-starts.js';
import { LanguageModel, type TrainedText } from './language-model.js';
import type { LanguageModelOptions } from './language-model-options.js';
import { isTextBaseline } from './text-baseline.js';

/** What {@link LanguageModel.toJSON} wrote. @throws FILE_FORMAT where it is damaged or does not fit the model */
export function restoreLanguageModel(file: SavedTask): LanguageModel {
  const { saved, outcome, tokenizers } = file;
  const model = sequentialOf(file);
  const codec = codecFromJSON(saved.read('codec', 'an object', isObject), saved.where, tokenizers);
  const options = saved.read('options', 'an object', isObject) as unknown as Resolved<LanguageModelOptions>;
  const output = model.computeOutputShape([1, 1]);
  if (output.at(-1) !== codec.size)
    throw saved.fault('the vocabulary does not fit the model.', `${codec.size} outputs, one for each token`, output);
  const text = new SavedFields(saved.where, saved.read('text', 'an object', isObject));
  return new LanguageModel(model, codec, trainedText(text, codec.size), options, outcome);
}

/** In the order in which training writes them. */
function trainedText(saved: SavedFields, numTokens: number): TrainedText {
  const count = (name: string): number => saved.read(name, 'a whole number', isCount);
  const facts = {
    numTokens: count('numTokens'),
    numTrainingTokens: count('numTrainingTokens'),
    fingerprint: count('fingerprint'),
  };
  const start = savedStart(saved, numTokens);
  const baseline = saved.read('baseline', 'losses of what only counts', optional(isTextBaseline));
  return { ...facts, ...(start && { start }), ...(baseline && { baseline }) };
}

import {
  isCount,
  isFiniteNumber,
  isObject,
  isText,
  isTextOrNull,
  listOf,
  optional,
  recordOf,
  SavedFields,
} from '../../data/saved-fields.js';
import { type TagScheme, tagSchemes } from '../../data/tag-schemes.js';
import { savedCoverage } from '../../io/word-vectors/coverage.js';
import type { Resolved } from '../../resolved.js';
import { isSavedSeenItems } from '../seen-items.js';
import { type SavedTask, sequentialOf } from '../task.js';
import { TagCodec } from './tag-codec.js';
import { type BaselineScore, Tagger, type TrainedSentences } from './tagger.js';
import type { TaggerOptions } from './tagger-options.js';

/** What {@link Tagger.toJSON} wrote. @throws FILE_FORMAT where it is damaged or does not fit the model */
export function restoreTagger(file: SavedTask): Tagger {
  const { saved, outcome } = file;
  const { where } = saved;
  const model = sequentialOf(file);
  const codec = TagCodec.fromJSON(saved.read('codec', 'an object', isObject), where);
  const kept = saved.read('options', 'an object', isObject) as unknown as Resolved<TaggerOptions>;
  // Older files have trained for their epochs and no more, and have no affixes.
  const { longestAffix } = codec.options;
  const options = { ...kept, maxEpochs: kept.maxEpochs ?? kept.epochs, longestAffix };
  const numScores = model.computeOutputShape([1, 1, 2]).at(-1);
  if (numScores !== codec.tags.length)
    throw saved.fault('the tags do not fit the model.', `${codec.tags.length} scores, one for each tag`, numScores);
  const { affixesPerWord = 0 } = model.layers[0]?.getConfig() ?? {};
  if (affixesPerWord !== codec.affixesPerWord)
    throw saved.fault('the affixes do not fit the model.', `${affixesPerWord} of each word`, codec.affixesPerWord);
  const sentences = new SavedFields(where, saved.read('sentences', 'an object', isObject));
  return new Tagger(model, codec, trainedSentences(sentences), options, outcome);
}

function trainedSentences(saved: SavedFields): TrainedSentences {
  const count = (name: string): number => saved.read(name, 'a whole number', isCount);
  return {
    numSentences: count('numSentences'),
    numWords: count('numWords'),
    numValidationSentences: count('numValidationSentences'),
    fingerprint: count('fingerprint'),
    column: saved.read('column', 'a text or null', isTextOrNull),
    reading: saved.read('reading', 'an object of texts', optional(recordOf(isText))),
    scheme: saved.read('scheme', 'a scheme or null', isSchemeOrNull),
    baseline: saved.read('baseline', 'a list of scores', listOf(isBaselineScore)),
    commonestTag: saved.read('commonestTag', 'a text', optional(isText)),
    vectors: savedCoverage(saved),
    seen: saved.read('seen', 'hashes of sentences', optional(isSavedSeenItems)),
  };
}

function isSchemeOrNull(found: unknown): found is TagScheme | null {
  return found === null || tagSchemes.includes(found as TagScheme);
}

function isBaselineScore(found: unknown): found is BaselineScore {
  return isObject(found) && isFiniteNumber(found.accuracy) && isCount(found.fingerprint);
}
